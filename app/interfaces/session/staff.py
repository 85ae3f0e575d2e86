"""Staff (工作人员登录): accounts, sessions, tickets and single sign-on put together, for the composition root."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
from fastapi import APIRouter

from app.application.first_accounts import first_accounts
from app.application.join_oidc import Grant, OidcAccounts
from app.application.keep_sessions import Sessions
from app.application.manage_accounts import AccountManager, Made
from app.application.own_account import OwnAccount
from app.application.password_hash import PasswordHashes
from app.application.sign_in import SignIn
from app.application.sign_in_tickets import SignInTickets
from app.application.staff_keys import StaffKeys
from app.domain.account import OtpPolicy
from app.interfaces.rest.accounts import account_router
from app.interfaces.rest.session import session_router
from app.interfaces.session.authenticator import SessionAuthenticator
from app.interfaces.session.cookies import PublicAddress
from app.interfaces.session.oidc import OidcClaims, OidcSignIn, oidc_router
from app.interfaces.session.oidc_provider import OidcClient, OidcProvider
from app.interfaces.session.tickets import ticket_router
from app.settings import Settings
from app.store.store import Store


class Staff:
    """`authenticator` is for the gate. The store is to be opened before `open`, and closed after `close`."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises ValueError where a setting is wrong."""
        self._store, self._is_evaluation = store, settings.evaluation
        self.public = PublicAddress(settings.public_url)
        self._keys, hashes = StaffKeys(), PasswordHashes()
        otp = OtpPolicy.NOBODY if settings.evaluation else settings.require_otp
        self.sessions = Sessions(store.sessions, otp, now, clock)
        self.authenticator = SessionAuthenticator(self.sessions, self.public)
        self.manager = AccountManager(store.accounts, store.sessions, self.sessions, hashes, now)
        self.sign_in = SignIn(store.accounts, self.sessions, self._keys, hashes, now)
        self.own = OwnAccount(store.accounts, self.sessions, self.sign_in, self._keys, hashes, now)
        self.tickets = SignInTickets(store.sessions, store.accounts, self.sessions, self._keys, now)

        self._provider = _provider(settings)
        self.oidc = self._oidc(settings, now) if self._provider is not None else None

    def _oidc(self, settings: Settings, now: Callable[[], datetime]) -> OidcSignIn:
        try:
            grants = msgspec.convert(settings.oidc_grants, dict[str, Grant])
        except msgspec.ValidationError as error:
            raise ValueError(f"MINGJIAN_OIDC_GRANTS: {error}") from None
        claims = OidcClaims(settings.oidc_groups_claim, settings.oidc_practitioner_claim)
        accounts = OidcAccounts(self._store.accounts, self.sessions, grants, now)
        assert self._provider is not None  # noqa: S101 - for the type checker
        return OidcSignIn(self._provider, accounts, self._keys, self.public, claims)

    async def open(self) -> list[Made]:
        """The accounts that were made because there was none: their passwords are to be told now, or never."""
        self.tell(await self._store.secret())
        return await first_accounts(self._store.accounts, self.manager, is_evaluation=self._is_evaluation)

    def tell(self, secret: bytes) -> None:
        """The secret of the installation; enough for commands, which make no first accounts."""
        self._keys.tell(secret)

    async def close(self) -> None:
        if self._provider is not None:
            await self._provider.close()

    def routers(self) -> list[APIRouter]:
        return [
            session_router(self.sign_in, self.sessions, self.own, self.public),
            ticket_router(self.tickets, self.public),
            oidc_router(self.oidc),
            account_router(self.manager),
        ]


def _provider(settings: Settings) -> OidcProvider | None:
    if not settings.oidc_issuer:
        return None
    given, file = settings.oidc_client_secret, settings.oidc_client_secret_file
    secret = file.read_text("utf-8").strip() if file is not None else given.get_secret_value() if given else ""
    if not settings.oidc_client_id or not secret:
        raise ValueError("MINGJIAN_OIDC_ISSUER needs MINGJIAN_OIDC_CLIENT_ID and MINGJIAN_OIDC_CLIENT_SECRET(_FILE)")
    return OidcProvider(OidcClient(settings.oidc_issuer, settings.oidc_client_id, secret))


def told(made: list[Made]) -> str:
    """What the console of the operator shows, once."""
    return "\n".join(
        f"Account            {one.account.login:<10} {one.password}  {' '.join(sorted(one.account.roles))}"
        for one in made
    )

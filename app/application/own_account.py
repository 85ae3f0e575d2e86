"""One's own account (本人账号): its password, and the second factor."""

import base64
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from app.application.account_entries import Whence, rights_entry
from app.application.keep_sessions import SessionOf, Sessions
from app.application.manage_accounts import BadPassword, ChangedMeanwhile, NotAllowed, check_password
from app.application.password_hash import PasswordHashes
from app.application.sign_in import SignIn, WrongCredentials, recovery_digest
from app.application.staff_keys import StaffKeys
from app.domain.account import Account
from app.domain.otp import SECRET_SIZE, enrolment_uri, step_of
from app.store.accounts import AccountStore

RECOVERY_CODES = 10
_ISSUER = "明鉴"


class Enrolment(NamedTuple):
    """What the authenticator app is given: `uri` as a square code, or `secret` typed."""

    secret: str
    uri: str


class OwnAccount:
    """Raises NotAllowed for a session that is of no local account; Locked, NotRecorded and Unavailable besides."""

    def __init__(
        self,
        accounts: AccountStore,
        sessions: Sessions,
        sign_in: SignIn,
        keys: StaffKeys,
        hashes: PasswordHashes,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._accounts, self._sessions, self._sign_in = accounts, sessions, sign_in
        self._keys, self._hashes, self._now = keys, hashes, now

    async def change_password(self, of: SessionOf, old: str, new: str, whence: Whence) -> None:
        """All other sessions end. Raises WrongCredentials, BadPassword, ChangedMeanwhile."""
        account = await self._local(of)
        await self._sign_in.prove(account, old, whence)
        check_password(new, account.login)
        if await self._hashes.fits(new, account.password):
            raise BadPassword("新口令不得与原口令相同")
        changed = msgspec.structs.replace(account, password=await self._hashes.make(new), must_change=False)
        await self._put(changed, "password_changed", of)

    async def enrol(self, of: SessionOf, password: str, whence: Whence) -> Enrolment:
        """A new secret, which holds once a code of it was confirmed. Raises WrongCredentials, ChangedMeanwhile."""
        account = await self._local(of)
        if account.has_otp:
            raise NotAllowed("there is a second factor; a security administrator removes it first")
        await self._sign_in.prove(account, password, whence)
        secret = secrets.token_bytes(SECRET_SIZE)
        await self._put(msgspec.structs.replace(account, otp=secret), "otp_enrolled", of)
        return Enrolment(base64.b32encode(secret).decode(), enrolment_uri(secret, account.login, _ISSUER))

    async def confirm(self, of: SessionOf, code: str) -> list[str]:
        """Ten codes for the day on which the phone is lost, told once. Raises WrongCredentials, ChangedMeanwhile."""
        account = await self._local(of)
        if account.has_otp:
            raise NotAllowed("the second factor is confirmed already")
        step = step_of(account.otp, code.strip(), self._now().timestamp()) if account.otp else None
        if step is None or not await self._accounts.use_step(account.id, step):
            raise WrongCredentials
        codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
        digests = tuple(recovery_digest(self._keys, account.id, one) for one in codes)
        await self._put(msgspec.structs.replace(account, has_otp=True, recovery=digests), "otp_confirmed", of)
        return codes

    async def _local(self, of: SessionOf) -> Account:
        account = await self._accounts.get(of.session.account) if of.account is not None else None
        if account is None or not account.password:
            raise NotAllowed("this session is of no account with a password here")
        return account

    async def _put(self, account: Account, action: str, of: SessionOf) -> None:
        at = self._now()
        changed = msgspec.structs.replace(account, version=account.version + 1, changed_at=at)
        entry = rights_entry(changed, action, at, actor=account.id)
        if not await self._accounts.replace(changed, [entry], ends_sessions=True, but=of.session.digest):
            raise ChangedMeanwhile(account.id)
        self._sessions.forget(account.id)


def _recovery_code() -> str:
    """Of 80 bits, so that its plain digest cannot be searched."""
    text = base64.b32encode(secrets.token_bytes(10)).decode()
    return "-".join(text[at : at + 4] for at in range(0, 16, 4))

"""Signing in with a password (口令登录): every attempt is counted before it is looked into, so that none is free."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from app.application.account_entries import Whence, sign_in_entry
from app.application.keep_sessions import Opened, Sessions
from app.application.password_hash import PasswordHashes
from app.application.staff_keys import StaffKeys
from app.domain.account import Account, Way
from app.domain.otp import step_of
from app.store.accounts import AccountStore, AttemptPlace

WAIT = timedelta(minutes=15)
INITIAL_LIFE = timedelta(days=7)  # of a password that an administrator gave
MOST_OF_ACCOUNT = 5
MOST_OF_ADDRESS = 20  # a whole ward may come from one address
_CODE_LENGTH = 6


class WrongCredentials(Exception):
    """Login, password or code is wrong, or the account is disabled: which, is not told."""


class CodeNeeded(Exception):
    """The password fits, and the account has a second factor."""


class Locked(Exception):
    """Too many attempts failed, of this login or from this address."""


class SignIn:
    def __init__(
        self,
        accounts: AccountStore,
        sessions: Sessions,
        keys: StaffKeys,
        hashes: PasswordHashes,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._accounts, self._sessions, self._keys, self._hashes, self._now = accounts, sessions, keys, hashes, now

    async def by_password(
        self, login: str, password: str, code: str, whence: Whence, *, instead_of: str = ""
    ) -> Opened:
        """Raises WrongCredentials, CodeNeeded, Locked; NotRecorded, Unavailable."""
        login = login.strip().casefold()
        of_account, of_address = self._places(login, whence)
        if not await self._accounts.attempt([of_address, of_account], self._now()):
            raise Locked
        account = await self._accounts.by_login(login)
        known = account.password if account is not None and self._may_sign_in(account) else ""
        if not await self._hashes.fits(password, known) or account is None:
            await self._failed(account, login, of_account, whence)
        elif account.has_otp and not code:
            await self._forgive("", of_address)
            raise CodeNeeded
        elif account.has_otp and not await self._is_good(account, code):
            await self._failed(account, login, of_account, whence)
        else:
            await self._forgive(of_account.name, of_address)
            if self._hashes.is_weak(known):
                await self._accounts.rehash(account.id, known, await self._hashes.make(password))
            return await self._sessions.open(account, Way.PASSWORD, whence, instead_of=instead_of)
        raise WrongCredentials

    def _may_sign_in(self, account: Account) -> bool:
        has_expired = account.must_change and self._now() >= account.changed_at + INITIAL_LIFE
        return not account.is_disabled and not has_expired

    async def prove(self, account: Account, password: str, whence: Whence) -> None:
        """That whoever holds a session knows its password too. Raises WrongCredentials, Locked."""
        of_account, of_address = self._places(account.login, whence)
        if not await self._accounts.attempt([of_address, of_account], self._now()):
            raise Locked
        if not await self._hashes.fits(password, account.password):
            await self._failed(account, account.login, of_account, whence)
            raise WrongCredentials
        await self._forgive(of_account.name, of_address)

    def _places(self, login: str, whence: Whence) -> tuple[AttemptPlace, AttemptPlace]:
        """Names of accounts that there are and that there are not are counted alike."""
        return (
            AttemptPlace(self._keys.digest("login", login), MOST_OF_ACCOUNT, WAIT),
            AttemptPlace(self._keys.digest("address", whence.address), MOST_OF_ADDRESS, WAIT),
        )

    async def _failed(self, account: Account | None, login: str, of_account: AttemptPlace, whence: Whence) -> None:
        at, subject = self._now(), account.id if account is not None else ""
        told = self._keys.digest("login", login)
        entries = [sign_in_entry(subject, "failure", at, whence, Way.PASSWORD, told)]
        if await self._accounts.is_locked(of_account, at):
            entries.append(sign_in_entry(subject, "locked", at, whence, Way.PASSWORD, told))
        await self._accounts.tell(entries)

    async def _forgive(self, whole: str, of_address: AttemptPlace) -> None:
        await self._accounts.forgive(whole, of_address.name, self._now() - 2 * WAIT)

    async def _is_good(self, account: Account, code: str) -> bool:
        code = code.strip().replace(" ", "")
        if len(code) != _CODE_LENGTH:
            return await self._is_recovery(account, code)
        step = step_of(account.otp, code, self._now().timestamp())
        return step is not None and await self._accounts.use_step(account.id, step)

    async def _is_recovery(self, account: Account, code: str) -> bool:
        digest = recovery_digest(self._keys, account.id, code)
        left = tuple(one for one in account.recovery if one != digest)
        return len(left) < len(account.recovery) and await self._accounts.use_recovery(account, left)


def recovery_digest(keys: StaffKeys, account: str, code: str) -> str:
    return keys.digest("recovery", f"{account} {code.replace('-', '').upper()}")

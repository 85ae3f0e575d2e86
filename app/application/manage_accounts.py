"""Managing accounts (账号管理): one administration makes them, another grants rights, nobody grants their own."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from app.application.account_entries import Whence, rights_entry, sign_in_entry
from app.application.keep_sessions import Sessions
from app.application.password_hash import PasswordHashes
from app.application.usual_passwords import is_usual
from app.domain.access import EVERYWHERE, Caller, Permission, Role, Scope, conflicts
from app.domain.account import Account, is_login
from app.domain.password import TEXTS, PasswordFault, faults_of
from app.store.accounts import AccountStore
from app.store.sessions import SessionStore

_PASSWORD_BYTES = 15
_NAME = 100


class BadAccount(ValueError):
    """What is wrong with what was told about an account."""


class BadPassword(BadAccount):
    """Why the password is not taken, in Chinese: people read it."""


class NotAllowed(Exception):
    """The permission that is missing, or why nobody may do it."""


class LoginTaken(Exception):
    pass


class UnknownAccount(Exception):
    pass


class ChangedMeanwhile(Exception):
    """The account is no longer the version that was to be changed."""


class Made(NamedTuple):
    """`password` is told this once."""

    account: Account
    password: str


class AccountManager:
    """All of it raises NotRecorded and Unavailable where the database does not answer."""

    def __init__(
        self,
        accounts: AccountStore,
        store: SessionStore,
        sessions: Sessions,
        hashes: PasswordHashes,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._accounts, self._store, self._sessions, self._hashes, self._now = accounts, store, sessions, hashes, now

    async def all(self, after: str = "", limit: int = 100) -> list[Account]:
        return await self._accounts.all(after, limit)

    async def get(self, account: str) -> Account:
        """Raises UnknownAccount."""
        found = await self._accounts.get(account)
        if found is None:
            raise UnknownAccount(account)
        return found

    async def by_login(self, login: str) -> Account | None:
        return await self._accounts.by_login(login.strip().casefold())

    async def create(
        self,
        login: str,
        name: str,
        *,
        caller: Caller,
        roles: frozenset[Role] = frozenset(),
        scope: Scope = EVERYWHERE,
        password: str = "",
        must_change: bool = True,
    ) -> Made:
        """Without a password given, one is made. Raises BadAccount, NotAllowed, LoginTaken."""
        _need(caller, Permission.USER_MANAGE)
        if roles or scope != EVERYWHERE:
            await self._check_appointment(caller, roles)
        login, name = login.strip().casefold(), _name(name)
        if not is_login(login):
            raise BadAccount(
                "a login name has 2 to 64 of the characters a-z 0-9 . _ @ -, and begins with a letter or digit"
            )
        _check_roles(roles)
        if password:
            check_password(password, login)
        chosen = password or new_password()
        at = self._now()
        made = Account(
            id=f"u{secrets.token_hex(8)}", login=login, name=name, created_at=at, changed_at=at, roles=roles,
            scope=scope, password=await self._hashes.make(chosen), must_change=must_change,
        )  # fmt: skip
        entry = rights_entry(made, "created", at, actor=caller.id, changed=["roles"] if roles else [])
        if not await self._accounts.add(made, [entry]):
            raise LoginTaken(login)
        return Made(made, "" if password else chosen)

    async def change(
        self, account: str, version: int, *, caller: Caller, name: str | None = None, is_disabled: bool | None = None
    ) -> Account:
        """Raises UnknownAccount, ChangedMeanwhile, NotAllowed, BadAccount."""
        _need(caller, Permission.USER_MANAGE)
        held = await self._held(account, version)
        if is_disabled is not None and is_disabled != held.is_disabled:
            _check_other(caller, held, "disable or enable")
        changed = msgspec.structs.replace(
            held,
            name=held.name if name is None else _name(name),
            is_disabled=held.is_disabled if is_disabled is None else is_disabled,
        )
        return await self._put(held, changed, "changed", caller, ends_sessions=changed.is_disabled)

    async def grant(
        self, account: str, version: int, roles: frozenset[Role], scope: Scope, *, caller: Caller
    ) -> Account:
        """All the roles and the scope that it has from now on. Raises as `change` does."""
        _need(caller, Permission.RIGHT_GRANT)
        if account == caller.id:
            raise NotAllowed("nobody changes their own rights; another security administrator does")
        held = await self._held(account, version)
        _check_roles(roles)
        changed = msgspec.structs.replace(held, roles=roles, scope=scope)
        return await self._put(held, changed, "granted", caller, ends_sessions=True)

    async def reset_password(self, account: str, *, caller: Caller) -> Made:
        """A password that is good for one sign-in. Raises UnknownAccount, ChangedMeanwhile, NotAllowed."""
        _need(caller, Permission.USER_MANAGE)
        held = await self.get(account)
        _check_other(caller, held, "reset the password of")
        password = new_password()
        changed = msgspec.structs.replace(held, password=await self._hashes.make(password), must_change=True)
        return Made(await self._put(held, changed, "password_reset", caller, ends_sessions=True), password)

    async def remove_otp(self, account: str, *, caller: Caller) -> Account:
        """Its second factor is lost: it enrols another. Apart from passwords, so that no single administrator can take
        over an account. Raises UnknownAccount, ChangedMeanwhile, NotAllowed.
        """
        _need(caller, Permission.RIGHT_GRANT)
        if account == caller.id:
            raise NotAllowed("nobody removes their own second factor; another security administrator does")
        held = await self.get(account)
        changed = msgspec.structs.replace(held, otp=b"", has_otp=False, recovery=())
        return await self._put(held, changed, "otp_removed", caller, ends_sessions=True)

    async def end_sessions(self, account: str, *, caller: Caller, whence: Whence) -> int:
        """Raises UnknownAccount, NotAllowed."""
        _need(caller, Permission.USER_MANAGE)
        await self.get(account)
        entry = sign_in_entry(account, "ended", self._now(), whence)
        count = await self._store.end_all(account, [entry])
        self._sessions.forget(account)
        return count

    async def _check_appointment(self, caller: Caller, roles: frozenset[Role]) -> None:
        """Who makes accounts grants no rights, but the very first security administrator has to come from somewhere."""
        if caller.may(Permission.RIGHT_GRANT):
            return
        is_first = roles == {Role.SECURITY_ADMINISTRATOR}
        if not is_first or await self._accounts.anyone_has(Role.SECURITY_ADMINISTRATOR):
            raise NotAllowed(
                f"it needs the permission {Permission.RIGHT_GRANT}; create the account without rights, and a security"
                " administrator grants them"
            )

    async def _held(self, account: str, version: int) -> Account:
        held = await self.get(account)
        if held.version != version:
            raise ChangedMeanwhile(account)
        return held

    async def _put(
        self, held: Account, changed: Account, action: str, caller: Caller, *, ends_sessions: bool
    ) -> Account:
        told = [
            name for name in ("name", "roles", "scope", "is_disabled") if getattr(held, name) != getattr(changed, name)
        ]
        at = self._now()
        changed = msgspec.structs.replace(changed, version=held.version + 1, changed_at=at)
        entry = rights_entry(changed, action, at, actor=caller.id, changed=told)
        if not await self._accounts.replace(changed, [entry], ends_sessions=ends_sessions):
            raise ChangedMeanwhile(held.id)
        self._sessions.forget(held.id)
        return changed


def new_password() -> str:
    """Random, and it passes the rules."""
    while faults_of(found := secrets.token_urlsafe(_PASSWORD_BYTES), ""):
        pass
    return found


def check_password(password: str, login: str) -> None:
    """Raises BadPassword."""
    faults = faults_of(password, login)
    if not faults and is_usual(password):
        faults = [PasswordFault.COMMON]
    if faults:
        raise BadPassword("；".join(TEXTS[one] for one in faults))


def _need(caller: Caller, permission: Permission) -> None:
    if not caller.may(permission):
        raise NotAllowed(f"it needs the permission {permission}")


def _check_other(caller: Caller, held: Account, what: str) -> None:
    if held.id == caller.id:
        raise NotAllowed(f"nobody may {what} their own account")
    if held.administers and not caller.may(Permission.RIGHT_GRANT):
        raise NotAllowed(
            f"the administrations are apart: to {what} an administrator is done at the machine, by `mingjian accounts`"
        )


def _check_roles(roles: frozenset[Role]) -> None:
    if apart := conflicts(roles):
        raise BadAccount(f"nobody holds {' and '.join(sorted(apart[0]))} at once (三员分立)")


def _name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= _NAME or not name.isprintable():
        raise BadAccount(f"a display name has 1 to {_NAME} printable characters")
    return name

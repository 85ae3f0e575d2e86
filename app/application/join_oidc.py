"""Accounts of those who sign in elsewhere (单点登录账号): made when they first come, with agreed rights."""

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from app.application.account_entries import Whence, rights_entry, sign_in_entry
from app.application.keep_sessions import Opened, Sessions
from app.domain.access import EVERYWHERE, Role, Scope, conflicts
from app.domain.account import Account, Way, is_login
from app.store.accounts import AccountStore

_ACTOR = "oidc"


class Grant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a value of the claim gives."""

    roles: frozenset[Role]
    facilities: frozenset[str] | None = None
    campuses: frozenset[str] | None = None
    departments: frozenset[str] | None = None


class Person(NamedTuple):
    """What the provider vouches for. `subject` holds the issuer too: it is unique among all providers."""

    subject: str
    login: str
    name: str
    values: Sequence[str]  # of the claim that grants
    practitioner: str = ""


class NotWelcome(Exception):
    """The provider vouches for them, and nothing is granted to them here; the text is for the log."""


class OidcAccounts:
    """Without `grants`, security administrators grant rights here, as to everybody else."""

    def __init__(
        self,
        accounts: AccountStore,
        sessions: Sessions,
        grants: Mapping[str, Grant],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._accounts, self._sessions, self._grants, self._now = accounts, sessions, grants, now

    async def enter(self, person: Person, whence: Whence, *, instead_of: str = "") -> Opened:
        """Raises NotWelcome; NotRecorded, Unavailable."""
        held = await self._accounts.by_subject(person.subject)
        if held is not None and held.is_disabled:
            await self._accounts.tell([sign_in_entry(held.id, "failure", self._now(), whence, Way.OIDC)])
            raise NotWelcome("the account is disabled")
        account = await (self._make(person) if held is None else self._update(held, person))
        return await self._sessions.open(account, Way.OIDC, whence, instead_of=instead_of)

    def _rights(self, person: Person) -> tuple[frozenset[Role], Scope]:
        found = [self._grants[value] for value in person.values if value in self._grants]
        if not found:
            raise NotWelcome("no value of the claim grants anything")
        roles = frozenset[Role]().union(*[one.roles for one in found])
        if apart := conflicts(roles):
            raise NotWelcome(f"nobody holds {' and '.join(sorted(apart[0]))} at once")
        scopes = [Scope(facilities=one.facilities, campuses=one.campuses, departments=one.departments) for one in found]
        if any(one != scopes[0] for one in scopes):  # the roles of one value must not reach as far as another's
            raise NotWelcome("values of the claim grant different scopes")
        return roles, msgspec.structs.replace(scopes[0], practitioner=self._practitioner(roles, person))

    @staticmethod
    def _practitioner(roles: frozenset[Role], person: Person) -> str:
        """Who is a doctor and nothing else sees their own patients."""
        if roles != {Role.DOCTOR}:
            return ""
        if not person.practitioner:
            raise NotWelcome("the provider does not tell the doctor's code")
        return person.practitioner

    async def _make(self, person: Person) -> Account:
        roles, scope = self._rights(person) if self._grants else (frozenset[Role](), EVERYWHERE)
        at = self._now()
        for login in (_login(person.login), f"oidc-{secrets.token_hex(6)}"):
            made = Account(
                id=f"u{secrets.token_hex(8)}", login=login, name=person.name or login, created_at=at, changed_at=at,
                roles=roles, scope=scope, subject=person.subject,
            )  # fmt: skip
            if await self._accounts.add(made, [rights_entry(made, "created", at, actor=_ACTOR, changed=["roles"])]):
                return made
            if (held := await self._accounts.by_subject(person.subject)) is not None:
                return held  # another worker was first
        raise NotWelcome("no login name is free")

    async def _update(self, held: Account, person: Person) -> Account:
        roles, scope = self._rights(person) if self._grants else (held.roles, held.scope)
        if (roles, scope) == (held.roles, held.scope):
            return held
        at = self._now()
        changed = msgspec.structs.replace(held, roles=roles, scope=scope, version=held.version + 1, changed_at=at)
        entry = rights_entry(changed, "granted", at, actor=_ACTOR, changed=["roles", "scope"])
        if not await self._accounts.replace(changed, [entry], ends_sessions=True):
            raise NotWelcome("the account was changed at this moment; once more will do")
        self._sessions.forget(held.id)
        return changed


def _login(told: str) -> str:
    plain = re.sub(r"[^a-z0-9._@-]", "", told.casefold())[:64]
    return plain if is_login(plain) else f"oidc-{secrets.token_hex(6)}"

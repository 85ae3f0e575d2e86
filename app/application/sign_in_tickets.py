"""One-time tickets (一次性登录票据): the hospital system lets its doctor in, to their own patients only."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from app.application.account_entries import Whence, sign_in_entry
from app.application.keep_sessions import Opened, Sessions
from app.application.manage_accounts import NotAllowed
from app.application.staff_keys import StaffKeys, token_digest
from app.domain.access import Caller, Permission, Role, Scope
from app.domain.account import Way
from app.store.accounts import AccountStore
from app.store.sessions import SessionStore, Ticket

LIFE = timedelta(seconds=60)


class BadTicket(Exception):
    """There is no such ticket, it was used, it expired, or its doctor is shut out: which, is not told."""


class Issued(NamedTuple):
    token: str
    expires_at: datetime


class SignInTickets:
    def __init__(
        self,
        store: SessionStore,
        accounts: AccountStore,
        sessions: Sessions,
        keys: StaffKeys,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._accounts, self._sessions, self._keys, self._now = store, accounts, sessions, keys, now

    async def issue(self, practitioner: str, purpose: str, *, caller: Caller, whence: Whence) -> Issued:
        """It opens no more than the caller's own scope, narrowed to this doctor. Raises NotAllowed, NotRecorded."""
        if Role.HIS_CLIENT not in caller.roles or not caller.may(Permission.AUDIT_SUBMIT) or caller.kind == "session":
            raise NotAllowed("only a hospital system, by its own key, asks for tickets")
        if caller.scope.practitioner not in ("", practitioner):
            raise NotAllowed("this caller is limited to another doctor")
        token, at = secrets.token_urlsafe(32), self._now()
        scope = msgspec.structs.replace(caller.scope, practitioner=practitioner)
        ticket = Ticket(token_digest(token), at + LIFE, caller.id, scope, purpose)
        entry = sign_in_entry(self._pseudonym(scope), "ticket_issued", at, whence, Way.TICKET)
        await self._store.issue(ticket, at, [entry])
        return Issued(token, ticket.expires_at)

    async def exchange(self, token: str, whence: Whence, *, instead_of: str = "") -> Opened:
        """The session, once. Raises BadTicket; NotRecorded, Unavailable."""
        ticket = await self._store.take(token_digest(token), self._now()) if token else None
        if ticket is None:
            raise BadTicket
        accounts = await self._accounts.by_practitioner(ticket.scope.practitioner)
        if any(one.is_disabled for one in accounts):
            raise BadTicket
        account = accounts[0].id if accounts else ""
        caller = account or self._pseudonym(ticket.scope)
        return await self._sessions.open_for_doctor(
            caller, account, ticket.scope, ticket.purpose, whence, instead_of=instead_of
        )

    def _pseudonym(self, scope: Scope) -> str:
        """What records name a doctor by who has no account: always the same, and nobody's code."""
        return f"p{self._keys.digest('practitioner', scope.practitioner)[:16]}"

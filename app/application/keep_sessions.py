"""Sessions (会话): kept at the server, found by what the cookie holds, ended at every worker within seconds."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from app.application.account_entries import Whence, sign_in_entry
from app.application.staff_keys import token_digest
from app.domain.access import Caller, Role, Scope
from app.domain.account import Account, OtpPolicy, Pending, Session, Way
from app.store.sessions import Held, SessionStore

_FRESH = 4.0  # seconds until the store is asked again: what ends a session at one worker ends it at all soon after
_MOST = 10_000
_TOUCH_EVERY = timedelta(minutes=1)
_AGENT = 200


class SessionOf(NamedTuple):
    """`pending` is not blank: until that is done, the session opens nothing else."""

    session: Session
    account: Account | None
    caller: Caller
    pending: tuple[Pending, ...]


class Opened(NamedTuple):
    """`token` is for the browser only."""

    token: str
    of: SessionOf


class Sessions:
    def __init__(
        self,
        store: SessionStore,
        otp: OtpPolicy = OtpPolicy.ADMINISTRATORS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._otp, self._now, self._clock = store, otp, now, clock
        self._fresh: OrderedDict[bytes, tuple[float, SessionOf]] = OrderedDict()

    async def open(self, account: Account, way: Way, whence: Whence, *, instead_of: str = "") -> Opened:
        """A new token, whatever the browser held before."""
        entry = sign_in_entry(account.id, "success", self._now(), whence, way)
        session, token = self._new(account.id, way, whence)
        await self._store.open(session, [entry], instead_of=self._replaced(instead_of))
        return Opened(token, self._of(Held(session, account)))

    async def open_for_doctor(
        self, caller: str, account: str, scope: Scope, purpose: str, whence: Whence, *, instead_of: str = ""
    ) -> Opened:
        """A session with this scope and no more, whatever the doctor's account may do."""
        session, token = self._new(account, Way.TICKET, whence, caller, scope, purpose)
        entry = sign_in_entry(caller, "success", self._now(), whence, Way.TICKET)
        await self._store.open(session, [entry], instead_of=self._replaced(instead_of))
        return Opened(token, self._of(Held(session, None)))

    def _new(
        self, account: str, way: Way, whence: Whence, caller: str = "", scope: Scope | None = None, purpose: str = ""
    ) -> tuple[Session, str]:
        token, at = secrets.token_urlsafe(32), self._now()
        roles = frozenset({Role.DOCTOR}) if scope is not None else frozenset[Role]()
        session = Session(
            id=secrets.token_hex(8), digest=token_digest(token), account=account, way=way, started_at=at, seen_at=at,
            agent=whence.agent[:_AGENT], caller=caller, roles=roles, scope=scope or Scope(), purpose=purpose,
        )  # fmt: skip
        return session, token

    def _replaced(self, token: str) -> bytes:
        digest = token_digest(token) if token else b""
        self._fresh.pop(digest, None)
        return digest

    def remembered(self, token: str) -> SessionOf | None:
        """At once; None where the store has to be asked."""
        known = self._fresh.get(token_digest(token))
        if known is None or self._clock() - known[0] >= _FRESH:
            return None
        session, now = known[1].session, self._now()
        return None if session.is_over(now) or now - session.seen_at >= _TOUCH_EVERY else known[1]

    async def find(self, token: str) -> SessionOf | None:
        """Raises Unavailable; NotRecorded where it cannot be noted that the session is in use."""
        digest, asked_at, now = token_digest(token), self._clock(), self._now()
        held = await self._store.find(digest)
        if held is None or held.session.is_over(now) or not _is_open(held):
            self._fresh.pop(digest, None)
            return None
        if now - held.session.seen_at >= _TOUCH_EVERY:
            await self._store.touch(digest, now)
            held = (await self._store.find(digest)) or held
        found = self._of(held)
        self._fresh[digest] = (asked_at, found)
        self._fresh.move_to_end(digest)
        while len(self._fresh) > _MOST:
            self._fresh.popitem(last=False)
        return found

    async def end(self, token: str, whence: Whence) -> None:
        found = await self.find(token)
        digest = token_digest(token)
        self._fresh.pop(digest, None)
        if found is not None:
            entry = sign_in_entry(found.caller.id, "signed_out", self._now(), whence, found.session.way)
            await self._store.end(digest, [entry])

    async def of_account(self, account: str) -> list[Session]:
        return await self._store.of_account(account, self._now())

    async def end_one(self, account: str, session: str, whence: Whence) -> bool:
        entry = sign_in_entry(account, "ended", self._now(), whence)
        self.forget(account)
        return await self._store.end_one(account, session, [entry])

    def forget(self, account: str) -> None:
        """Ask the store again about the sessions of the account."""
        for digest in [one for one, (_, found) in self._fresh.items() if found.session.account == account]:
            del self._fresh[digest]

    def _of(self, held: Held) -> SessionOf:
        session, account = held
        if session.way is Way.TICKET or account is None:
            caller = Caller(id=session.caller, roles=session.roles, scope=session.scope, kind="ticket")
            return SessionOf(session, None, caller, ())
        pending = self._pending(session, account)
        roles = frozenset[Role]() if pending else account.roles
        caller = Caller(id=account.id, roles=roles, scope=account.scope, kind="session", name=account.name)
        return SessionOf(session, account, caller, pending)

    def _pending(self, session: Session, account: Account) -> tuple[Pending, ...]:
        if session.way is not Way.PASSWORD:
            return ()  # how well whoever signs in elsewhere proves it is settled there
        found = [Pending.PASSWORD] if account.must_change else []
        return tuple([*found, Pending.OTP] if self._otp.asks(account) and not account.has_otp else found)


def _is_open(held: Held) -> bool:
    if held.account is None:
        return not held.session.account and held.session.way is Way.TICKET
    return not held.account.is_disabled

"""Sessions and one-time tickets in the store (会话与一次性票据存储), in either database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import delete, func, or_, select, update

from app.domain.access import Scope
from app.domain.account import IDLE, LONGEST, Account, Session, Way
from app.store.account_tables import accounts, sessions, sign_in_tickets
from app.store.accounts import COLUMNS, Ask, Insert, account_of, roles_of
from app.store.acts import Act, Step
from app.store.packing import microseconds
from app.store.sealing import moment
from app.trail.entry import Sealed

_encode = msgspec.json.Encoder(order="deterministic").encode
_scope = msgspec.json.Decoder(Scope).decode
_JOINED = select(*sessions.c, *COLUMNS).outerjoin_from(sessions, accounts, sessions.c.account == accounts.c.id)


class Held(NamedTuple):
    """A session, and whose it is; None: its account is gone, or it never had one."""

    session: Session
    account: Account | None


class Ticket(NamedTuple):
    """Opens one session with this scope."""

    digest: bytes
    expires_at: datetime
    client: str
    scope: Scope
    purpose: str


class SessionStore:
    def __init__(self, ask: Ask, act: Act, insert: Insert) -> None:
        self._ask, self._act, self._insert = ask, act, insert

    async def open(self, session: Session, entries: Sequence[Sealed], *, instead_of: bytes = b"") -> None:
        """`instead_of`: the digest of the session that the browser had before."""
        steps = [Step(delete(sessions).where(sessions.c.digest == instead_of)), *self._over(session.started_at)]
        await self._act([*steps, Step(self._insert(sessions).values(_row(session)))], entries)

    async def find(self, digest: bytes) -> Held | None:
        rows = await self._ask(_JOINED.where(sessions.c.digest == digest))
        return _held(rows[0]) if rows else None

    async def touch(self, digest: bytes, at: datetime) -> None:
        later = sessions.c.seen_at < microseconds(at)
        await self._act(
            [Step(update(sessions).where(sessions.c.digest == digest, later).values(seen_at=microseconds(at)))], ()
        )

    async def end(self, digest: bytes, entries: Sequence[Sealed]) -> None:
        await self._act([Step(delete(sessions).where(sessions.c.digest == digest))], entries)

    async def end_one(self, account: str, session: str, entries: Sequence[Sealed]) -> bool:
        """False: the account has no such session."""
        one = delete(sessions).where(sessions.c.account == account, sessions.c.id == session)
        return await self._act([Step(one.returning(sessions.c.id), must=True)], entries) is not None

    async def end_all(self, account: str, entries: Sequence[Sealed]) -> int:
        ended = await self._act(
            [Step(delete(sessions).where(sessions.c.account == account).returning(sessions.c.id))], entries
        )
        return len((ended or [[]])[0])

    async def of_account(self, account: str, at: datetime) -> list[Session]:
        """Those that are not over, the latest first."""
        rows = await self._ask(_JOINED.where(sessions.c.account == account).order_by(sessions.c.started_at.desc()))
        return [held.session for row in rows if not (held := _held(row)).session.is_over(at)]

    async def count(self) -> int:
        ((count,),) = await self._ask(select(func.count()).select_from(sessions))
        return int(count)

    async def issue(self, ticket: Ticket, at: datetime, entries: Sequence[Sealed]) -> None:
        """What has expired is cleared away."""
        values = {
            "digest": ticket.digest, "expires_at": microseconds(ticket.expires_at), "client": ticket.client,
            "scope": _encode(ticket.scope).decode(), "purpose": ticket.purpose,
        }  # fmt: skip
        past = delete(sign_in_tickets).where(sign_in_tickets.c.expires_at < microseconds(at))
        await self._act([Step(past), Step(self._insert(sign_in_tickets).values(values))], entries)

    async def take(self, digest: bytes, at: datetime) -> Ticket | None:
        """The ticket, once: whoever asks again, at whatever worker, gets none."""
        column = sign_in_tickets.c
        one = delete(sign_in_tickets).where(column.digest == digest, column.expires_at > microseconds(at))
        found = await self._act([Step(one.returning(*column), must=True)], ())
        if found is None:
            return None
        digest, expires_at, client, scope, purpose = found[0][0]
        return Ticket(bytes(digest), moment(expires_at), client, _scope(scope), purpose)

    def _over(self, at: datetime) -> list[Step]:
        old = or_(
            sessions.c.seen_at <= microseconds(at - IDLE),
            sessions.c.started_at <= microseconds(at - LONGEST),
        )
        return [Step(delete(sessions).where(old))]


def _held(row: Sequence[Any]) -> Held:
    count = len(sessions.c)
    told = dict(zip(sessions.c.keys(), row[:count], strict=True))
    session = Session(
        id=told["id"], digest=bytes(told["digest"]), account=told["account"], way=Way(told["way"]),
        started_at=moment(told["started_at"]), seen_at=moment(told["seen_at"]), agent=told["agent"],
        caller=told["caller"], roles=roles_of(told["roles"]), scope=_scope(told["scope"]), purpose=told["purpose"],
    )  # fmt: skip
    return Held(session, None if row[count] is None else account_of(row[count:]))


def _row(session: Session) -> dict[str, Any]:
    return {
        **{name: getattr(session, name) for name in ("digest", "id", "account", "agent", "caller", "purpose")},
        "way": str(session.way),
        "started_at": microseconds(session.started_at),
        "seen_at": microseconds(session.seen_at),
        "roles": " ".join(sorted(session.roles)),
        "scope": _encode(session.scope).decode(),
    }

"""Accounts in the store (账号存储), in either database. What changes rights is stored with its entry."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Select, Table, case, delete, exists, func, or_, select, update

from app.domain.access import Role, Scope
from app.domain.account import Account
from app.store.account_tables import accounts, sessions, sign_in_attempts
from app.store.acts import Act, Step
from app.store.packing import microseconds
from app.store.sealing import moment
from app.store.vault import Vault
from app.trail.entry import Sealed

Ask = Callable[[Select[Any]], Awaitable[list[Any]]]
Insert = Callable[[Table], Any]  # that of the dialect, which knows what to do about conflicts
_COLUMNS = [column for column in accounts.c if column.name != "practitioner"]
_encode = msgspec.json.Encoder(order="deterministic").encode
_scope = msgspec.json.Decoder(Scope).decode


class AttemptPlace(NamedTuple):
    """Where attempts to sign in are counted: so many, and then none until the time has passed since the last."""

    name: str
    most: int
    wait: timedelta


class AccountStore:
    """What reads raises Unavailable, what writes NotRecorded, where the database does not answer."""

    def __init__(self, ask: Ask, act: Act, insert: Insert, vault: Vault) -> None:
        self._ask, self._act, self._insert, self._vault = ask, act, insert, vault

    async def count(self) -> int:
        ((count,),) = await self._ask(select(func.count()).select_from(accounts))
        return int(count)

    async def all(self, after: str = "", limit: int = 1000) -> list[Account]:
        """By login name, without what is sealed."""
        asked = select(*_COLUMNS).where(accounts.c.login > after).order_by(accounts.c.login).limit(limit)
        return [account_of(row) for row in await self._ask(asked)]

    async def get(self, account: str) -> Account | None:
        return next(iter(await self._find(select(*_COLUMNS).where(accounts.c.id == account))), None)

    async def by_login(self, login: str) -> Account | None:
        return next(iter(await self._find(select(*_COLUMNS).where(accounts.c.login == login))), None)

    async def by_subject(self, subject: str) -> Account | None:
        return next(iter(await self._find(select(*_COLUMNS).where(accounts.c.subject == subject))), None)

    async def by_practitioner(self, code: str) -> list[Account]:
        asked = select(*_COLUMNS).where(accounts.c.practitioner == code).order_by(accounts.c.id)
        return [account_of(row) for row in await self._ask(asked)]

    async def anyone_has(self, role: Role) -> bool:
        rows = await self._ask(select(accounts.c.roles).where(accounts.c.roles.contains(role)))
        return any(role in roles.split() for (roles,) in rows)

    async def add(self, account: Account, entries: Sequence[Sealed]) -> bool:
        """False: login or subject is taken."""
        row = self._insert(accounts).values(self._row(account)).on_conflict_do_nothing().returning(accounts.c.id)
        return await self._act([Step(row, must=True)], entries) is not None

    async def replace(
        self, account: Account, entries: Sequence[Sealed], *, ends_sessions: bool = False, but: bytes = b""
    ) -> bool:
        """Put it in the place of the version before it; False: another stands there by now. `but`: a session's digest,
        which goes on.
        """
        put = update(accounts).where(accounts.c.id == account.id, accounts.c.version == account.version - 1)
        row = self._row(account)
        del row["otp_step"]  # it only rises, whoever changes the account meanwhile
        steps = [Step(put.values(row).returning(accounts.c.id), must=True)]
        if ends_sessions:
            steps.append(Step(delete(sessions).where(sessions.c.account == account.id, sessions.c.digest != but)))
        return await self._act(steps, entries) is not None

    async def rehash(self, account: str, old: str, new: str) -> None:
        """The same password, hashed anew; nothing where it was changed meanwhile."""
        same = update(accounts).where(accounts.c.id == account, accounts.c.password == old)
        await self._act([Step(same.values(password=new))], ())

    async def use_step(self, account: str, step: int) -> bool:
        """False: a code of this time step or a later one was used already, by whatever worker."""
        free = update(accounts).where(accounts.c.id == account, accounts.c.otp_step < step)
        return await self._act([Step(free.values(otp_step=step).returning(accounts.c.id), must=True)], ()) is not None

    async def use_recovery(self, account: Account, left: tuple[str, ...]) -> bool:
        """False: its codes changed meanwhile."""
        same = update(accounts).where(accounts.c.id == account.id, accounts.c.recovery == " ".join(account.recovery))
        put = same.values(recovery=" ".join(left), version=accounts.c.version + 1).returning(accounts.c.id)
        return await self._act([Step(put, must=True)], ()) is not None

    async def attempt(self, places: Sequence[AttemptPlace], at: datetime) -> bool:
        """Count an attempt in all of the places, before it is looked into; False: one of them is locked."""
        return await self._act([Step(self._count(one, at), must=True) for one in places], ()) is not None

    def _count(self, place: AttemptPlace, at: datetime) -> Any:
        is_past = sign_in_attempts.c.at <= microseconds(at - place.wait)
        row = self._insert(sign_in_attempts).values(place=place.name, count=1, at=microseconds(at))
        return row.on_conflict_do_update(
            index_elements=["place"],
            set_={"count": case((is_past, 1), else_=sign_in_attempts.c.count + 1), "at": microseconds(at)},
            where=or_(is_past, sign_in_attempts.c.count < place.most),
        ).returning(sign_in_attempts.c.count)

    async def is_locked(self, place: AttemptPlace, at: datetime) -> bool:
        """Whether its next attempt would be refused."""
        column = sign_in_attempts.c
        locked = (
            (column.place == place.name) & (column.count >= place.most) & (column.at > microseconds(at - place.wait))
        )
        ((found,),) = await self._ask(select(exists().where(locked)))
        return bool(found)

    async def forgive(self, whole: str, one_of: str, before: datetime, entries: Sequence[Sealed] = ()) -> None:
        """The attempt was none to be counted: `whole` (where given) starts anew, `one_of` counts one less. What has
        not counted since `before` is cleared away.
        """
        column = sign_in_attempts.c
        less = update(sign_in_attempts).where(column.place == one_of, column.count > 0).values(count=column.count - 1)
        steps = [Step(less), Step(delete(sign_in_attempts).where(column.at < microseconds(before)))]
        if whole:
            steps.insert(0, Step(delete(sign_in_attempts).where(column.place == whole)))
        await self._act(steps, entries)

    async def tell(self, entries: Sequence[Sealed]) -> None:
        await self._act([], entries)

    async def _find(self, asked: Select[Any]) -> list[Account]:
        return [self._opened(account_of(row)) for row in await self._ask(asked)]

    def _opened(self, account: Account) -> Account:
        otp = self._vault.open("accounts", (account.id,), account.otp)
        return msgspec.structs.replace(account, otp=otp)

    def _row(self, account: Account) -> dict[str, Any]:
        return {**_row(account), "otp": self._vault.seal("accounts", (account.id,), account.otp)}


def account_of(row: Sequence[Any]) -> Account:
    """From the columns of COLUMNS; what is sealed stays so."""
    told: dict[str, Any] = dict(zip([column.name for column in _COLUMNS], row, strict=True))
    told["created_at"], told["changed_at"] = moment(told["created_at"]), moment(told["changed_at"])
    told["recovery"], told["roles"] = tuple(told["recovery"].split()), roles_of(told["roles"])
    told["scope"], told["subject"], told["otp"] = _scope(told["scope"]), told["subject"] or "", bytes(told["otp"])
    return Account(**told)


COLUMNS = tuple(_COLUMNS)


def _row(account: Account) -> dict[str, Any]:
    return {
        **{name: getattr(account, name) for name in ("id", "login", "name", "password", "must_change", "has_otp")},
        **{name: getattr(account, name) for name in ("otp_step", "is_disabled", "version")},
        "created_at": microseconds(account.created_at),
        "changed_at": microseconds(account.changed_at),
        "recovery": " ".join(account.recovery),
        "roles": " ".join(sorted(account.roles)),
        "scope": _encode(account.scope).decode(),
        "practitioner": account.scope.practitioner,
        "subject": account.subject or None,
    }


def roles_of(text: str) -> frozenset[Role]:
    """A role that this version does not know gives no rights."""
    known = set(Role)
    return frozenset(Role(one) for one in text.split() if one in known)

"""The directory in the store (科室与医师名录), in either database."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, TypeVar

from sqlalchemy import Select, Table, select

from app.store.acts import Act, Step
from app.store.pinyin import initials_of
from app.store.review_rows import plain_json
from app.store.review_tables import departments, practitioners
from app.store.reviews import Department, StaffMember
from app.trail.entry import Details, Kind, Sealed, TrailEntry, seal

Ask = Callable[[Select[Any]], Awaitable[list[Any]]]
Insert = Callable[[Table], Any]  # that of the dialect, which knows what to do about conflicts
T = TypeVar("T", Department, StaffMember)

_AT_ONCE = 500
_DEPARTMENTS, _STAFF = (
    ("facility", "code", "name", "campus", "head"),
    ("facility", "code", "name", "department", "title"),
)


class StoredDirectory:
    def __init__(self, ask: Ask, act: Act, insert: Insert) -> None:
        self._ask, self._act, self._insert = ask, act, insert

    async def put_departments(self, departments_: Sequence[Department], *, caller: str, at: datetime) -> None:
        await self._put(departments, _DEPARTMENTS, departments_, caller, at)

    async def put_staff(self, staff: Sequence[StaffMember], *, caller: str, at: datetime) -> None:
        await self._put(practitioners, _STAFF, staff, caller, at)

    async def departments(self, facility: str, codes: Sequence[str] = ()) -> list[Department]:
        return await self._find(departments, _DEPARTMENTS, Department, facility, codes)

    async def staff(self, facility: str, codes: Sequence[str]) -> list[StaffMember]:
        return await self._find(practitioners, _STAFF, StaffMember, facility, codes) if codes else []

    async def _put(
        self, table: Table, names: Sequence[str], some: Sequence[Department] | Sequence[StaffMember], caller: str,
        at: datetime,
    ) -> None:  # fmt: skip
        """What is told of one that is known takes the place of what was known."""
        latest = {(one.facility, one.code): one for one in some}
        rows = [_row(one, names) for _, one in sorted(latest.items())]
        steps = [Step(self._upsert(table, rows[start : start + _AT_ONCE])) for start in range(0, len(rows), _AT_ONCE)]
        await self._act(steps, [_entry(str(table.name), rows, caller, at)])

    def _upsert(self, table: Table, rows: list[dict[str, str]]) -> Any:
        put = self._insert(table).values(rows)
        changed = {name: put.excluded[name] for name in rows[0] if name not in ("facility", "code")}
        return put.on_conflict_do_update(index_elements=["facility", "code"], set_=changed)

    async def _find(
        self, table: Table, names: Sequence[str], shape: type[T], facility: str, codes: Sequence[str]
    ) -> list[T]:
        asked = select(*[table.c[name] for name in names]).where(table.c.facility == facility).order_by(table.c.code)
        rows = await self._ask(asked.where(table.c.code.in_(list(codes))) if codes else asked)
        return [shape(**dict(zip(names, row, strict=True))) for row in rows]


def _row(one: Department | StaffMember, names: Sequence[str]) -> dict[str, str]:
    row: dict[str, str] = {name: getattr(one, name).replace("\0", "") for name in names}
    return {**row, "initials": initials_of(row["name"])}


def _entry(table: str, rows: list[dict[str, str]], caller: str, at: datetime) -> Sealed:
    """How many, and what their bytes come to; names stand in the table only."""
    digest = sha256(plain_json(rows).encode()).hexdigest()
    details: Details = {"table": table, "rows": len(rows), "digest": digest}
    return seal(TrailEntry(kind=Kind.CONFIGURED, subject=f"directory/{table}", at=at, actor=caller, details=details))

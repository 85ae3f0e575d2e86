"""Partitions (按月分区): a table for each month of audits, findings and history lines, made when it is first needed.

They are made before the rows that need them, never with them, so that no row fails for want of one: whatever has no
partition of its own goes to the table's DEFAULT partition, and moves when its month gets one.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from app.store.audit_log import NotRecorded
from app.store.packing import microseconds
from app.store.postgres.database import FAILURES, Connection, Database, is_refusal, told
from app.store.postgres.walls import wall_like

log = logging.getLogger("mingjian")

_MONTHS_BACK, _MONTHS_AHEAD = 120, 1
_PAUSE = 60.0  # seconds until a partition that could not be made is tried again
_ADVISORY_LOCK = 0x6D6A_7061  # "mjpa": one maker at a time, in however many processes
_EXISTING = (
    "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
    " WHERE i.inhparent = ANY ('{audits,findings,history_lines}'::regclass[])"
)


class Partition(NamedTuple):
    table: str
    month: int  # YYYYMM

    @property
    def name(self) -> str:
        return f"{self.table}_{self.month}"

    @property
    def bounds(self) -> tuple[int, int]:
        """The first value of the column it is parted by, and the first that is too large."""
        if self.table == "history_lines":
            return self.month, self.month + 1
        following = self.month + 1 if self.month % 100 < 12 else self.month + 89
        return _first_moment(self.month), _first_moment(following)


def _first_moment(month: int) -> int:
    return microseconds(datetime(month // 100, month % 100, 1, tzinfo=UTC))


def month_of(at: datetime) -> int:
    day = at.astimezone(UTC)
    return day.year * 100 + day.month


class Partitions:
    def __init__(self, database: Database, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database, self._now = database, now
        self._there: set[Partition] = set()  # made, or given up for the time being
        self._making = asyncio.Lock()
        self._again_at = float("inf")

    async def open(self) -> None:
        """Learn which there are, and make those of this month."""
        await self.ensure([Partition(table, month_of(self._now())) for table in ("audits", "findings")])

    async def ensure(self, needed: Iterable[Partition]) -> None:
        """Make those that are missing. Raises NotRecorded where the database is gone, and then only."""
        if time.monotonic() > self._again_at:
            self._there, self._again_at = set(), float("inf")
        if self._there.issuperset(needed):
            return
        async with self._making:
            missing = [one for one in needed if one not in self._there]
            if missing:
                await self._make_all(missing)

    async def _make_all(self, missing: list[Partition]) -> None:
        try:
            connection = await self._database.connect()
        except FAILURES as error:
            raise NotRecorded(told(error)) from None
        try:
            self._there.update([_partition(name) for (name,) in await connection.fetch(_EXISTING)])
            for one in sorted(set(missing) - self._there):
                if self._is_in_window(one.month):
                    await self._try_to_make(connection, one)
                self._there.add(one)
        except FAILURES as error:
            raise NotRecorded(told(error)) from None
        finally:
            connection.terminate()

    async def _try_to_make(self, connection: Connection, one: Partition) -> None:
        try:
            async with connection.transaction():
                await _make(connection, one)
        except FAILURES as error:
            if not is_refusal(error):
                raise
            log.warning("partition %s could not be made: %s; %s_other serves", one.name, told(error), one.table)
            self._again_at = time.monotonic() + _PAUSE

    def _is_in_window(self, month: int) -> bool:
        if not 1 <= month % 100 <= 12:
            return False
        now = self._now()
        ahead = (month // 100 - now.year) * 12 + month % 100 - now.month
        return -_MONTHS_BACK <= ahead <= _MONTHS_AHEAD


def _partition(name: str) -> Partition:
    table, _, month = name.rpartition("_")
    return Partition(table, int(month) if month.isdecimal() else 0)


async def _make(connection: Connection, one: Partition) -> None:
    """Attached, not created as a partition: that would lock the whole table, and wait for all who read it."""
    low, high = one.bounds
    column = "month" if one.table == "history_lines" else "recorded_at"
    await connection.execute("SET LOCAL statement_timeout = '60s'; SET LOCAL lock_timeout = '2s'", timeout=5)
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _ADVISORY_LOCK)
    if await connection.fetchval("SELECT to_regclass($1)", one.name) is not None:
        return
    name, table, others = one.name, one.table, f"{one.table}_other"
    await connection.execute(f"LOCK TABLE {others} IN ACCESS EXCLUSIVE MODE")
    await connection.execute(f"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING STORAGE)")
    of_the_month = f"FROM {others} WHERE {column} >= {low} AND {column} < {high}"
    if await connection.fetchval(f"SELECT EXISTS (SELECT 1 {of_the_month})"):
        # The triggers forbid to delete; here a row goes from one part of its table to another.
        await connection.execute(f"ALTER TABLE {others} DISABLE TRIGGER USER")
        await connection.execute(f"INSERT INTO {name} SELECT * {of_the_month}")
        await connection.execute(f"DELETE {of_the_month}")
        await connection.execute(f"ALTER TABLE {others} ENABLE TRIGGER USER")
    await wall_like(connection, name, table)
    await connection.execute(f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({low}) TO ({high})")

"""Workers over one database and one Redis, and messages for them."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from pathlib import Path

import msgspec

from app.store.breaker import BreakerState
from app.store.history import HistoryQuery, HistoryWrite
from app.store.redis.cached import CachedAuditLog, CachedHistory
from app.store.redis.connection import RedisConnection
from app.store.redis.hot_history import HotHistory, Limits
from app.store.redis.hot_keys import HotKeys
from app.store.sqlite.store import sqlite_store
from app.store.store import Store
from app.store.whole_history import WholeHistory

LIMITS = Limits()
TODAY = date(2026, 3, 1)
SECRET = b"the same for every worker"


class Worker:
    """The cache of one process, as app/store/opening.py puts it together."""

    def __init__(
        self,
        url: str,
        store: Store,
        limits: Limits = LIMITS,
        connection: RedisConnection | None = None,
        seconds: float = 1.0,
        whole: WholeHistory | None = None,
    ) -> None:
        # Probes follow each other quickly, so that tests need not wait for them; and a busy machine is given time.
        state = BreakerState(first_wait=0.01, longest_wait=0.02)
        self.connection = connection or RedisConnection(url, state=state, seconds=seconds)
        keys = HotKeys(SECRET)
        self.hot = HotHistory(self.connection, whole or store.whole_history, keys, limits=limits, today=lambda: TODAY)
        self.history = CachedHistory(store.history, self.hot, keys)
        self.log = CachedAuditLog(store.log, self.hot, keys)

    async def close(self) -> None:
        await self.hot.close()
        with suppress(Exception):
            await self.connection.close()


def line(
    name: str, day: str, code: str, *, order_of: str = "", is_charge: bool = True, amount: int = 1
) -> tuple[str, str, str, bool, str, str]:
    content = {"id": name, "service_date": day, "item_code": code, "amount": amount}
    if is_charge:
        content["order_id"] = order_of
    return name, day, code, is_charge, order_of if is_charge else "", msgspec.json.encode(content).decode()


def write(
    patient: str,
    encounter: str,
    lines: Iterable[tuple[str, str, str, bool, str, str]],
    *,
    facility: str = "F1",
    last_date: str = "2026-02-20",
    has_death: bool = False,
    note: int = 0,
) -> HistoryWrite:
    header = {"id": encounter, "facility": {"id": facility}, "patient": {"id": patient}, "note": note}
    return HistoryWrite(
        facility=facility,
        encounter=encounter,
        patient=patient,
        header=msgspec.json.encode(header).decode(),
        month=202602,
        last_date=last_date,
        has_death=has_death,
        lines=list(lines),
    )


def query(
    patient: str,
    encounter: str,
    *,
    facility: str = "F1",
    facilities: tuple[str, ...] = ("F1", "F2"),
    dates_since: str | None = "2025-09-01",
    since: str | None = "2025-03-01",
    codes: tuple[str, ...] = (),
    prefixes: tuple[str, ...] = ("",),
    first: str | None = "2026-02-28",
) -> HistoryQuery:
    days = [None if day is None else date.fromisoformat(day) for day in (dates_since, since, first)]
    return HistoryQuery(facility, encounter, patient, facilities, days[0], days[1], codes, prefixes, days[2])


def sqlite(folder: Path) -> Store:
    return sqlite_store(folder / "mingjian.sqlite3")

"""Partitions: made for the months that need them, by however many at once, and never in the way of a record."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from app.store.audit_log import NotRecorded
from app.store.migrate import migrate
from app.store.packing import microseconds
from app.store.postgres.database import Database
from app.store.postgres.partitions import Partition, Partitions, month_of
from tests.servers import Postgres, free_port
from tests.store.build import AT, record
from tests.store.contract.histories import asked, line, seen, told
from tests.store.postgres.build import opened, rows

NOW = datetime(2026, 11, 15, tzinfo=UTC)
THERE = "SELECT inhrelid::regclass::text FROM pg_inherits i JOIN pg_class c ON c.oid = inhrelid WHERE c.relkind = 'r'"


@pytest.fixture
def url(postgres: Postgres) -> str:
    url = postgres.new_database()
    migrate(url)
    return url


async def there(url: str) -> set[str]:
    return {name for (name,) in await rows(url, THERE) if not name.endswith("_other")}


def at(now: datetime) -> Callable[[], datetime]:
    return lambda: now


@pytest.mark.parametrize(
    ("table", "month", "bounds"),
    [
        ("history_lines", 202602, (202602, 202603)),
        ("history_lines", 202612, (202612, 202613)),
        ("audits", 202602, (1769904000_000000, 1772323200_000000)),
        ("findings", 202612, (1796083200_000000, 1798761600_000000)),
    ],
)
def test_bounds(table: str, month: int, bounds: tuple[int, int]) -> None:
    assert Partition(table, month).bounds == bounds


@pytest.mark.parametrize("moment", [AT, NOW, datetime(2026, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)])
def test_a_moment_lies_within_its_month(moment: datetime) -> None:
    low, high = Partition("audits", month_of(moment)).bounds
    assert low <= microseconds(moment) < high
    assert month_of(moment.astimezone()) == month_of(moment)


@pytest.mark.parametrize(
    ("month", "is_made"),
    [(202611, True), (202612, True), (202701, False), (201611, True), (201610, False), (202600, False),
        (202613, False), (101, False), (999912, False), (-5, False)],
)  # fmt: skip
def test_window(url: str, month: int, is_made: bool) -> None:
    """Ten years back and a month ahead; what lies outside is stored all the same."""

    async def run() -> None:
        database = Database(url)
        await Partitions(database, at(NOW)).ensure([Partition("history_lines", month)])
        await database.close()
        assert await there(url) == ({f"history_lines_{month}"} if is_made else set())
        async with opened(url) as store:
            await store.history.put([told(line(), month=month)])
            assert set(await seen(store, asked())) == {"E1"}
        (where,) = await rows(url, "SELECT tableoid::regclass::text FROM history_lines")
        assert where == (f"history_lines_{month}" if is_made else "history_lines_other",)

    asyncio.run(run())


def test_rows_lie_in_their_months(url: str) -> None:
    async def run() -> None:
        async with opened(url) as store:
            for number, moment in enumerate([AT, AT + timedelta(days=31), datetime(1999, 1, 1, tzinfo=UTC)]):
                await store.log.append(record(f"a{number}", recorded_at=moment))
        placed = "SELECT tableoid::regclass::text FROM {} ORDER BY recorded_at DESC"
        for table in ("audits", "findings"):
            assert await rows(url, placed.format(table)) == [
                (f"{table}_202604",), (f"{table}_202603",), (f"{table}_other",)
            ]  # fmt: skip
        assert {f"audits_{month_of(datetime.now(UTC))}"} <= await there(url)

    asyncio.run(run())


def test_eight_that_make_the_same_at_once(url: str) -> None:
    needed = [
        Partition(table, month) for table in ("audits", "findings", "history_lines") for month in range(202601, 202609)
    ]

    async def run() -> None:
        databases = [Database(url) for _ in range(8)]
        await asyncio.gather(*[Partitions(one, at(NOW)).ensure(needed) for one in databases])
        for one in databases:
            await one.close()
        assert await there(url) == {one.name for one in needed}

    asyncio.run(run())


def test_many_requests_of_one_worker_ask_once(url: str) -> None:
    async def run() -> None:
        database = Database(url)
        partitions = Partitions(database, at(NOW))
        await asyncio.gather(*[partitions.ensure([Partition("audits", 202609)]) for _ in range(50)])
        asked_then = await rows(url, "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")
        await asyncio.gather(*[partitions.ensure([Partition("audits", 202609)]) for _ in range(50)])
        asked_now = await rows(url, "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")
        assert asked_now[0][0] - asked_then[0][0] <= 2
        await database.close()

    asyncio.run(run())


def test_what_had_no_partition_moves_when_there_is_one(url: str) -> None:
    """As time goes on, a month that lay too far ahead comes near."""

    async def run() -> None:
        async with opened(url) as store:
            await store.history.put(
                [told(line("L1"), line("L2"), month=202801), told(line("L3"), encounter="E2", month=202803)]
            )
            database = Database(url)
            partitions = Partitions(database, at(datetime(2028, 1, 5, tzinfo=UTC)))
            await partitions.ensure([Partition("history_lines", 202801)])
            await database.close()
            placed = await rows(url, "SELECT line, tableoid::regclass::text FROM history_lines ORDER BY line")
            there = "history_lines_202801"
            assert placed == [("L1", there), ("L2", there), ("L3", "history_lines_other")]
            assert set(await seen(store, asked())) == {"E1", "E2"}
            assert await store.history.withdraw("F1", "E1", "L1", caller="his", at=AT)
            await store.history.put([told(line("L2", told="new"), month=202801)])

    asyncio.run(run())


def test_audits_move_too_and_nothing_can_be_deleted_afterwards(url: str) -> None:
    async def run() -> None:
        async with opened(url) as store:
            await store.log.append(record("a1", key="k", recorded_at=datetime(2030, 5, 1, tzinfo=UTC)))
        database = Database(url)
        needed = [Partition("audits", 203005), Partition("findings", 203005)]
        await Partitions(database, at(datetime(2030, 5, 2, tzinfo=UTC))).ensure(needed)
        await database.close()
        for table in ("audits", "findings"):
            assert await rows(url, f"SELECT tableoid::regclass::text FROM {table}") == [(f"{table}_203005",)]
        async with opened(url) as store:
            assert await store.log.append(record("a2", key="k")) == (b'{"id":"a1"}', True)
            assert await store.log.find("a1") is not None
        kept = "SELECT count(*) FROM pg_trigger WHERE tgrelid = '{}'::regclass AND tgenabled = 'O'"
        for table in ("audits", "findings"):
            found = [await rows(url, kept.format(name)) for name in (f"{table}_other", f"{table}_203005")]
            assert found[0] == found[1]

    asyncio.run(run())


def test_a_partition_that_cannot_be_made_stops_nobody(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """Somebody reads the default partition for long, so that it cannot be locked."""

    async def run() -> None:
        async with opened(url) as store:
            database = Database(url)
            reader = await database.connect()
            await reader.execute("BEGIN")
            await reader.execute("SELECT * FROM audits_other")
            assert await store.log.append(record("a1")) == (b'{"id":"a1"}', False)
            reader.terminate()
            await database.close()
        assert await rows(url, "SELECT tableoid::regclass::text FROM audits") == [("audits_other",)]

    asyncio.run(run())
    assert "partition audits_202603 could not be made: LockNotAvailableError 55P03; audits_other serves" in caplog.text


def test_made_later_where_it_could_not_be_made_at_first(url: str) -> None:
    async def run() -> None:
        database = Database(url)
        partitions = Partitions(database, at(NOW))
        blocker = await database.connect()
        await blocker.execute("BEGIN")
        await blocker.execute("LOCK TABLE audits_other")
        await partitions.ensure([Partition("audits", 202603)])
        blocker.terminate()
        await partitions.ensure([Partition("audits", 202603)])
        assert await there(url) == set()  # it is not tried again at once
        partitions._again_at = 0.0  # some time later
        await partitions.ensure([Partition("audits", 202603)])
        assert await there(url) == {"audits_202603"}
        await database.close()

    asyncio.run(run())


def test_no_database_no_record() -> None:
    async def run() -> None:
        database = Database(f"postgresql://nobody@127.0.0.1:{free_port()}/none")
        with pytest.raises(NotRecorded):
            await Partitions(database).ensure([Partition("audits", 202603)])

    asyncio.run(run())

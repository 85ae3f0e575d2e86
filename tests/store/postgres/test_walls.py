"""Walls: PostgreSQL itself shows a connection what it says it may see, and nothing to one that says nothing."""

import asyncio
from collections.abc import Iterator

import asyncpg
import pytest
from sqlalchemy import text

from app.domain.access import EVERYWHERE, Scope
from app.domain.review import ReviewAction, ReviewState
from app.store.postgres.database import Database
from app.store.postgres.store import postgres_store
from app.store.postgres.walls import reading_for
from tests.servers import Postgres
from tests.store.build import record
from tests.store.contract.test_alerts import alert
from tests.store.contract.test_reviews import attachment
from tests.store.contract.test_stays import stay
from tests.store.reviewing import put, review, step

OF_A_REVIEW = ("reviews", "review_contents", "review_steps", "review_attachments")
OF_FINDINGS = ("findings", "findings_202603")
WALLED = (*OF_A_REVIEW, *OF_FINDINGS, "review_counts", "audits", "audits_202603", "stays", "alerts")
COUNTED = {"review_counts": "DISTINCT facility"}  # sums are many, whatever is counted by


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> Iterator[str]:
    """A database of a user who is no superuser, as the service's is to be, with something of F1 and of F2 in it."""
    postgres.sql("CREATE ROLE service LOGIN NOSUPERUSER")
    postgres.sql("CREATE DATABASE walled OWNER service")
    url = postgres.url("walled").replace("mingjian@", "service@")
    asyncio.run(fill(url))
    yield url
    postgres.sql("DROP DATABASE walled WITH (FORCE)")
    postgres.sql("DROP ROLE service")


async def fill(url: str) -> None:
    store = await asyncio.to_thread(postgres_store, url)
    await store.open()
    for number, facility in enumerate(("F1", "F2")):
        place = {"facility": facility, "campus": "东院", "department": "内科", "practitioner": f"D{number}"}
        one = review(f"f{number}", **place)
        await put(store, one)
        await store.reviews.save([step(one, ReviewAction.TAKE_UP, ReviewState.IN_REVIEW)], EVERYWHERE)
        await store.reviews.attach(attachment(id=f"x{number}", review=one.id), b"PDF", EVERYWHERE)
        await store.log.append(record(f"a{number}", facility=facility))
        await store.stays.put([stay(facility=facility)])
        await store.alerts.append([alert(f"f{number}", facility=facility)])
    assert {(await store.log.find(f"a{number}")).facility for number in range(2)} == {"F1", "F2"}
    await store.close()


async def counts(url: str, *said: str) -> dict[str, int]:
    """What a connection from elsewhere sees, that has said this."""
    connection = await asyncpg.connect(url)
    try:
        for one in said:
            await connection.execute(one)
        return {table: await connection.fetchval(asked(table)) for table in WALLED}
    finally:
        await connection.close()


def asked(table: str) -> str:
    return f"SELECT count({COUNTED.get(table, '*')}) FROM {table}"


def test_who_says_nothing_sees_nothing_and_changes_nothing(url: str) -> None:
    assert asyncio.run(counts(url)) == dict.fromkeys(WALLED, 0)
    for nonsense in ("SET mingjian.scope = ''", "SET mingjian.scope = 'limited'", "SET mingjian.scope = 'ALL'"):
        assert asyncio.run(counts(url, nonsense)) == dict.fromkeys(WALLED, 0)
    deleted = asyncio.run(
        counts(url, "DELETE FROM alerts", "UPDATE reviews SET state = 5", "SET mingjian.scope = 'all'")
    )
    assert deleted["alerts"] == 2


def test_who_says_all_sees_all(url: str) -> None:
    assert asyncio.run(counts(url, "SET mingjian.scope = 'all'")) == dict.fromkeys(WALLED, 2)


def test_who_says_nothing_cannot_add(url: str) -> None:
    for added in (
        "INSERT INTO stays VALUES ('F1', 'S9', '', '2026-03-01', '')",
        "INSERT INTO findings SELECT 99, 0, '', '', 1, '', '', '', '', true, 0, '', 0",
        "INSERT INTO review_counts SELECT 1, 202603, false, 'F9', '', '', '', 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            asyncio.run(counts(url, added))


async def seen_by(url: str, scope: Scope) -> dict[str, int]:
    """By queries that forget to ask for no more."""
    database = Database(url)
    found = {}
    for table in WALLED:
        async with reading_for(database, scope) as connection:
            found[table] = (await connection.execute(text(asked(table)))).scalar_one()
    await database.close()
    return found


NO_FINDINGS = dict.fromkeys(OF_FINDINGS, 0)  # nobody asks for them on behalf of somebody who is limited
ONE_OF_EACH = {**dict.fromkeys(WALLED, 1), **NO_FINDINGS}
NO_REVIEW = {**ONE_OF_EACH, **dict.fromkeys((*OF_A_REVIEW, "review_counts"), 0)}


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (EVERYWHERE, dict.fromkeys(WALLED, 2)),
        (Scope(facilities=frozenset(["F1"])), ONE_OF_EACH),
        (Scope(facilities=frozenset(["F1", "F2", "F3"])), {**dict.fromkeys(WALLED, 2), **NO_FINDINGS}),
        (Scope(facilities=frozenset()), dict.fromkeys(WALLED, 0)),
        (Scope(facilities=frozenset(["*"])), dict.fromkeys(WALLED, 0)),
        (Scope(facilities=frozenset(["F1"]), departments=frozenset(["内科"])), ONE_OF_EACH),
        (Scope(facilities=frozenset(["F1"]), departments=frozenset(["外科"])), {**NO_REVIEW, "stays": 0}),
        (Scope(facilities=frozenset(["F1"]), campuses=frozenset(["西院"])), NO_REVIEW),
        (Scope(facilities=frozenset(["F1"]), practitioner="D0"), {**ONE_OF_EACH, "review_counts": 0}),
        (Scope(facilities=frozenset(["F1"]), practitioner="D1"), NO_REVIEW),
    ],
)
def test_a_caller_sees_what_the_scope_covers(url: str, scope: Scope, expected: dict[str, int]) -> None:
    assert asyncio.run(seen_by(url, scope)) == expected


def test_what_one_caller_may_see_does_not_outlast_the_question(url: str) -> None:
    async def steps() -> int:
        database = Database(url)
        async with reading_for(database, Scope(facilities=frozenset())) as connection:
            await connection.execute(text("SELECT 1"))
        async with database.reading() as connection:
            found: int = (await connection.execute(text("SELECT count(*) FROM reviews"))).scalar_one()
        await database.close()
        return found

    assert asyncio.run(steps()) == 2


@pytest.mark.parametrize("table", ["audits", "findings"])
def test_a_new_partition_has_the_same_wall(postgres: Postgres, url: str, table: str) -> None:
    policies = postgres.sql(
        "SELECT count(DISTINCT pg_get_expr(polqual, polrelid)), count(*) FROM pg_policy"
        f" WHERE polrelid::regclass::text LIKE '{table}%'",
        "walled",
    )
    different, count = map(int, policies.split("|"))
    assert different == 1
    assert count >= 4  # the table, what is in no month, the month of the test, and the month of the record
    assert url

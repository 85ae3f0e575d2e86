"""Sums beside reviews: those that a migration makes of what there is are those that came of every change."""

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from app.domain.access import EVERYWHERE
from app.domain.review import ReviewAction, ReviewState
from app.store.migrate import MIGRATIONS
from app.store.postgres.database import Database
from app.store.store import Store
from tests.store.contract.place import Place, SqlitePlace
from tests.store.review_oracle import drawn_reviews
from tests.store.reviewing import put, step

_SUMS = (
    "SELECT axis, period, is_trial, facility, campus, department, key, total, amount_cents, confirmed, refund_cents"
    " FROM review_counts WHERE axis > 4 AND total > 0 ORDER BY 1, 2, 3, 4, 5, 6, 7"
)
_APPEALS = (ReviewAction.APPEAL, ReviewAction.REJECT, ReviewAction.GRANT, ReviewAction.COMMENT)


def moved(place: Any, move: Callable[[Config, str], None], to: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    if isinstance(place, SqlitePlace):
        config.attributes["url"] = f"sqlite:///{place.path}"
        move(config, to)
        return

    def bound_to(bound: Connection) -> None:
        config.attributes["bound"] = bound
        move(config, to)

    async def in_postgres() -> None:
        database = Database(place.url)
        async with database.engine.connect() as connection:
            await connection.run_sync(bound_to)
        await database.close()

    asyncio.run(in_postgres())


def test_a_migration_makes_the_sums_that_came_of_every_change(place: Place) -> None:
    random = Random(5)

    async def steps(store: Store) -> None:
        known = drawn_reviews(random, 60)
        await put(store, *known)
        for one in known[::2]:
            action = random.choice(_APPEALS)
            await store.reviews.save([step(one, action, ReviewState.CONFIRMED, refund_cents=7)], EVERYWHERE)

    place.run(steps)
    kept = asyncio.run(place.rows(_SUMS))
    assert {row[0] for row in kept} == {5, 6, 7}
    moved(place, command.downgrade, "0018")
    assert asyncio.run(place.rows(_SUMS)) == []
    moved(place, command.upgrade, "0019")
    assert [tuple(row) for row in asyncio.run(place.rows(_SUMS))] == [tuple(row) for row in kept]

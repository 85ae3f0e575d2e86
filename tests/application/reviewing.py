"""A database with reviews for tests, and the desk at which they are worked through."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from app.application.review_findings import ReviewDesk
from app.domain.review import Review
from app.store.sqlite.store import sqlite_store
from app.store.store import Store
from tests.domain.review_build import CALENDAR, NOW
from tests.store.reviewing import put

T = TypeVar("T")


def with_reviews(folder: Path, reviews: list[Review], steps: Callable[[Store], Awaitable[T]]) -> T:
    """Store the reviews, do the steps, close."""

    shutil.copytree(_empty(folder.parent), folder, dirs_exist_ok=True)

    async def all_of_it() -> T:
        store = sqlite_store(folder / "mingjian.sqlite3")
        await store.open()
        try:
            await put(store, *reviews)
            return await steps(store)
        finally:
            await store.close()

    return asyncio.run(all_of_it())


def _empty(place: Path) -> Path:
    """A database after its migrations, made once for all tests: they take longer than what is tested."""
    folder = place / "empty-database"
    if not folder.exists():

        async def make() -> None:
            store = sqlite_store(folder / "mingjian.sqlite3")
            await store.open()
            await store.close()

        folder.mkdir()
        asyncio.run(make())
    return folder


def desk(store: Store, now: datetime = NOW) -> ReviewDesk:
    return ReviewDesk(store.reviews, CALENDAR, now=lambda: now)

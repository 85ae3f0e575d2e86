"""The indexer of reviews gives way (让路) to requests that wait, but not for ever."""

import asyncio
import time

import pytest

from app.application import index_reviews
from app.application.index_reviews import ReviewIndexer


class Counted(ReviewIndexer):
    """With nothing to index; it notes when it looked."""

    def __init__(self, until: float) -> None:
        self.turns: list[float] = []
        self._is_busy = lambda: time.monotonic() < until

    async def take_turn(self, most: int = 200) -> int:
        self.turns.append(time.monotonic())
        return 0


async def _first_turn(indexer: Counted) -> float:
    following = asyncio.create_task(indexer.follow())
    try:
        async with asyncio.timeout(10):
            while not indexer.turns:
                await asyncio.sleep(0.01)
    finally:
        following.cancel()
    return indexer.turns[0]


def first_turn(indexer: Counted) -> float:
    return asyncio.run(_first_turn(indexer))


def test_it_waits_while_others_need_the_process() -> None:
    calm = time.monotonic() + 0.3
    assert first_turn(Counted(calm)) >= calm


def test_it_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_reviews, "_PATIENCE", 0.2)
    started = time.monotonic()
    assert first_turn(Counted(started + 3600)) - started >= 0.2


def test_it_comes_at_once_where_nobody_waits() -> None:
    started = time.monotonic()
    assert first_turn(Counted(started)) - started < 5

"""Used tokens of one machine: claims that come together are written together, and each still gets its own answer."""

import asyncio
import time
from hashlib import sha256
from pathlib import Path

from app.store.history import Unavailable
from app.store.sqlite.used_tokens import SqliteUsedTokens


def digest(what: object) -> bytes:
    return sha256(str(what).encode()).digest()


class Counting(SqliteUsedTokens):
    """Notes how many claims each statement served."""

    def __init__(self, database: Path) -> None:
        super().__init__(database)
        self.served: list[int] = []

    def _insert(self, rows: list[tuple[bytes, int]]) -> set[bytes]:
        self.served.append(len(rows))
        return super()._insert(rows)


def test_claims_that_come_together_are_written_together(tmp_path: Path) -> None:
    async def steps() -> None:
        used, until = Counting(tmp_path / "mingjian.db"), time.time() + 300
        names = [number % 30 for number in range(60)]
        told = await asyncio.gather(*(used.claim(digest(name), until) for name in names))
        assert told == [True] * 30 + [False] * 30
        assert used.served == [60]
        assert not await used.claim(digest(0), until)
        await used.close()

    asyncio.run(steps())


def test_more_than_a_statement_takes(tmp_path: Path) -> None:
    async def steps() -> None:
        used, until = Counting(tmp_path / "mingjian.db"), time.time() + 300
        assert all(await asyncio.gather(*(used.claim(digest(number), until) for number in range(2_500))))
        assert used.served == [1_000, 1_000, 500]
        await used.close()

    asyncio.run(steps())


def test_who_gives_up_takes_nothing_from_others(tmp_path: Path) -> None:
    async def steps() -> None:
        used, until = SqliteUsedTokens(tmp_path / "mingjian.db"), time.time() + 300
        one, another = (asyncio.create_task(used.claim(digest(name), until)) for name in "ab")
        await asyncio.sleep(0)
        one.cancel()
        assert await another
        assert not await used.claim(digest("a"), until), "it was claimed before it was given up"
        await used.close()

    asyncio.run(steps())


def test_all_who_wait_are_told_of_a_fault(tmp_path: Path) -> None:
    async def steps() -> None:
        used, until = SqliteUsedTokens(tmp_path / "gone" / "mingjian.db"), time.time() + 300
        told = await asyncio.gather(*(used.claim(digest(name), until) for name in "ab"), return_exceptions=True)
        assert [type(one) for one in told] == [Unavailable, Unavailable]
        (tmp_path / "gone").mkdir()
        assert await used.claim(digest("a"), until), "it is tried anew"
        await used.close()

    asyncio.run(steps())


def test_what_waits_is_written_before_it_closes(tmp_path: Path) -> None:
    async def steps() -> None:
        used, until = SqliteUsedTokens(tmp_path / "mingjian.db"), time.time() + 300
        waiting = asyncio.create_task(used.claim(digest("a"), until))
        await asyncio.sleep(0)
        await used.close()
        assert await waiting

    asyncio.run(steps())

"""Change the data key (轮换数据密钥): encrypt everything anew by the newest key, while the service goes on.

It may be stopped at any time and started again: what is done is known by the key that each content names.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import NamedTuple

from app.store.data_keys import BadKeys, DataKey, KeyRing
from app.store.resealing import Resealing
from app.store.sealed_columns import SEALED
from app.trail.entry import Details, Kind, TrailEntry, seal

_AT_ONCE = 100  # rows of one transaction: others wait for it
_MOST_PASSES = 20
_REST = 0.005  # seconds between two, for others
_TAKEN_UP = 11.0  # seconds until every worker encrypts by a key that was added to the file, with some to spare


class Progress(NamedTuple):
    """So many rows of this column are done in this pass."""

    column: str
    done: int


Watch = Callable[[Progress], None]


class KeyRotation:
    def __init__(
        self,
        store: Resealing,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store, self._now, self._sleep = store, now, sleep

    @property
    def _ring(self) -> KeyRing:
        ring = self._store.vault.ring
        if ring is None:
            raise BadKeys("there are no data keys")
        return ring

    async def add_key(self, *, caller: str) -> DataKey:
        """A new key, in the file that all workers read; returns when each encrypts by it. Raises BadKeys."""
        key = self._ring.add()
        await self._tell(key, caller, {"step": "added"})
        await self._sleep(_TAKEN_UP)
        return key

    async def rotate(self, *, caller: str, watch: Watch) -> int:
        """How many rows were encrypted anew. Raises BadKeys, CannotOpen, Unavailable, NotRecorded."""
        await self._tell(self._ring.newest, caller, {"step": "started"})
        total, passes = 0, 0
        while found := await self._pass(watch):  # the last pass finds nothing that somebody wrote meanwhile
            total, passes = total + found, passes + 1
            if passes == _MOST_PASSES:
                raise BadKeys("a worker goes on encrypting by an older key: restart the service, then run this again")
        await self._store.finish()
        await self._tell(self._ring.newest, caller, {"step": "finished", "rows": total})
        return total

    async def _pass(self, watch: Watch) -> int:
        total = 0
        for one in SEALED:
            after, count = None, 0
            while True:
                page = await self._store.page(one, after, _AT_ONCE)
                count += page.done
                if page.done:
                    watch(Progress(one.name, count))
                if page.last is None:
                    break
                after = page.last
                await self._sleep(_REST)
            total += count
        return total

    async def forget(self, name: str, *, caller: str) -> None:
        """Take away a key that nothing is encrypted by. Raises BadKeys, and UnknownKey where there is none such."""
        counts = await self._store.counts()
        if held := counts.get(name):
            rows = ", ".join(f"{column}: {count}" for column, count in held.items())
            raise BadKeys(f"data key {name} is in use yet ({rows}): run `mingjian privacy rotate` first")
        key = self._ring.find(bytes.fromhex(name))
        self._ring.drop(key.id)
        await self._tell(key, caller, {"step": "forgotten"})

    async def _tell(self, key: DataKey, caller: str, details: Details) -> None:
        details = {"cipher": self._ring.cipher, **details}
        told = TrailEntry(
            kind=Kind.KEY_CHANGED, subject=f"data-key:{key.name}", at=self._now(), actor=caller, details=details
        )
        await self._store.tell([seal(told)])

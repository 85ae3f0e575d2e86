"""Lags: how long the trail waits for its signatures and its witness, told of the real trail on SQLite."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from app.application.keep_trail import TrailKeeper
from app.interfaces.observe.lags import Lags
from app.store.opening import store_at
from app.store.store import Store
from app.trail.entry import Kind, TrailEntry, seal
from app.trail.keys import Cosigner, Ed25519Signer
from app.trail.note import Signature, read_note
from tests.interfaces.observe.series import value

SIGNER = Ed25519Signer("mingjian.example/hospital-1", bytes(range(32)))
WITNESS = Cosigner("witness.example/office", bytes(range(1, 33)))
AT = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
START = AT.timestamp()


class Watch:
    """The lags, and a clock that is set by hand."""

    def __init__(self, store: Store) -> None:
        self.store, self.registry, self.now = store, CollectorRegistry(), START
        self.keeper = TrailKeeper(store.trail, SIGNER.name, [SIGNER], now=lambda: datetime.fromtimestamp(self.now, UTC))
        self.lags = Lags(self.registry, store.rulesets, store.trail, [WITNESS.name], clock=lambda: self.now)

    async def add(self) -> None:
        at = datetime.fromtimestamp(self.now, UTC)
        await self.store.trail.append([seal(TrailEntry(kind=Kind.EXPORTED, subject="x", at=at))])

    async def cosign(self, size: int) -> None:
        found = await self.store.trail.checkpoint()
        assert found is not None
        note = read_note(found.note)
        signed = Signature(WITNESS.name, WITNESS.key_id, WITNESS.cosign(note.text, int(self.now)))
        whole = note._replace(signatures=(*note.signatures, signed))
        await self.store.trail.cosigned(size, whole.encode())

    async def told(self, name: str) -> float:
        await self.lags.ask()
        return value(self.registry, f"mingjian_{name}")


def run(path: Path, use: Any) -> None:
    async def inside() -> None:
        store = store_at(None, path)
        await store.open()
        try:
            await use(Watch(store))
        finally:
            with suppress(RuntimeError):  # a test may have closed it
                await store.close()

    asyncio.run(inside())


def test_the_lag_of_the_checkpoint(tmp_path: Path) -> None:
    async def use(watch: Watch) -> None:
        assert await watch.told("trail_checkpoint_lag_seconds") == 0
        await watch.add()
        watch.now += 3
        await watch.add()
        watch.now += 4
        assert await watch.told("trail_checkpoint_lag_seconds") == 7
        assert await watch.told("trail_unsigned_entries") == await watch.told("trail_entries") == 2
        await watch.keeper.checkpoint()
        assert await watch.told("trail_checkpoint_lag_seconds") == 0
        assert await watch.told("trail_unsigned_entries") == 0
        assert await watch.told("trail_entries") == 2

    run(tmp_path / "a.sqlite3", use)


def test_the_lag_of_a_witness(tmp_path: Path) -> None:
    async def use(watch: Watch) -> None:
        name = "trail_witness_lag_seconds"
        assert await watch.told(name) == 0
        for size in (1, 2):  # it counts from the first that was not cosigned
            await watch.add()
            await watch.keeper.checkpoint()
            assert await watch.told(name) == (0 if size == 1 else 60)
            watch.now += 60
        assert await watch.told(name) == 120
        await watch.cosign(2)
        assert await watch.told(name) == 0

    run(tmp_path / "a.sqlite3", use)


def test_while_the_database_is_away_what_waits_waits_on(tmp_path: Path) -> None:
    async def use(watch: Watch) -> None:
        await watch.add()
        watch.now += 5
        assert await watch.told("trail_checkpoint_lag_seconds") == 5
        await watch.store.close()
        watch.now += 60
        assert await watch.told("trail_checkpoint_lag_seconds") == 65

    run(tmp_path / "a.sqlite3", use)

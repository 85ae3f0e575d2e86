"""Checkpoints come in time, are signed once whatever the number of workers, and are cosigned by a real witness."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st

from app.application.ask_witness import HttpWitness
from app.application.keep_trail import MOST_ENTRIES, TrailKeeper
from app.application.read_trail import NotYet, TrailReader
from app.interfaces.witness import WitnessServer
from app.store.sqlite.store import sqlite_store
from app.store.store import Store
from app.trail import verifier
from app.trail.entry import Kind, TrailEntry, seal
from app.trail.keys import Cosigner, Ed25519Signer, read_verifier
from app.trail.note import read_checkpoint, read_note, verified_by
from app.trail.witness import SeenFile, Witness, trusted

SIGNER = Ed25519Signer("mingjian.example/hospital-1", bytes(range(32)))
WITNESS = Cosigner("witness.example/office", bytes(range(1, 33)))
AT = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)


def some(count: int, start: int = 0) -> list[Any]:
    return [
        seal(TrailEntry(kind=Kind.EXPORTED, subject=f"x{number}", at=AT, private=b"secret"))
        for number in range(start, start + count)
    ]


def run(path: Path, use: Any) -> Any:
    async def inside() -> Any:
        store = sqlite_store(path)
        await store.open()
        try:
            return await use(store)
        finally:
            await store.close()

    return asyncio.run(inside())


@pytest.mark.parametrize("sizes", [[1], [255, 1], [256], [300, 5, 500], [1, 1, 1], [1030, 3]])
def test_roots_and_proofs_at_any_size(tmp_path: Path, sizes: list[int]) -> None:
    async def use(store: Store) -> None:
        keeper, reader, seen = TrailKeeper(store.trail, SIGNER.name, [SIGNER]), TrailReader(store.trail), []
        total = 0
        for count in sizes:
            await store.trail.append(some(count, total))
            total += count
            found = await keeper.checkpoint()
            assert found is not None
            assert found.size == total
            seen.append(found)
        assert await keeper.checkpoint() is None  # nothing new
        for number in {0, 1, total // 2, total - 1} & set(range(total)):
            proof = await reader.proof_file(number)
            assert verifier.verify_proof(proof.encode(), SIGNER.verifier_key)[0] == number
        with pytest.raises(NotYet, match="there is no entry"):
            await reader.proof_file(total)
        await store.trail.append(some(1, total))
        with pytest.raises(NotYet, match="waits for its checkpoint"):
            await reader.proof_file(total)

    run(tmp_path / "a.sqlite3", use)


def test_a_checkpoint_comes_in_time(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        keeper = TrailKeeper(store.trail, SIGNER.name, [SIGNER])
        assert await keeper.look(0.0) is None
        await store.trail.append(some(1))
        assert [await keeper.look(clock) for clock in (1.0, 4.0, 7.9)] == [None, None, None]
        found = await keeper.look(8.0)
        assert found is not None
        assert found.size == 1
        await store.trail.append(some(MOST_ENTRIES))
        again = await keeper.look(8.1)
        assert again is not None
        assert again.size == MOST_ENTRIES + 1

    run(tmp_path / "a.sqlite3", use)


def test_workers_sign_each_size_once(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        keepers = [TrailKeeper(store.trail, SIGNER.name, [SIGNER]) for _ in range(4)]
        for keeper in keepers:
            await keeper.open()
        assert await store.trail.size() == 2  # started once, and one key
        await store.trail.append(some(10))
        made = await asyncio.gather(*[keeper.checkpoint() for keeper in keepers])
        assert len([one for one in made if one is not None]) == 1

    run(tmp_path / "a.sqlite3", use)


def test_a_clock_that_goes_back_does_not_take_checkpoints_along(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        clock = [AT]
        keeper = TrailKeeper(store.trail, SIGNER.name, [SIGNER], now=lambda: clock[0])
        times = []
        for days in (0, 40, -40, 1):
            clock[0] = AT + timedelta(days=days)
            await store.trail.append(some(1))
            found = await keeper.checkpoint()
            assert found is not None
            times.append(found.at)
        assert times == sorted(times)

    run(tmp_path / "a.sqlite3", use)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 7), min_size=1, max_size=12))
def test_numbers_have_no_gaps_whoever_writes(tmp_path_factory: pytest.TempPathFactory, batches: list[int]) -> None:
    async def use(store: Store) -> None:
        await asyncio.gather(*[store.trail.append(some(count)) for count in batches])
        entries = await store.trail.entries(0, 1_000)
        assert [one.seq for one in entries] == list(range(sum(batches)))

    run(tmp_path_factory.mktemp("trail") / "a.sqlite3", use)


@contextmanager
def witnessing(folder: Path) -> Iterator[str]:
    witness = Witness(WITNESS, trusted([read_verifier(SIGNER.verifier_key)]), SeenFile(folder / "seen"), AT.timestamp)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(WitnessServer(witness), log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        pass
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def test_a_witness_cosigns_over_http(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        with witnessing(tmp_path) as url:
            for restarted in (False, False, True):
                asked = HttpWitness(url, read_verifier(WITNESS.verifier_key))
                keeper = TrailKeeper(store.trail, SIGNER.name, [SIGNER], [asked])
                await store.trail.append(some(300))
                assert await keeper.checkpoint() is not None
                found = await store.trail.checkpoint()
                assert found is not None
                keys = [read_verifier(SIGNER.verifier_key), read_verifier(WITNESS.verifier_key)]
                assert verified_by(read_note(found.note), keys) == (SIGNER.name, WITNESS.name), restarted

    run(tmp_path / "a.sqlite3", use)


def test_a_witness_does_not_cosign_a_log_put_back(tmp_path: Path) -> None:
    """The same log, restored from a backup: it has fewer entries, then others of the same number."""
    with witnessing(tmp_path) as url:

        async def grow(store: Store, count: int) -> tuple[str, ...]:
            keeper = TrailKeeper(
                store.trail, SIGNER.name, [SIGNER], [HttpWitness(url, read_verifier(WITNESS.verifier_key))]
            )
            await store.trail.append(some(count))
            await keeper.checkpoint()
            found = await store.trail.checkpoint()
            assert found is not None
            return tuple(one.name for one in read_note(found.note).signatures)

        both = (SIGNER.name, WITNESS.name)
        assert run(tmp_path / "true.sqlite3", lambda store: grow(store, 20)) == both
        assert run(tmp_path / "back.sqlite3", lambda store: grow(store, 10)) == (SIGNER.name,)
        assert run(tmp_path / "back.sqlite3", lambda store: grow(store, 30)) == (SIGNER.name,)
        assert run(tmp_path / "true.sqlite3", lambda store: grow(store, 5)) == both


def test_a_witness_that_is_away_does_no_harm(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        keeper = TrailKeeper(
            store.trail, SIGNER.name, [SIGNER], [HttpWitness("http://127.0.0.1:9", read_verifier(WITNESS.verifier_key))]
        )
        await store.trail.append(some(1))
        found = await keeper.checkpoint()
        assert found is not None
        assert read_checkpoint(read_note(found.note).text).size == 1

    run(tmp_path / "a.sqlite3", use)

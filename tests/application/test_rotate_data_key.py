"""A change of keys reaches every row, of before there was encryption too, while others write; on both databases."""

import asyncio
import base64
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.application.audit_encounter import EncounterAuditor
from app.application.keep_trail import TrailKeeper
from app.application.patient_history import PatientHistory
from app.application.replay_audits import Replayer
from app.application.rotate_data_key import KeyRotation, Progress
from app.application.verify_trail import TrailVerifier
from app.domain.audit import AuditRequest
from app.domain.decision import DecisionPolicy
from app.domain.disposition import Action, Disposition
from app.store.data_keys import BadKeys, KeySource
from app.store.history import HistoryQuery
from app.store.opening import store_at
from app.store.postgres.store import postgres_store
from app.store.sqlite.store import sqlite_store
from app.store.store import Store
from app.store.vault import CannotOpen
from app.trail.keys import Ed25519Signer, read_verifier
from tests.application.build import request, rules
from tests.servers import Postgres

SIGNER = Ed25519Signer("mingjian.example/hospital-1", bytes(range(32)))
REASON = "病情需要，患者已知情"


class Place:
    def __init__(self, folder: Path, url: str | None) -> None:
        self.folder, self.url, self.rules = folder, url, rules(folder / "rules")
        self.file = folder / "data-keys"

    def plain(self) -> Store:
        """As the store was before there was encryption."""
        path = self.folder / "mingjian.sqlite3"
        return sqlite_store(path) if self.url is None else postgres_store(self.url)

    def sealed(self, keys: KeySource | None = None) -> Store:
        return store_at(self.url, self.folder / "mingjian.sqlite3", keys=keys)


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    url = None
    if request.param == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.new_database()
    return Place(tmp_path, url)


async def use(store: Store, steps: Callable[[Store], Any]) -> Any:
    await store.open()
    try:
        return await steps(store)
    finally:
        await store.close()


def work(place: Place, *numbers: int) -> Callable[[Store], Any]:
    """Audits of two patients, an answer to each, and a withdrawal: something in every column that is sealed."""

    async def steps(store: Store) -> None:
        await TrailKeeper(store.trail, SIGNER.name, [SIGNER]).open()
        history = PatientHistory(store.history)
        auditor = EncounterAuditor(lambda: place.rules, store.log, DecisionPolicy(), history=history)
        for number in numbers:
            told = request("D1")
            who = msgspec.structs.replace(told.encounter.patient, id=f"P{number % 2}")
            stay = msgspec.structs.replace(told.encounter, id=f"E{number}", patient=who)
            body = msgspec.json.encode(msgspec.structs.replace(told, encounter=stay))
            answer, _ = await auditor.audit(msgspec.json.decode(body, type=AuditRequest), body, caller="his", key=None)
            (finding,) = msgspec.json.decode(answer)["findings"]
            said = Disposition(finding=finding["id"], action=Action.PROCEED, reason=REASON, practitioner="D1")
            await store.dispositions.append([said], caller="his", at=datetime.now(UTC))
        await store.history.withdraw("F1", "E0", "L1", caller="his", at=datetime.now(UTC))

    return steps


async def history_of(store: Store, patient: str) -> list[str]:
    """The patient's encounters, by what their headers say."""
    query = HistoryQuery("F1", "-", patient, ("F1",), since=datetime(2026, 1, 1, tzinfo=UTC).date(), prefixes=("",))
    return [msgspec.json.decode(one.header)["id"] for one in await store.history.fetch(query)]


def whole(place: Place, count: int) -> Callable[[Store], Any]:
    """Everything can be read, judged again and verified."""

    async def steps(store: Store) -> None:
        replayer = Replayer(store.log, store.rulesets, lambda: place.rules)
        replayed = [one async for one in replayer.replay_latest(100)]
        assert [one.is_identical for one in replayed] == [True] * count
        await TrailKeeper(store.trail, SIGNER.name, [SIGNER]).checkpoint()
        verifier = TrailVerifier(store.trail, store.effects, [read_verifier(SIGNER.verifier_key)])
        assert (await verifier.verify()).faults == ()
        for one in replayed:
            (finding,) = msgspec.json.decode(one.stored)["findings"]
            assert (await store.dispositions.latest([finding["id"]]))[finding["id"]].reason == REASON

    return steps


async def at_once(_: float) -> None:
    """Nobody waits in a test."""


def drop(store: Store, key: bytes) -> None:
    assert store.vault.ring is not None
    store.vault.ring.drop(key)


def nothing(_: Progress) -> None:
    pass


async def rotate(store: Store) -> int:
    return await KeyRotation(store.resealing, sleep=at_once).rotate(caller="admin", watch=nothing)


def test_rows_of_before_are_read_found_and_encrypted(place: Place) -> None:
    asyncio.run(use(place.plain(), work(place, 0, 1, 2)))

    async def first(store: Store) -> None:
        await work(place, 3, 5)(store)  # P1 is known by its own id, and by a hash
        assert await history_of(store, "P1") == ["E1", "E3", "E5"]
        assert await store.whole_history.read("P1", ("F1",), datetime(2020, 1, 1).date(), 100) is not None  # noqa: DTZ001
        await whole(place, 5)(store)
        assert "" in await store.resealing.counts()
        assert await rotate(store) >= 3 + 3 + 3 + 3
        counts = await store.resealing.counts()
        assert len(counts) == 1
        assert "" not in counts
        assert await rotate(store) == 0
        assert await history_of(store, "P1") == ["E1", "E3", "E5"]

    asyncio.run(use(place.sealed(), first))
    asyncio.run(use(place.sealed(), whole(place, 5)))

    async def again(store: Store) -> None:
        assert await history_of(store, "P1") == ["E1", "E3", "E5"]  # by the hash alone
        assert store.vault.lookups("P1") == [store.vault.lookup("P1")]
        assert len(await store.erasure.audits_of("P1", "F1")) == 3

    asyncio.run(use(place.sealed(), again))


def test_a_new_key_is_taken_up_by_who_runs_and_the_old_one_forgotten(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.store.data_keys._LOOK_EVERY", 0.0)

    async def steps(runs: Store) -> None:
        await work(place, 0, 1)(runs)
        (old,) = await runs.resealing.counts()

        async def beside(store: Store) -> str:
            rotation = KeyRotation(store.resealing, sleep=at_once)
            key = await rotation.add_key(caller="admin")
            assert await history_of(runs, "P1") == ["E1"]
            assert await rotation.rotate(caller="admin", watch=nothing) > 0
            await work(place, 2, 3)(runs)  # it encrypts by the new key, without a restart
            with pytest.raises(BadKeys, match="newest"):
                drop(store, key.id)
            await rotation.forget(old, caller="admin")
            return key.name

        new = await use(place.sealed(), beside)
        assert set(await runs.resealing.counts()) == {new}
        assert new != old
        told = [entry.kind for entry in await runs.trail.find(f"data-key:{new}")]
        assert told == ["key.changed"] * 3

    asyncio.run(use(place.sealed(), steps))
    asyncio.run(use(place.sealed(), whole(place, 4)))


def test_a_key_in_use_is_not_forgotten(place: Place) -> None:
    async def steps(store: Store) -> None:
        await work(place, 0)(store)
        (old,) = await store.resealing.counts()
        rotation = KeyRotation(store.resealing, sleep=at_once)
        await rotation.add_key(caller="admin")
        with pytest.raises(BadKeys, match="in use yet"):
            await rotation.forget(old, caller="admin")

    asyncio.run(use(place.sealed(), steps))


def test_stopped_and_started_again(place: Place) -> None:
    asyncio.run(use(place.plain(), work(place, *range(6))))

    class Stop(Exception):
        pass

    def stop(progress: Progress) -> None:
        if progress.column.startswith("trail_private"):
            raise Stop

    async def steps(store: Store) -> None:
        with pytest.raises(Stop):
            await KeyRotation(store.resealing, sleep=at_once).rotate(caller="admin", watch=stop)
        await whole(place, 6)(store)
        assert await rotate(store) > 0
        await whole(place, 6)(store)

    asyncio.run(use(place.sealed(), steps))


def test_other_keys_do_not_open_the_store(place: Place) -> None:
    asyncio.run(use(place.sealed(), work(place, 0)))
    other = KeySource(Path("none"), base64.b64encode(b"2" * 32).decode())
    with pytest.raises(CannotOpen, match="MINGJIAN_DATA_KEYS"):
        asyncio.run(use(place.sealed(other), work(place, 1)))
    assert place.file.stat().st_mode & 0o777 == 0o600


def test_sm4_and_aes_side_by_side(place: Place) -> None:
    asyncio.run(use(place.sealed(), work(place, 0)))
    chinese = KeySource(place.file, cipher="sm4")
    asyncio.run(use(place.sealed(chinese), work(place, 1)))
    asyncio.run(use(place.sealed(chinese), whole(place, 2)))
    assert asyncio.run(use(place.sealed(chinese), rotate)) > 0
    asyncio.run(use(place.sealed(), whole(place, 2)))

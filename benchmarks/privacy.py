"""What encryption costs (加密开销): audits with their past, stored in SQLite, by a store that encrypts and by one that
does not, in turns; processor time, which other processes of the machine disturb least.
"""

import asyncio
import base64
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from app.application.audit_encounter import EncounterAuditor
from app.application.load_ruleset import load_ruleset
from app.application.patient_history import PatientHistory
from app.domain.audit import AuditRequest
from app.domain.decision import DecisionPolicy
from app.store.data_keys import KeyRing, KeySource
from app.store.sqlite.store import sqlite_store
from app.store.vault import PLAIN, Vault
from benchmarks.generate import World, write_packs
from benchmarks.goals import goal

_KEY = base64.b64encode(bytes(range(32))).decode()
_AT_ONCE = 32


def run(quick: bool = False) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder), *((30, 60) if quick else (100, 100))))


async def _measure(folder: Path, rounds: int, audits: int) -> list[str]:
    world = World(3000, 100_000)
    write_packs(world, folder / "rules")
    ruleset = load_ruleset(folder / "rules")
    bodies = [msgspec.json.encode(AuditRequest(encounter=one)) for one in world.encounters(200)]
    stores = {name: sqlite_store(folder / f"{name}.sqlite3", vault) for name, vault in _vaults(folder).items()}
    for store in stores.values():
        await store.open()
    auditors = {
        name: EncounterAuditor(lambda: ruleset, store.log, DecisionPolicy(), history=PatientHistory(store.history))
        for name, store in stores.items()
    }
    spent: dict[str, list[float]] = {name: [] for name in stores}
    for number in range(rounds + 1):
        for name in stores if number % 2 else reversed(stores):
            seconds = await _audit(auditors[name], bodies, audits)
            if number:  # the first warms up
                spent[name].append(seconds / audits * 1_000_000)
    for store in stores.values():
        await store.close()
    goals = []
    plain = spent["plain"]
    for name, some in spent.items():
        shares = [sealed / bare - 1 for sealed, bare in zip(some, plain, strict=True)]
        share = statistics.median(shares)
        print(f"{name:<8}{statistics.median(some):>8.0f} µs of processor per audit, {share:+.1%}")
        if name == "aes":
            goals.append(
                goal("processor time that encryption adds to an audit", f"{share:.1%}", share <= 0.03, "≤ 3 %")
            )
    _alone(_vaults(folder))
    return goals


def _vaults(folder: Path) -> dict[str, Vault]:
    return {
        "plain": PLAIN,
        "aes": Vault(KeyRing(KeySource(folder / "none", _KEY, "aes"))),
        "sm4": Vault(KeyRing(KeySource(folder / "none", _KEY, "sm4"))),
    }


async def _audit(auditor: EncounterAuditor, bodies: list[bytes], audits: int) -> float:
    waiting = asyncio.Semaphore(_AT_ONCE)

    async def one(number: int) -> None:
        body = bodies[number % len(bodies)]
        async with waiting:
            await auditor.audit(msgspec.json.decode(body, type=AuditRequest), body, caller="his", key=None)

    started = time.process_time()
    await asyncio.gather(*[one(number) for number in range(audits)])
    return time.process_time() - started


def _alone(vaults: dict[str, Vault]) -> None:
    content = bytes(range(256)) * 12  # as large as an ordinary audit is, packed
    for name, vault in vaults.items():
        vault.tell(b"lookup", has_plain=False)
        sealed, header = vault.seal("audits", ("a" * 32,), content), "x" * 400
        told = {
            "seal": _time(lambda: vault.seal("audits", ("a" * 32,), content)),  # noqa: B023 - called at once
            "open": _time(lambda: vault.open("audits", ("a" * 32,), sealed)),  # noqa: B023
            "header": _time(lambda: vault.seal_text("history_encounters", ("F1", "E1"), header)),  # noqa: B023
            "lookup": _time(lambda: vault.lookup("P1")),  # noqa: B023
        }
        print(f"{name:<8}" + ", ".join(f"{what} {micros:.1f} µs" for what, micros in told.items()))


def _time(act: Callable[[], object], count: int = 2_000) -> float:
    started = time.perf_counter()
    for _ in range(count):
        act()
    return (time.perf_counter() - started) / count * 1_000_000

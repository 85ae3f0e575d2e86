"""The trail: what it costs the service, and how fast a log is verified, from an export or from the database.

The service without the trail is the same one, whose audit log neither seals nor appends (benchmarks/servers.py).
"""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import msgspec

from app.application.keep_trail import TrailKeeper
from app.application.trail_keys import trail_signers
from app.domain.audit import AuditRequest
from app.store.audit_log import AuditRecord
from app.store.sealing import seal_audit
from app.store.sqlite.store import sqlite_store
from app.trail.keys import Ed25519Signer
from app.trail.note import Checkpoint, sign
from app.trail.tiles import TileWriter
from app.trail.tree import Peaks, leaf_hash
from benchmarks.generate import World, write_packs
from benchmarks.goals import goal, rounded
from benchmarks.http import Round, load, server

_AT = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
_PAGE = 10_000


def run(quick: bool = False) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        goals = [_service(Path(folder), *((3, 1.5) if quick else (9, 4.0)))]
        goals += _offline(Path(folder) / "export", 100_000 if quick else 1_000_000, quick)
        _whole(Path(folder) / "data", 10_000 if quick else 100_000)
        return goals


def _service(folder: Path, rounds: int, seconds: float) -> str:
    world, bodies = World(3000, 100_000), folder / "bodies"
    write_packs(world, folder / "rules")
    bodies.mkdir()
    for encounter in world.encounters(200):
        (bodies / f"{encounter.id}.json").write_bytes(msgspec.json.encode(AuditRequest(encounter=encounter)))
    measured: dict[str, list[Round]] = {"audit": [], "without_trail": []}
    names = list(measured)
    with server(names[0], str(folder), folder / "rules") as one, server(names[1], str(folder), folder / "rules") as two:
        ports = dict(zip(names, (one, two), strict=True))
        for number in range(rounds):
            for name in names if number % 2 else reversed(names):
                measured[name].append(load(ports[name], "/v1/audits", bodies, seconds))
    shares = [
        kept.requests_per_second / bare.requests_per_second for kept, bare in zip(*measured.values(), strict=True)
    ]
    for name, some in measured.items():
        told = [f"{statistics.median(values):.1f}" for values in zip(*some, strict=True)]
        print(f"{name:<15}{told[0]:>9} audits/s, p50 {told[1]} ms, p99 {told[2]} ms")
    share = statistics.median(shares)
    return goal("audits/s with the trail, share of those without it", f"{share:.0%}", share >= 0.85, "≥ 85 %")


def _offline(folder: Path, count: int, quick: bool) -> Iterator[str]:
    """The verifier that every export holds, alone in a process of its own."""
    key = Ed25519Signer("mingjian.example/bench", bytes(range(32)))
    tiles, peaks = TileWriter(folder), Peaks()
    for number in range(count):
        entry = seal_audit(_record(number))[1].body
        tiles.add([entry])
        peaks.append(leaf_hash(entry))
    tiles.finish()
    note = sign(Checkpoint(key.name, count, peaks.root()).encode(), [key])
    (folder / "checkpoint").write_text(note.encode(), "utf-8")
    command = [sys.executable, "app/trail/verifier.py", str(folder), key.verifier_key]
    times = []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - began)
    seconds = statistics.median(times)
    speed = count / seconds
    print(f"export of {count:,} entries verified in {seconds:.1f} s, the start of the process among it")
    yield goal("offline verification", f"{rounded(speed)} entries/s", speed >= 100_000, "≥ 100,000 entries/s")
    if not quick:
        yield goal("offline verification of 1 M entries", f"{seconds:.1f} s", seconds <= 30, "≤ 30 s")


def _whole(data: Path, count: int) -> None:
    """Entries, checkpoints, and every row with its findings, from the database."""
    environment = {**os.environ, "MINGJIAN_DATA_DIR": str(data), "DATABASE_URL": "", "REDIS_URL": ""}
    asyncio.run(_fill(data, count))
    began = time.perf_counter()
    command = [sys.executable, "-m", "app.interfaces.cli", "trail", "verify"]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - began
    print(f"`mingjian trail verify` of {count:,} audits, rows and all: {seconds:.1f} s, {rounded(count / seconds)}/s")


async def _fill(data: Path, count: int) -> None:
    store = sqlite_store(data / "mingjian.sqlite3")
    await store.open()
    signers = trail_signers(data / "trail")
    keeper = TrailKeeper(store.trail, signers[0].name, signers)
    await keeper.open()
    for first in range(0, count, _PAGE):
        numbers = range(first, min(first + _PAGE, count))
        await asyncio.gather(*[store.log.append(_record(number)) for number in numbers])
        await keeper.checkpoint()
    await store.close()


def _body(number: int) -> bytes:
    """What compresses as encounters do: the same names, other numbers."""
    lines = [{"id": f"L{one}", "item_code": f"0011020000{number * 7 % 100:02d}{one:03d}"} for one in range(12)]
    return msgspec.json.encode({"encounter": {"id": f"E{number}", "charge_lines": lines}})


def _record(number: int) -> AuditRecord:
    """Of the usual size: two findings, some kilobytes of request and answer."""
    audit_id, body = f"{number:026d}", _body(number)
    row = ("a-rule", 2, "P-1", "definite", "block", "shown", True, 5000, "L1|L2")
    return AuditRecord(
        id=audit_id, recorded_at=_AT, caller="his", facility="F1", encounter=f"E{number}", stage="settling",
        decision="block", ruleset="r" * 32, request=body, request_digest=sha256(body).digest(), audit=body, hidden=b"",
        findings=[(f"{audit_id}-{one}", *row) for one in range(2)],
    )  # fmt: skip

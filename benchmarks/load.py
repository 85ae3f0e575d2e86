"""Loading: rule packs on disk, compiled; the compiled file, opened; the first audits; and memory.

Each figure is the median of fresh processes. Memory is what the process holds in all, the interpreter and the
encounters to judge among it.
"""

import gc
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from app.application.load_ruleset import load_ruleset
from app.domain.case import Case
from app.domain.encounter import Encounter
from app.engine.compiled import compile_rules
from app.engine.ruleset import open_ruleset
from app.knowledge.pack import read_packs
from benchmarks.generate import World, write_packs
from benchmarks.goals import goal

_FIRST_AUDITS = 200


def run(quick: bool = False) -> list[str]:
    rounds = 3 if quick else 7
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        world = World(3_000, 100_000)
        write_packs(world, folder / "rules")
        (folder / "encounters.json").write_bytes(msgspec.json.encode(world.encounters(_FIRST_AUDITS)))
        (folder / "compiled").write_bytes(compile_rules(read_packs(folder / "rules")))
        megabytes = (folder / "compiled").stat().st_size / 1_000_000
        compiled = [_fresh("compile", folder) for _ in range(rounds)]
        opened = [_fresh("open", folder) for _ in range(rounds)]
    from_csv = _median(compiled, "seconds")
    opening, first, memory = (_median(opened, what) for what in ("open_ms", "first_ms", "mib"))
    busy, peak = _median(compiled, "processor_seconds"), _median(compiled, "peak_mib")
    print(f"3,000 rules with 100,000 points from CSV: {from_csv:.2f} s, {busy:.2f} s of processor, {peak:.0f} MiB")
    print(f"compiled file of {megabytes:.1f} MB: opened in {opening:.1f} ms, first audit after {first:.1f} ms")
    audits = _median(opened, "audits_ms")
    print(f"the first {_FIRST_AUDITS} audits: {audits:.0f} ms; afterwards {memory:.0f} MiB are held")
    return [
        goal("load from CSV", f"{from_csv:.2f} s", from_csv < 2, "< 2 s"),
        goal("load from the compiled file, with the first audit", f"{first:.0f} ms", first < 200, "< 200 ms"),
        goal("memory after opening and auditing", f"{memory:.0f} MiB", memory < 200, "< 200 MiB"),
    ]


def _median(measured: list[dict[str, float]], what: str) -> float:
    return statistics.median(one[what] for one in measured)


def _fresh(step: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.load", step, str(folder)]
    told: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return told


def _memory(field: str) -> float:
    """MiB that the process holds now (VmRSS) or has held at most (VmHWM)."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{field}:")[1].split()[0]) / 1024


def _compile(folder: Path) -> dict[str, float]:
    started, processor = time.perf_counter(), time.process_time()
    load_ruleset(folder / "rules")
    seconds, processor = time.perf_counter() - started, time.process_time() - processor
    peak = _memory("VmHWM")
    return {"seconds": seconds, "processor_seconds": processor, "peak_mib": peak}


def _open(folder: Path) -> dict[str, float]:
    encounters = msgspec.json.decode((folder / "encounters.json").read_bytes(), type=list[Encounter])
    started = time.perf_counter()
    ruleset = open_ruleset(folder / "compiled")
    opened = time.perf_counter()
    ruleset.audit(Case(encounters[0]))
    first = time.perf_counter()
    for encounter in encounters:
        ruleset.audit(Case(encounter))
    done = time.perf_counter()
    gc.collect()
    return {
        "open_ms": (opened - started) * 1000,
        "first_ms": (first - started) * 1000,
        "audits_ms": (done - first) * 1000,
        "mib": _memory("VmRSS"),
    }


if __name__ == "__main__":
    print(json.dumps((_compile if sys.argv[1] == "compile" else _open)(Path(sys.argv[2]))))

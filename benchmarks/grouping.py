"""Grouping: DRG groups of published cases, beside an interpreter of closures; opening a scheme, and its memory.

The schemes and cases lie beside this repository, in ../shared; without them there is nothing to measure.
"""

import gzip
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from app.application.case_objects import read_case_object
from app.application.load_scheme import load_scheme
from app.domain.stay import Stay
from app.grouper.drg import group
from app.grouper.scheme import Scheme
from benchmarks.closures import ClosureGrouper
from benchmarks.goals import goal, rounded

TABLES = Path(__file__).parents[2] / "shared" / "data" / "drg"
_SCHEME = "chs_drg_11"
_TRACED = 2_000


def run(quick: bool = False) -> list[str]:
    zipped, cases = TABLES / "schemes" / f"{_SCHEME}.zip", TABLES / "cases" / f"{_SCHEME}.jsonl.gz"
    if not zipped.exists() or not cases.exists():
        print("the published schemes are not beside this repository: nothing measured")
        return []
    rounds = 3 if quick else 9
    scheme = load_scheme(zipped)
    with gzip.open(cases, "rb") as file:
        documents = [json.loads(line)["case"] for line in file]
    stays = [read_case_object(one).stay for one in documents]
    rival = ClosureGrouper(zipped)
    _agree(scheme, rival, stays)
    ours, cold, closures = _speeds(scheme, rival, stays, zipped, rounds)
    traced = _median(rounds, lambda: [group(scheme, stay, trace=True) for stay in stays[:_TRACED]])
    reading = _median(rounds, lambda: [read_case_object(one) for one in documents])
    print(f"{len(stays):,} cases of {_SCHEME}, decoded, one core, medians of {rounds} rounds")
    print(f"{'grouped':<44}{rounded(ours):>10} cases/s")
    print(f"{'grouped by a scheme just opened, no plans yet':<44}{rounded(cold):>10} cases/s")
    print(f"{'closure interpreter':<44}{rounded(closures):>10} cases/s   ({ours / closures:.1f}× slower)")
    print(f"{'grouped with trace':<44}{rounded(_TRACED / traced):>10} cases/s")
    print(f"{'case objects read into stays':<44}{rounded(len(stays) / reading):>10} cases/s")
    milliseconds, mebibytes, from_csv = _loads(zipped, rounds)
    print(
        f"compiled from CSV in {from_csv:.2f} s, opened in {milliseconds:.0f} ms; the process holds {mebibytes:.0f} MiB"
    )
    return [
        goal("DRG groups in process", f"{rounded(ours)} cases/s", ours > 100_000, "> 100,000 cases/s"),
        goal("DRG groups, against closures", f"{ours / closures:.1f}×", ours > closures, "> 1×"),
        goal("open a compiled scheme", f"{milliseconds:.0f} ms", milliseconds < 300, "< 300 ms"),
        goal("memory with one scheme open", f"{mebibytes:.0f} MiB", mebibytes < 60, "< 60 MiB"),
    ]


def _agree(scheme: Scheme, rival: ClosureGrouper, stays: Sequence[Stay]) -> None:
    for stay in stays:
        if group(scheme, stay).drg != rival.group(stay):
            raise AssertionError(f"the closure interpreter gives another group for {stay}")


def _speeds(
    scheme: Scheme, rival: ClosureGrouper, stays: Sequence[Stay], zipped: Path, rounds: int
) -> tuple[float, float, float]:
    """Cases a second: ours, ours by a scheme just opened, the rival's; their rounds take turns."""
    times: tuple[list[float], list[float], list[float]] = ([], [], [])
    for _ in range(rounds):
        fresh = load_scheme(zipped)
        for measured, grouped in zip(
            times,
            (lambda stay: group(scheme, stay), lambda stay, fresh=fresh: group(fresh, stay), rival.group),
            strict=True,
        ):
            started = time.perf_counter()
            for stay in stays:
                grouped(stay)
            measured.append(time.perf_counter() - started)
    ours, cold, closures = (len(stays) / statistics.median(one) for one in times)
    return ours, cold, closures


def _median(rounds: int, measured: Callable[[], object]) -> float:
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        measured()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def _loads(zipped: Path, rounds: int) -> tuple[float, float, float]:
    """Milliseconds to open, MiB held then, and seconds from CSV; each in a process of its own."""
    with tempfile.TemporaryDirectory() as cache:
        command = [sys.executable, "-m", "benchmarks.grouping", str(zipped), cache]
        told = [
            [float(one) for one in subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()]
            for _ in range(rounds + 1)
        ]
    first, *opened = told
    seconds, mebibytes = (statistics.median(column) for column in zip(*opened, strict=True))
    return seconds * 1000, mebibytes, first[0]


def _open(zipped: str, cache: str) -> None:
    started = time.perf_counter()
    load_scheme(Path(zipped), (), Path(cache))
    elapsed = time.perf_counter() - started
    print(elapsed, int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20)


if __name__ == "__main__":
    _open(sys.argv[1], sys.argv[2])

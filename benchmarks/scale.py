"""Scale: the size of the 2025 edition (250,000 points) compiled and opened; look-ups from 1,000 to 1,000,000 points.

A first look-up finds a code in the index; afterwards the code is remembered, and a line costs its look-up and check.
"""

import gc
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from random import Random

from app.domain.case import Case
from app.domain.encounter import Encounter, Facility, Patient, Sex
from app.domain.line import ChargeLine
from app.engine.compiled import compile_rules
from app.engine.kind import On
from app.engine.ruleset import Ruleset, open_ruleset
from app.knowledge.pack import NATIONAL, RuleFolder, read_packs
from app.knowledge.rule import Rule
from benchmarks.generate import World, write_packs
from benchmarks.goals import goal

_SIZES = (1_000, 10_000, 100_000, 1_000_000)
_PROBES = 1_000
_LINES = 40


def run(quick: bool = False) -> list[str]:
    points = 50_000 if quick else 250_000
    compiled, opened = _edition(points, rounds=1 if quick else 3)
    print(f"{points:,} points: compiled from CSV in {compiled:.2f} s, opened in {opened * 1000:.1f} ms")
    print(f"{'points':>10}{'first look-up':>18}{'line audited':>18}   (µs each, medians)")
    curve = [_look_up(size) for size in (_SIZES[:-1] if quick else _SIZES)]
    growth = curve[-1][1] / curve[0][1]
    return [
        goal(f"compile {points:,} points", f"{compiled:.2f} s", compiled < 5, "< 5 s"),
        goal("open them compiled", f"{opened * 1000:.0f} ms", opened < 0.5, "< 500 ms"),
        goal("look-up, most points against fewest", f"{growth:.2f}×", growth < 2, "< 2×"),
    ]


def _edition(points: int, rounds: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_packs(World(200, points), folder / "rules")
        compiling, opening = [], []
        for _ in range(rounds):
            gc.collect()
            gc.disable()  # as load_ruleset does
            started = time.perf_counter()
            content = compile_rules(read_packs(folder / "rules"))
            compiling.append(time.perf_counter() - started)
            gc.enable()
            (folder / "compiled").write_bytes(content)
            started = time.perf_counter()
            open_ruleset(folder / "compiled")
            opening.append(time.perf_counter() - started)
    return statistics.median(compiling), statistics.median(opening)


def _look_up(points: int) -> tuple[float, float]:
    codes = [f"00{number * 7919 % 10**13:013d}" for number in range(points)]
    ruleset = Ruleset(compile_rules([_rule(codes)]))
    probes = Random(1).sample(codes, min(_PROBES, points))
    cases = [Case(_encounter(probes[start : start + _LINES])) for start in range(0, len(probes), _LINES)]

    def first() -> None:
        for code in probes:
            ruleset.postings(On.ITEM, code)

    def again() -> None:
        for case in cases:
            ruleset.audit(case)

    again()
    figures = _median_time(first) / len(probes), _median_time(again) / len(probes)
    print(f"{points:>10,}{figures[0]:>18.2f}{figures[1]:>18.2f}")
    return figures


def _encounter(codes: list[str]) -> Encounter:
    lines = [ChargeLine(id=code, item_code=code, service_date=date(2026, 3, 1)) for code in codes]
    patient = Patient(id="P", sex=Sex.MALE)
    return Encounter(id="E", facility=Facility(id="F"), patient=patient, charge_lines=tuple(lines))


def _median_time(work: Callable[[], None]) -> float:
    """Microseconds."""
    taken = []
    for _ in range(7):
        started = time.perf_counter()
        work()
        taken.append((time.perf_counter() - started) * 1e6)
    return statistics.median(taken)


def _rule(codes: list[str]) -> RuleFolder:
    rule = Rule.model_validate(
        {
            "id": "made-up-rule",
            "title": "虚构规则",
            "category": "虚构分类",
            "version": 1,
            "status": "active",
            "kind": "restricted_use",
            "severity": "definite",
            "in_force": {"2026-01-01": {}},
            "message": "{item}{broken}",
            "remedy": "请核对后更正",
            "references": ["虚构政策文件"],
            "examples": [],
        }
    )
    rows = [[f"P{number:07d}", code, "male"] for number, code in enumerate(codes)]
    return RuleFolder(
        Path("made-up-rule"), NATIONAL, rule, ("point", "item_code", "sex"), rows, range(len(rows)), str(len(rows))
    )

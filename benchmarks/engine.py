"""The engine alone: microseconds of processor time per encounter of 40 lines, beside other ways of the same checks.

Each encounter is decoded anew just before it is judged, untimed, as in a request: no engine finds it warm. Rounds of
all engines alternate, and each begins with a pass that is not timed, so that the processor's caches hold what they hold
in a service at work. Medians are told. Every engine must find the same.
"""

import gc
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from app.domain.case import Case
from app.domain.encounter import Encounter
from app.engine.compiled import compile_rules
from app.engine.ruleset import Ruleset
from app.knowledge.pack import read_packs
from benchmarks.generate import World, write_packs
from benchmarks.goals import goal, rounded
from benchmarks.rivals import plain_loop, zen_expressions, zen_item_expressions, zen_tables

_RULES = 3_000
_ENCOUNTERS = 400
_OURS = "Mingjian, complete findings"
_LOOP = "plain loop over all rules"
_TABLES = "zen tables, as documented"
_TABLES_COMPILED = "zen tables, compiled beforehand"
_EXPRESSIONS = "zen expressions behind a hash by item"
_ITEM_EXPRESSIONS = "the same, one expression per item"


@dataclass
class Contender:
    name: str
    audit: Callable[[Encounter], Any]
    encounters: int  # how many of them it is timed on: the slow ones would take minutes
    triples: Callable[[Any], list[tuple[str, str, str]]] = lambda found: found
    rounds: list[float] = field(default_factory=list)

    @property
    def microseconds(self) -> float:
        return statistics.median(self.rounds)


def run(quick: bool = False) -> list[str]:
    small = measure(World(_RULES, 3_000), slow=4 if quick else 20, rounds=3 if quick else 7)
    _report(small, "3,000 rules, 3,000 knowledge points")
    full = measure(World(_RULES, 100_000), slow=1 if quick else 3, rounds=2 if quick else 9)
    _report(full, "3,000 rules, 100,000 knowledge points")
    ours = full[_OURS].microseconds
    slower = {name: one.microseconds / ours for name, one in full.items()}
    tables = f"{rounded(slower[_TABLES])} (compiled beforehand: {rounded(slower[_TABLES_COMPILED])})"
    hashed = f"{rounded(slower[_EXPRESSIONS])} (one expression per item: {rounded(slower[_ITEM_EXPRESSIONS])})"
    return [
        goal("engine, per encounter", f"{rounded(ours)} µs", ours < 60, "< 60 µs"),
        goal("zen decision tables, times slower", tables, slower[_TABLES] >= 1000, "≥ 1,000"),
        goal("zen expressions behind a hash, times slower", hashed, slower[_EXPRESSIONS] >= 4, "≥ 4"),
    ]


def measure(world: World, slow: int, rounds: int) -> dict[str, Contender]:
    """Time all contenders; those that look at every rule on `slow` encounters only."""
    specs, ruleset = world.specs, _compiled(world)
    contenders = [
        Contender(_OURS, lambda encounter: ruleset.audit(Case(encounter)), _ENCOUNTERS, _triples),
        Contender(_EXPRESSIONS, zen_expressions(specs), _ENCOUNTERS),
        Contender(_ITEM_EXPRESSIONS, zen_item_expressions(specs), _ENCOUNTERS),
        Contender(_LOOP, plain_loop(specs), slow),
        Contender(_TABLES_COMPILED, zen_tables(specs, compiled=True), slow),
        Contender(_TABLES, zen_tables(specs, compiled=False), max(slow // 3, 1)),
    ]
    encounters = world.encounters(_ENCOUNTERS)
    found = _check_equal(contenders, encounters)
    checks = sum(len(world.by_code[line.item_code]) for one in encounters for line in one.charge_lines)
    print(f"\n{found / _ENCOUNTERS:.1f} findings per encounter, {checks / 40 / _ENCOUNTERS:.1f} points per line")
    bodies = [msgspec.json.encode(encounter) for encounter in encounters]
    del encounters
    gc.collect()
    gc.freeze()
    for _ in range(rounds):
        for contender in contenders:
            contender.rounds.append(_time(contender, bodies[: contender.encounters]))
    gc.unfreeze()
    return {contender.name: contender for contender in contenders}


def _compiled(world: World) -> Ruleset:
    with tempfile.TemporaryDirectory() as folder:
        write_packs(world, Path(folder))
        return Ruleset(compile_rules(read_packs(Path(folder))))


def _triples(judgement: Any) -> list[tuple[str, str, str]]:
    return [(finding.rule, finding.point, line) for finding in judgement.findings for line in finding.lines]


def _check_equal(contenders: list[Contender], encounters: list[Encounter]) -> int:
    """The number of findings; raises where two engines do not find the same in one of the encounters."""
    first, *others = contenders
    judged = [first.audit(encounter) for encounter in encounters]
    for other in others:
        for encounter, judgement in zip(encounters[: other.encounters], judged, strict=False):
            ours, theirs = set(first.triples(judgement)), set(other.triples(other.audit(encounter)))
            if ours != theirs:
                raise AssertionError(f"{encounter.id}: {first.name} and {other.name} differ in {ours ^ theirs}")
    return sum(len(judgement.findings) for judgement in judged)


def _time(contender: Contender, bodies: list[bytes]) -> float:
    decode, audit, clock = msgspec.json.Decoder(Encounter).decode, contender.audit, time.process_time_ns
    for body in bodies if len(bodies) == _ENCOUNTERS else ():
        audit(decode(body))
    spent = 0
    for body in bodies:
        encounter = decode(body)
        started = clock()
        audit(encounter)
        spent += clock() - started
    return spent / len(bodies) / 1000


def _report(measured: dict[str, Contender], title: str) -> None:
    ours = measured[_OURS].microseconds
    print(f"{title:<42}{'µs/encounter':>14}{'least':>10}{'× ours':>10}{'compared':>10}")
    for contender in sorted(measured.values(), key=lambda one: one.microseconds):
        print(
            f"{contender.name:<42}{rounded(contender.microseconds):>14}{rounded(min(contender.rounds)):>10}"
            f"{rounded(contender.microseconds / ours):>10}{contender.encounters:>10}"
        )

"""Encounters drawn by the thousand from a seed, so that an oracle and a rule can be set beside each other on many."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from app.domain.case import Case
from app.domain.decision import Stage
from app.domain.encounter import Encounter, Facility, Patient
from app.domain.line import ChargeLine
from app.engine.ruleset import Ruleset

DAY = date(2026, 3, 10)
NOON = datetime.combine(DAY, time(12))
COUNT = 20_000

Told = tuple[list[tuple[str, ...]], set[str]]  # the lines at fault, finding by finding, and the facts that are missing
_FACILITY = Facility(id="F")


def one_of(random: Random, *values: Any) -> Any:
    return values[random.randrange(len(values))]


def day(random: Random, spread: int = 2) -> date:
    return DAY + timedelta(days=random.randint(-spread, spread))


def line(number: int, code: str, when: date = DAY, **fields: Any) -> ChargeLine:
    return ChargeLine(id=f"L{number}", item_code=code, service_date=when, **fields)


def encounter(charges: tuple[ChargeLine, ...] = (), patient: dict[str, Any] | None = None, **fields: Any) -> Encounter:
    return Encounter(
        id="E", facility=_FACILITY, patient=Patient(id="P", **(patient or {})), charge_lines=charges, **fields
    )


def told(ruleset: Ruleset, drawn: Encounter, stage: Stage = Stage.SETTLED) -> Told:
    judgement = ruleset.audit(Case(drawn, stage, None))
    missing = {one.missing for one in judgement.not_evaluated}
    assert "internal_error" not in missing, drawn
    return sorted(one.lines for one in judgement.findings), missing


def agree(
    ruleset: Ruleset,
    draw: Callable[[Random], Encounter],
    expected: Callable[[Encounter], Told],
    stage: Stage = Stage.SETTLED,
) -> None:
    """The rule says of each drawn encounter what the definition says, and the draw meets hits and misses enough."""
    random, hits, clean, unknown = Random(20260310), 0, 0, 0
    for _ in range(COUNT):
        drawn = draw(random)
        found, missing = told(ruleset, drawn, stage)
        wanted, lacking = expected(drawn)
        assert (found, missing) == (sorted(wanted), lacking), drawn
        hits += bool(found)
        unknown += bool(missing)
        clean += not found and not missing
    assert min(hits, clean) > COUNT / 50, (hits, clean, unknown)

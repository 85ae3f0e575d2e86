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
from tests.engine.kinds import agreement

DAY = date(2026, 3, 10)
NOON = datetime.combine(DAY, time(12))

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


def agree(
    ruleset: Ruleset,
    draw: Callable[[Random], Encounter],
    expected: Callable[[Encounter], Told],
    stage: Stage = Stage.SETTLED,
) -> None:
    """The rule says of each drawn encounter what the definition says, and the draw meets hits and misses enough."""
    agreement.agree(
        [(ruleset, expected)],
        lambda random: (draw(random),),
        lambda visit: Case(visit, stage, None),
        lambda finding: finding.lines,
    )

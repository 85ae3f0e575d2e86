"""Cases drawn by the thousand, with a history and amounts, of which a rule and an oracle must say the same in full."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from app.domain.case import Case
from app.domain.decision import Stage
from app.domain.encounter import Diagnosis, Encounter, Facility, Patient, Procedure
from app.domain.line import ChargeLine
from app.engine.ruleset import Ruleset
from tests.engine.kinds import oracle

DAY = date(2026, 3, 10)
COUNT = 20_000
AMOUNTS = (None, None, Decimal("0"), Decimal("7"), Decimal("10.01"), Decimal("33.33"), Decimal("40"))

Drawn = tuple[Encounter, tuple[Encounter, ...] | None, Stage]
Expected = tuple[list[oracle.Finding], set[str]]


def days(number: int) -> date:
    return DAY + timedelta(days=number)


def at(number: int, hour: int = 9) -> datetime:
    return datetime.combine(days(number), time(hour))


def charge(random: Random, id: str, codes: Sequence[str], spread: int = 2, **fields: Any) -> ChargeLine:
    amount = random.choice(AMOUNTS)
    return ChargeLine(
        id=id,
        item_code=random.choice(codes),
        service_date=days(random.randint(0, spread)),
        quantity=Decimal(random.choice(("1", "1", "2", "0.5", "1.5"))),
        unit_price=random.choice((None, Decimal("3.5"), Decimal("20"), Decimal("20"))),
        amount=amount,
        uncovered_amount=random.choice((None, None, None, Decimal("5"), Decimal("40"))),
        **fields,
    )


def charges(
    random: Random, codes: Sequence[str], most: int = 5, id: str = "L", **fields: Any
) -> tuple[ChargeLine, ...]:
    return tuple(charge(random, f"{id}{number}", codes, **fields) for number in range(random.randint(0, most)))


def visit(id: str = "E", facility: str = "F", patient: dict[str, Any] | None = None, **fields: Any) -> Encounter:
    place = fields.pop("place", {})
    return Encounter(
        id=id, facility=Facility(id=facility, **place), patient=Patient(id="P", **(patient or {})), **fields
    )


def diseases(random: Random, codes: Sequence[str], most: int = 2) -> tuple[Diagnosis, ...]:
    return tuple(
        Diagnosis(code=random.choice(codes), is_principal=random.random() < 0.5) for _ in range(random.randint(0, most))
    )


def procedures(random: Random, codes: Sequence[str], most: int = 2) -> tuple[Procedure, ...]:
    return tuple(Procedure(code=random.choice(codes)) for _ in range(random.randint(0, most)))


def agree(ruleset: Ruleset, draw: Callable[[Random], Drawn], expected: Callable[..., Expected]) -> None:
    """Lines, related lines and amounts of every finding are those of the definition; both outcomes are met often."""
    random, hits, clean = Random(20260310), 0, 0
    for _ in range(COUNT):
        encounter, history, stage = draw(random)
        judgement = ruleset.audit(Case(encounter, stage, history))
        found, missing = oracle.told(judgement)
        wanted, lacking = expected(encounter, history, stage)
        assert (found, set(missing)) == (sorted(wanted), lacking), (encounter, history, stage)
        hits += bool(found)
        clean += not found and not missing
    assert min(hits, clean) > COUNT / 50, (hits, clean)

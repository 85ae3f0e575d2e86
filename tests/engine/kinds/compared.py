"""Cases drawn by the thousand, with a history and amounts, of which a rule and an oracle must say the same in full."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from app.domain.case import Case
from app.domain.decision import Stage
from app.domain.encounter import Diagnosis, Encounter, Facility, Patient, Procedure
from app.domain.line import ChargeLine, OrderLine
from app.engine.ruleset import Ruleset
from tests.engine.kinds import agreement, oracle

DAY = date(2026, 3, 10)
AMOUNTS = (None, None, Decimal("0"), Decimal("7"), Decimal("10.01"), Decimal("33.33"), Decimal("40"))

Drawn = tuple[Encounter, tuple[Encounter, ...] | None, Stage]


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


def whole(
    random: Random, codes: Sequence[str], dates: Sequence[date], id: str = "E", most: int = 6, **of_visit: Any
) -> Encounter:
    """A few charges and orders whose codes and days are near each other; some orders are charged already."""
    charges, orders = [], []
    for number in range(random.randint(0, most)):
        amount, price = random.choice((None, "0", "7", "10.01", "33.33")), random.choice((None, "3.5"))
        fields: dict[str, Any] = {
            "item_code": random.choice(codes),
            "service_date": random.choice(dates),
            "quantity": Decimal(random.choice(("1", "2", "0.5", "3"))),
            "amount": None if amount is None else Decimal(amount),
            "unit_price": None if price is None else Decimal(price),
            "uncovered_amount": random.choice((None, None, Decimal(0), Decimal(5))),
            "prescription_id": random.choice(("", "R1", "R2")),
            "days_supply": random.choice((None, None, 1, 3)),
        }
        state = random.choice(("charge", "order", "both"))
        if state != "charge":
            orders.append(OrderLine(id=f"{id}-O{number}", **fields))
        if state != "order":
            order = f"{id}-O{number}" if state == "both" else ""
            charges.append(ChargeLine(id=f"{id}-L{number}", order_id=order, **fields))
    return visit(id, charge_lines=tuple(charges), order_lines=tuple(orders), **of_visit)


def whole_with_past(random: Random, codes: Sequence[str], dates: Sequence[date]) -> Drawn:
    """The past may be unknown or empty, or hold the very encounter that is judged."""
    past = (whole(random, codes, dates, "H", 3), whole(random, codes, dates, "E", 2))
    return whole(random, codes, dates), random.choice((None, (), past[:1], past)), Stage.ORDERING


def tell(finding: Any) -> oracle.Finding:
    return finding.lines, frozenset(finding.related_lines), finding.amount_at_issue


def agree(ruleset: Ruleset, draw: Callable[[Random], Drawn], expected: agreement.Expected) -> None:
    """Lines, related lines and amounts of every finding are those of the definition; both outcomes are met often."""
    agree_each([(ruleset, expected)], draw)


def agree_each(
    variants: Sequence[tuple[Ruleset, agreement.Expected]],
    draw: Callable[[Random], Drawn],
    tell: Callable[[Any], Any] = tell,
) -> None:
    """The same where the parameters of the rule vary."""
    agreement.agree(variants, draw, lambda visit, history, stage: Case(visit, stage, history), tell)

"""Indicators: the shares of drawn encounters and statistics against a slow reading."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from app.domain.encounter import CareType
from app.domain.feed import Statistic
from app.domain.line import Practitioner
from tests.engine.kinds import drawn, fed
from tests.engine.kinds.agreement import oracle_of
from tests.engine.kinds.build import open_rule
from tests.engine.kinds.test_indicator import BANDS, KIND, WORDS

POINTS = [
    {"source": "encounter", "item_code": "X*", "excluded_code": "C*", "care_types": "inpatient"},
    {"source": "department", "departments": "D1|D2"},
    {"source": "practitioner", "yellow": "20"},
]


def share_of(numerator, denominator, yellow, red):
    if denominator < 5:
        return None
    percent = Fraction(numerator) / Fraction(denominator) * 100
    return "红色预警" if percent > red else "黄色预警" if percent > yellow else None


def expected(stay, records):
    found, lacking = [], set()
    days = [stay.end_at.date()] if stay.end_at else [one.service_date for one in stay.charge_lines]
    if not days:  # no rule is in force on no day
        return found, lacking
    if stay.care_type is CareType.INPATIENT:
        kept = [one for one in stay.charge_lines if one.item_code != "C"]
        if any(one.amount is None for one in kept):
            lacking.add("line.amount")
        else:
            drugs = sum(one.amount for one in kept if one.item_code == "X")
            found.append(("K001", share_of(drugs, sum(one.amount for one in kept), 30, 40)))
    elif not stay.care_type:
        lacking.add("care_type")
    for point, name, lack, yellow, column in (
        ("K002", stay.department, "department", 30, "department"),
        ("K003", stay.practitioner.id, "practitioner.id", 20, "practitioner"),
    ):
        if point == "K002" and name == "D3":
            continue
        if point == "K002" and not name:  # which department it is decides whether the point is meant at all
            lacking.add(lack)
        elif records is None:
            lacking.add("feed.statistics")
        elif not name:
            lacking.add(lack)
        else:
            month = str(max(days))[:7]
            match = [one for one in records or () if getattr(one, column) == name and one.month == month]
            if match:
                found.append((point, share_of(match[0].numerator, match[0].denominator, yellow, 40)))
            else:
                lacking.add("feed.statistics")
    return [one for one in found if one[1]], lacking


def draw(random):
    lines = tuple(
        drawn.line(
            number, drawn.one_of(random, "X", "H", "H", "C"), drawn.day(random, 25),
            amount=drawn.one_of(random, *map(Decimal, (1, 2, 3, 4, 7)), *[None] * (random.randrange(4) == 0)),
        )
        for number in range(random.randrange(5))
    )  # fmt: skip
    stay = drawn.encounter(
        lines, department=drawn.one_of(random, "", "D1", "D2", "D3"),
        end_at=drawn.one_of(random, None, drawn.NOON, drawn.NOON + timedelta(days=22)),
        care_type=drawn.one_of(random, CareType.INPATIENT, CareType.OUTPATIENT, CareType.UNKNOWN),
        practitioner=Practitioner(id=drawn.one_of(random, "", "P1", "P2")),
    )  # fmt: skip
    records = []
    for month in ("2026-02", "2026-03", "2026-04"):
        for place in ({"department": "D1"}, {"department": "D2"}, {"practitioner": "P1"}, {"practitioner": "P2"}):
            if random.randrange(4):
                numerator, denominator = random.randrange(6), random.randrange(3, 13)
                records.append(
                    Statistic(
                        facility="F", month=month, measure="drug_share", numerator=Decimal(numerator),
                        denominator=Decimal(denominator), **place,
                    )
                )  # fmt: skip
    return stay, drawn.one_of(random, records, records, records, [], None)


@oracle_of(KIND)
def test_the_oracle_agrees_on_many_encounters():
    fed.agree(
        open_rule(KIND, {**BANDS, "minimum": "5"}, POINTS, **WORDS), Statistic, draw, expected,
        lambda finding: (finding.point, finding.facts["band"]),
    )  # fmt: skip

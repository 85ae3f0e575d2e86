"""Visits (就诊): a month of them, most as they should be, some with a fault woven in, in the order of their days."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any, NamedTuple

from demo.month.faults import Fault, woven
from demo.month.hospital import FACILITY, PHYSICIANS, WARDS, Physician, Ward

# Code, name, price in yuan; of services that stand in the national list, at prices as a city may have them.
_VISIT = ("001102000010000", "普通门诊诊查费", 12)
_BED = ("001109000010000", "普通床位费", 45)
_CARE = ("001201000030000", "Ⅱ级护理", 26)
_WARD_ROUND = ("001102000050000", "住院诊查费", 22)
_INFUSION = ("001204000060000", "静脉输液", 11)
_TESTS = (
    ("002501010150000", "血细胞分析", 18),
    ("002501020350000", "尿液分析", 8),
    ("002503060050000", "血清肌酸激酶测定", 15),
    ("002503040010000", "钾测定", 6),
    ("002503050010000", "血清总胆红素测定", 5),
    ("002503010010000", "血清总蛋白测定", 5),
    ("003107010010000", "常规心电图检查", 20),
    ("002101020150000", "数字化摄影(DR)", 60),
)
_FAULTY = 0.085  # share of visits
_PLAIN_HOURS = (8, 17)


class Visit(NamedTuple):
    """`lines_at_fault` are the ids that the fault brought in; blank for a visit as it should be."""

    number: int
    ward: Ward
    physician: Physician
    seen_at: datetime
    settled_at: datetime
    encounter: dict[str, Any]
    history: list[dict[str, Any]]
    rule: str = ""


def visits(count: int, first: date, days: int, faults: list[Fault], draw: Random) -> list[Visit]:
    """By the time at which each was settled. The same draw gives the same month."""
    by_kind = {True: _by_weight(faults, stays=True, draw=draw), False: _by_weight(faults, stays=False, draw=draw)}
    made = [_visit(number, first, days, by_kind, draw) for number in range(count)]
    return sorted(made, key=lambda one: one.settled_at)


def _by_weight(faults: list[Fault], *, stays: bool, draw: Random) -> tuple[list[Fault], list[float]]:
    """A few rules speak often, most seldom, as everywhere."""
    fitting = [one for one in faults if (one.care_type == "inpatient") is stays]
    rules = sorted({one.rule for one in fitting})
    draw.shuffle(rules)
    weight = {rule: 1 / (rank + 1.5) for rank, rule in enumerate(rules)}
    return fitting, [weight[one.rule] for one in fitting]


def _visit(
    number: int, first: date, days: int, faults: dict[bool, tuple[list[Fault], list[float]]], draw: Random
) -> Visit:
    ward = draw.choices(WARDS, [one.share for one in WARDS])[0]
    physician = draw.choice([one for one in PHYSICIANS if one.ward == ward.code])
    is_stay = draw.random() < ward.stays
    day = first + timedelta(days=_weekday_first(draw, first, days))
    length = draw.randint(3, 11) if is_stay else 0
    seen_at = datetime.combine(day, time(draw.randint(*_PLAIN_HOURS), draw.randint(0, 59)))
    settled_at = seen_at + (timedelta(days=length) if is_stay else timedelta(minutes=draw.randint(10, 90)))
    encounter = _encounter(number, ward, physician, seen_at, settled_at, is_stay, draw)
    fitting, weights = faults[is_stay]
    if draw.random() >= _FAULTY:
        return Visit(number, ward, physician, seen_at, settled_at, encounter, [])
    fault = draw.choices(fitting, weights)[0]
    whole, past = woven(encounter, fault, settled_at.date())
    return Visit(number, ward, physician, seen_at, settled_at, whole, past, fault.rule)


def _weekday_first(draw: Random, first: date, days: int) -> int:
    """Weekends are quiet."""
    at = draw.randrange(days)
    is_weekend = (first + timedelta(days=at)).weekday() >= 5
    return draw.randrange(days) if is_weekend and draw.random() < 0.6 else at


def _encounter(
    number: int, ward: Ward, physician: Physician, seen_at: datetime, settled_at: datetime, is_stay: bool, draw: Random
) -> dict[str, Any]:
    born = seen_at.date() - timedelta(days=round(365.25 * draw.uniform(*ward.ages)))
    code, name = draw.choice(ward.diagnoses)
    lines = list(_stay_lines(seen_at, settled_at, draw)) if is_stay else list(_clinic_lines(seen_at, draw))
    return {
        "id": f"{'ZY' if is_stay else 'MZ'}{seen_at:%Y%m}{number:06}",
        "facility": {"id": FACILITY, "level": "tertiary", "type": "general"},
        "patient": {
            "id": f"P{draw.randrange(14_000):06}",
            "sex": ward.sex or draw.choice(("male", "female")),
            "birth_date": born.isoformat(),
        },
        "coverage": {"insurance_type": draw.choices(("employee", "resident"), (55, 45))[0]},
        "care_type": "inpatient" if is_stay else "outpatient",
        "start_at": seen_at.isoformat(),
        **({"end_at": settled_at.isoformat()} if is_stay else {}),
        "campus": ward.campus,
        "department": ward.code,
        "practitioner": {"id": physician.code, "title": physician.title},
        "diagnoses": [{"code": code, "name": name, "is_principal": True}],
        "charge_lines": lines,
    }


def _line(at: int, item: tuple[str, str, int], day: date, quantity: int = 1) -> dict[str, Any]:
    code, name, price = item
    return {
        "id": f"L{at}", "item_code": code, "item_name": name, "service_date": day.isoformat(), "quantity": quantity,
        "unit_price": price, "amount": price * quantity, "formulary_class": "a",
    }  # fmt: skip


def _clinic_lines(seen_at: datetime, draw: Random) -> Iterator[dict[str, Any]]:
    yield _line(1, _VISIT, seen_at.date())
    for at, item in enumerate(draw.sample(_TESTS, draw.randint(0, 4)), 2):
        yield _line(at, item, seen_at.date())


def _stay_lines(seen_at: datetime, settled_at: datetime, draw: Random) -> Iterator[dict[str, Any]]:
    """Bed, care, round and infusion of every day but the last; tests on the first days."""
    at = 0
    for number in range((settled_at.date() - seen_at.date()).days):
        day = seen_at.date() + timedelta(days=number)
        tests = draw.sample(_TESTS, draw.randint(2, 5)) if number < 2 else []
        for item in (_BED, _CARE, _WARD_ROUND, _INFUSION, *tests):
            at += 1
            yield _line(at, item, day)

"""Visits (就诊): a month of them, most as they should be, some with a fault woven in, in the order of their days."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any, NamedTuple

from demo.month.faults import Fault, woven
from demo.month.hospital import FACILITY, PHYSICIANS, WARDS, Physician, Ward
from demo.month.patients import Patient, Patients

_Item = tuple[str, str, int, str]

# Code, name, price in yuan, class; of services that stand in the national list, at prices as a city may have them.
_VISIT = ("001102000010000", "普通门诊诊查费", 12, "a")
_BED = ("001109000010000", "普通床位费", 45, "a")
_CARE = ("001201000030000", "Ⅱ级护理", 26, "a")
_WARD_ROUND = ("001102000050000", "住院诊查费", 22, "a")
_INFUSION = ("001204000060000", "静脉输液", 11, "a")
_ADVICE = ("001110000010000", "健康咨询", 20, "c")
_SCANS = (
    ("002103000010000", "X线计算机体层(CT)平扫", 190, "b"),
    ("002102000010000", "磁共振平扫", 420, "b"),
    ("002203010010000", "彩色多普勒超声常规检查", 110, "b"),
)
_TESTS = (
    ("002501010150000", "血细胞分析", 18, "a"),
    ("002501020350000", "尿液分析", 8, "a"),
    ("002503060050000", "血清肌酸激酶测定", 15, "a"),
    ("002503040010000", "钾测定", 6, "a"),
    ("002503050010000", "血清总胆红素测定", 5, "a"),
    ("002503010010000", "血清总蛋白测定", 5, "a"),
    ("003107010010000", "常规心电图检查", 20, "a"),
    ("002101020150000", "数字化摄影(DR)", 60, "a"),
)
_FAULTY = 0.1  # share of visits
_SCANNED = {True: 0.8, False: 0.25}  # share of stays, and of others
_ADVISED = 0.08
_PLAIN_HOURS = (8, 17)
_DAY = timedelta(days=1)


class Visit(NamedTuple):
    """`rule` is the one whose fault was woven in; blank for a visit as it should be."""

    number: int
    ward: Ward
    physician: Physician
    seen_at: datetime
    settled_at: datetime
    encounter: dict[str, Any]
    history: list[dict[str, Any]]
    rule: str = ""


def visits(count: int, now: datetime, days: int, faults: list[Fault], draw: Random) -> list[Visit]:
    """Of the last days, by the time at which each was settled. The same draw gives the same month."""
    by_kind = {True: _by_weight(faults, stays=True, draw=draw), False: _by_weight(faults, stays=False, draw=draw)}
    patients = Patients(count, now.date(), draw)
    made = [_visit(number, now, days, patients, by_kind, draw) for number in range(count)]
    return sorted(made, key=lambda one: one.settled_at)


def _by_weight(faults: list[Fault], *, stays: bool, draw: Random) -> tuple[list[Fault], list[float]]:
    """A few rules speak often, most seldom, as everywhere."""
    fitting = [one for one in faults if (one.care_type == "inpatient") is stays]
    rules = sorted({one.rule for one in fitting})
    draw.shuffle(rules)
    weight = {rule: 1 / (rank + 1.5) for rank, rule in enumerate(rules)}
    return fitting, [weight[one.rule] for one in fitting]


def _visit(
    number: int,
    now: datetime,
    days: int,
    patients: Patients,
    faults: dict[bool, tuple[list[Fault], list[float]]],
    draw: Random,
) -> Visit:
    ward = draw.choices(WARDS, [one.share for one in WARDS])[0]
    physician = draw.choice([one for one in PHYSICIANS if one.ward == ward.code])
    is_stay, is_faulty = draw.random() < ward.stays, draw.random() < _FAULTY
    length = draw.randint(3, 11) if is_stay else 0
    day = _weekday_first(draw, now.date() - timedelta(days=days - 1), days - length)
    seen_at = datetime.combine(day, time(draw.randint(*_PLAIN_HOURS), draw.randint(0, 59)))
    settled_at = seen_at + (timedelta(days=length) if is_stay else timedelta(minutes=draw.randint(10, 90)))
    if settled_at >= now:
        seen_at, settled_at = seen_at - _DAY, settled_at - _DAY
    patient = patients.stranger(ward) if is_faulty else patients.come(ward, seen_at.date(), settled_at.date())
    plain = Visit(number, ward, physician, seen_at, settled_at, {}, [])
    encounter = _encounter(plain, patient, is_stay, draw)
    if not is_faulty:
        return plain._replace(encounter=encounter)
    fault = draw.choices(*faults[is_stay])[0]
    whole, past = woven(encounter, fault, settled_at.date())
    return plain._replace(encounter=whole, history=past, rule=fault.rule)


def _weekday_first(draw: Random, first: date, days: int) -> date:
    """Weekends are quiet."""
    day = first + timedelta(days=draw.randrange(days))
    return first + timedelta(days=draw.randrange(days)) if day.weekday() >= 5 and draw.random() < 0.6 else day


def _encounter(one: Visit, patient: Patient, is_stay: bool, draw: Random) -> dict[str, Any]:
    code, name = draw.choice(one.ward.diagnoses)
    lines = _stay_lines(one.seen_at, one.settled_at, draw) if is_stay else _clinic_lines(one.seen_at, draw)
    return {
        "id": f"{'ZY' if is_stay else 'MZ'}{one.seen_at:%Y%m}{one.number:06}",
        "facility": {"id": FACILITY, "level": "tertiary", "type": "general"},
        "patient": {"id": patient.id, "sex": patient.sex, "birth_date": patient.born.isoformat()},
        "coverage": {"insurance_type": draw.choices(("employee", "resident"), (55, 45))[0]},
        "care_type": "inpatient" if is_stay else "outpatient",
        "start_at": one.seen_at.isoformat(),
        **({"end_at": one.settled_at.isoformat()} if is_stay else {}),
        "campus": one.ward.campus,
        "department": one.ward.code,
        "practitioner": {"id": one.physician.code, "title": one.physician.title},
        "diagnoses": [{"code": code, "name": name, "is_principal": True}],
        "charge_lines": [_line(at, item, day) for at, (item, day) in enumerate(lines, 1)],
    }


def _line(at: int, item: _Item, day: date) -> dict[str, Any]:
    code, name, price, formulary_class = item
    return {
        "id": f"L{at}", "item_code": code, "item_name": name, "service_date": day.isoformat(), "quantity": 1,
        "unit_price": price, "amount": price, "formulary_class": formulary_class,
        **({"uncovered_amount": price} if formulary_class == "c" else {}),
    }  # fmt: skip


def _clinic_lines(seen_at: datetime, draw: Random) -> Iterator[tuple[_Item, date]]:
    tests = draw.sample(_TESTS, draw.randint(0, 4))
    for item in (_VISIT, *tests, *_scan(draw, is_stay=False)):
        yield item, seen_at.date()
    if draw.random() < _ADVISED:
        yield _ADVICE, seen_at.date()


def _stay_lines(seen_at: datetime, settled_at: datetime, draw: Random) -> Iterator[tuple[_Item, date]]:
    """Bed, care, round and infusion of every day but the last; tests on the first days."""
    for number in range((settled_at.date() - seen_at.date()).days):
        day = seen_at.date() + timedelta(days=number)
        tests = draw.sample(_TESTS, draw.randint(2, 5)) if number < 2 else []
        scan = _scan(draw, is_stay=True) if number == 1 else ()
        for item in (_BED, _CARE, _WARD_ROUND, _INFUSION, *tests, *scan):
            yield item, day


def _scan(draw: Random, *, is_stay: bool) -> tuple[_Item, ...]:
    return (draw.choice(_SCANS),) if draw.random() < _SCANNED[is_stay] else ()

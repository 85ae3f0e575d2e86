"""Patterns of visits and stays: drawn histories against the definition of each pattern, read on sets of days."""

from datetime import timedelta
from fractions import Fraction
from functools import partial

import pytest

from app.domain.decision import Stage
from app.domain.encounter import CareType
from tests.engine.kinds import compared, oracle
from tests.engine.kinds.agreement import oracle_of
from tests.engine.kinds.build import open_rule
from tests.engine.kinds.compared import at, days, visit

KIND = "visit_pattern"
WORDS = {"message": "就诊有疑点"}
IN, OUT, SHOP = CareType.INPATIENT, CareType.OUTPATIENT, CareType.PHARMACY


def span(one):
    dates = [line.service_date for line in one.charge_lines]
    first = one.start_at.date() if one.start_at else min(dates, default=None)
    last = (
        one.end_at.date()
        if one.end_at
        else max([*dates, *([one.start_at.date()] if one.start_at else [])], default=None)
    )
    return first, last


def total(lines):
    return oracle.total(lines)


def principal(one):
    flagged = [each for each in one.diagnoses if each.is_principal]
    if not flagged and len(one.diagnoses) == 1:
        flagged = list(one.diagnoses)
    return flagged[0].code if flagged else ""


def known_past(judged, history):
    return [past for past in history or () if past.id != judged.id and span(past)[0] is not None]


def by_readmission(judged, history):
    first = span(judged)[0]
    before = [
        past
        for past in known_past(judged, history)
        if past.care_type is IN and past.facility.id == judged.facility.id and past.end_at
        if span(past)[0] < first and timedelta(0) <= first - span(past)[1] <= timedelta(days=4)
    ]
    if not before or principal(judged).startswith("Z51"):
        return [], set()
    if not principal(judged):
        return [], {"diagnoses"}
    newest = before[0]
    for past in before:
        if (span(past)[1], span(past)[0]) > (span(newest)[1], span(newest)[0]):
            newest = past
    if not principal(newest):
        return [], {"diagnoses"}
    if principal(newest)[:3] != principal(judged)[:3]:
        return [], set()
    return [oracle.finding([], [], total(judged.charge_lines))], set()


def by_frequency(judged, history):
    window = {span(judged)[0] - timedelta(days=number) for number in range(3)}
    count = 1 + sum(past.care_type in (IN, OUT) and span(past)[0] in window for past in known_past(judged, history))
    return ([oracle.finding([], [], total(judged.charge_lines))] if count > 2 else []), set()


def nights(one):
    first, last = span(one)
    return {first + timedelta(days=number) for number in range((last - first).days)}


def by_overlap(judged, history):
    findings = []
    for past in known_past(judged, history):
        shared = nights(judged) & nights(past)
        if past.care_type is IN and len(shared) > 1:
            lines = [line for line in judged.charge_lines if line.service_date in shared]
            findings.append(oracle.finding([], [], total(lines)))
    return findings, set()


def by_empty_bed(judged, _history):
    first, last = span(judged)
    empty = {first + timedelta(days=number) for number in range(1, (last - first).days)}
    inside = set(empty)
    for line in judged.charge_lines:
        if not oracle.matches("A2|B*", line.item_code):
            empty -= {line.service_date + timedelta(days=number) for number in range(line.days_supply or 1)}
    faults = [line for line in judged.charge_lines if line.service_date in empty & inside]
    amount = total(faults) if faults else None  # nothing is charged for what it is about
    return ([oracle.finding(faults, [], amount)] if len(empty) > 1 else []), set()


def by_presence(judged, history):
    findings = []
    for past in known_past(judged, history):
        if judged.care_type is OUT and past.care_type is IN:
            inside = nights(past) - {span(past)[0]}
            findings += presence(judged, inside)
        if judged.care_type is IN and past.care_type is OUT:
            where = {span(past)[0], *(line.service_date for line in past.charge_lines)}
            if where & (nights(judged) - {span(judged)[0]}):
                findings.append(oracle.finding([], [], Fraction(0)))
        if judged.care_type is OUT and past.death_at:
            findings += presence(judged, {past.death_at.date() + timedelta(days=number) for number in range(1, 30)})
    return findings, set()


def presence(judged, dates):
    faults = [line for line in judged.charge_lines if line.service_date in dates]
    if not judged.charge_lines and span(judged)[0] in dates:
        return [oracle.finding([], [], None)]
    return [oracle.finding(faults, [], total(faults))] if faults else []


def draw_one(random, id, facility, later=0):
    start = random.choice((None, *range(5), *range(5))) if not later else random.randint(later - 3, later)
    end = None if start is None else random.choice((None, *range(start, max(8, start + 2))))
    codes = ["J44.900", "J44.100", "J45.900", "Z51.100"]
    return visit(
        id=id,
        facility=facility,
        care_type=IN if later else random.choice((IN, IN, OUT, SHOP)),
        start_at=None if start is None else at(start),
        end_at=None if end is None else at(end),
        death_at=at(end) if end is not None and random.random() < 0.2 else None,
        diagnoses=compared.diseases(random, codes),
        charge_lines=compared.charges(
            random, ["A1", "A2", "B1"], 4, id, spread=6, days_supply=random.choice((None, 2))
        ),
    )


def draw(random, later=0):
    ids, before = ("E", "H1", "H2"), later // 2
    history = tuple(draw_one(random, random.choice(ids), "F", before) for _ in range(random.randint(0, 2)))
    history = tuple({past.id: past for past in history}.values())
    other = (draw_one(random, "H3", "OTHER"),) if random.random() < 0.5 else ()
    return draw_one(random, "E", "F", later), None if random.random() < 0.1 else history + other, Stage.SETTLED


DEFINITIONS = {
    "readmission": ({"window_days": 4, "same_disease": True, "care_types": ["inpatient"]}, {IN}, by_readmission),
    "frequent_visits": (
        {"window_days": 3, "most": 2, "care_types": ["inpatient", "outpatient"]},
        {IN, OUT},
        by_frequency,
    ),
    "overlapping_stays": ({"most": 1, "care_types": ["inpatient"]}, {IN}, by_overlap),
    "empty_bed": ({"most": 1, "care_types": ["inpatient"]}, {IN}, by_empty_bed),
    "impossible_presence": ({"care_types": ["outpatient"]}, {IN, OUT}, by_presence),
}


@pytest.mark.parametrize("pattern", DEFINITIONS)
@oracle_of(KIND)
def test_as_the_definition(pattern):
    parameters, judged_types, define = DEFINITIONS[pattern]

    def expected(judged, history, _stage):
        if judged.care_type not in judged_types or span(judged)[0] is None:
            return [], set()  # without any date no rule is in force
        findings, lacking = define(judged, history)
        if history is None and not findings and not lacking and pattern != "empty_bed":
            lacking = {"history"}
        return findings, lacking

    later = 6 if pattern == "readmission" else 0  # else hardly any stay follows another
    points = [{"excluded_diagnoses": "Z51*", "ignored_code": "A2|B*"}]
    compared.agree(
        open_rule(KIND, {"pattern": pattern, **parameters}, points, **WORDS), partial(draw, later=later), expected
    )


def test_days_are_counted_from_the_same_origin():
    """Guards this file: the helper that spells days and the one that spells lines mean the same day."""
    assert oracle.spelled("a A1 +3")[0].service_date == days(3)

"""Doses for each hundred bed days: the limit itself, and an oracle in exact fractions."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest

from app.domain.encounter import CareType, Encounter
from app.knowledge.pack import PackError
from tests.engine.kinds import drawn
from tests.engine.kinds.agreement import oracle_of
from tests.engine.kinds.build import DAY, amount, at_fault, encounter, judge, line, missing, open_rule

KIND = "use_density"
WORDS = {"message": "{days}天用{doses}个DDD，强度{density}"}
MEROPENEM, VANCOMYCIN = "XJ01DHM046B001010101066", "XJ01XAW001B001010101066"
POINTS = [
    {"item_code": "XJ01DHM046B0*", "dose_unit": "g", "ddd": "3"},
    {"item_code": "XJ01XAW001B0*", "dose_unit": "g", "ddd": "2", "contents": "瓶=0.5"},
]
PARAMETERS = {"most": "150", "min_days": "2"}
STAY = {"care_type": "inpatient", "start_at": "2026-03-10T08:00:00", "end_at": "2026-03-12T08:00:00"}


def judged(*lines, **fields):
    return judge(KIND, PARAMETERS, POINTS, encounter(*lines, **{**STAY, **fields}), **WORDS)


@pytest.mark.parametrize(("grams", "is_hit"), [("9", False), ("9.1", True), ("3", False)])
def test_the_limit(grams, is_hit):
    judgement = judged(line("a", MEROPENEM, unit="g", quantity=grams))
    assert at_fault(judgement) == ([["a"]] if is_hit else [])
    assert not missing(judgement)


def test_all_drugs_of_the_rule_count_together_in_one_finding():
    judgement = judged(
        line("a", MEROPENEM, unit="支", specification="0.5g", quantity=12, amount="100"),
        line("b", VANCOMYCIN, DAY.replace(day=11), unit="瓶", quantity=8, amount="50"),
        line("c", "XJ01DBA001", DAY.replace(day=11), unit="g", quantity=99),
    )
    assert at_fault(judgement) == [["a", "b"]]
    assert amount(judgement) == 150
    assert judgement.findings[0].message == "2天用4个DDD，强度200"


@pytest.mark.parametrize(
    ("fields", "lacking"),
    [
        ({"care_type": "outpatient"}, set()),
        ({"care_type": ""}, {"care_type"}),
        ({"end_at": "2026-03-11T08:00:00"}, set()),  # shorter than min_days
        ({"start_at": None}, {"start_at"}),
    ],
)
def test_stays_that_are_not_judged(fields, lacking):
    judgement = judged(line("a", MEROPENEM, unit="g", quantity=99), **fields)
    assert not judgement.findings
    assert set(missing(judgement)) == lacking


def test_what_is_taken_home_does_not_count():
    judgement = judged(line("a", MEROPENEM, unit="g", quantity=99, is_discharge_medication=True))
    assert not judgement.findings
    assert not missing(judgement)


def test_an_unknown_dose_is_said_unless_the_others_are_too_many_already():
    unknown = line("u", MEROPENEM, unit="盒")
    assert set(missing(judged(unknown, line("a", MEROPENEM, unit="g", quantity=9)))) == {"line.unit"}
    assert at_fault(judged(unknown, line("a", MEROPENEM, unit="g", quantity=10))) == [["u", "a"]]


@pytest.mark.parametrize("columns", [{"ddd": "0"}, {"contents": "瓶"}, {"dose_unit": ""}])
def test_a_point_out_of_reason_is_refused(columns):
    with pytest.raises(PackError):
        open_rule(KIND, PARAMETERS, [POINTS[0] | columns])


@pytest.mark.parametrize("parameters", [{}, {"most": "0"}, {"most": "5", "min_days": "0"}])
def test_parameters_out_of_reason_are_refused(parameters):
    with pytest.raises(PackError):
        open_rule(KIND, parameters, POINTS)


def expected(visit):
    used = [
        one
        for one in sorted(visit.charge_lines, key=lambda one: one.service_date)
        if one.item_code in (MEROPENEM, VANCOMYCIN) and not one.is_discharge_medication
    ]
    drugs = [one for one in visit.charge_lines if one.item_code in (MEROPENEM, VANCOMYCIN)]
    if not drugs or visit.care_type is CareType.OUTPATIENT:
        return [], set()
    if not visit.care_type:
        return [], {"care_type"}
    if not used:
        return [], set()
    if visit.start_at is None:
        return [], {"start_at"}
    last = visit.end_at.date() if visit.end_at else max(one.service_date for one in visit.charge_lines) + timedelta(1)
    days = max((last - visit.start_at.date()).days, 1)
    if days < 2:
        return [], set()
    doses = [
        None if one.unit == "盒" else Fraction(one.quantity) / (3 if one.item_code == MEROPENEM else 2) for one in used
    ]
    if sum(one for one in doses if one is not None) / days > Fraction(3, 2):
        return [tuple(one.id for one in used)], set()
    return [], {"line.unit"} if None in doses else set()


def draw(random: Random) -> Encounter:
    lines = []
    for number in range(random.randrange(5)):
        lines.append(
            drawn.line(
                number,
                drawn.one_of(random, MEROPENEM, VANCOMYCIN, "X"),
                drawn.DAY + timedelta(days=random.randrange(3)),
                unit=drawn.one_of(random, "g", "g", "g", "g", "盒"),
                quantity=Decimal(random.choice(["9", "9.1", "6", "6.1", "3", "4.5"])),
                is_discharge_medication=random.random() < 0.1,
            )
        )
    end = drawn.one_of(random, None, drawn.NOON + timedelta(days=random.randrange(4)))
    start = drawn.one_of(random, drawn.NOON, drawn.NOON, drawn.NOON, None)
    care_type = drawn.one_of(random, *[CareType.INPATIENT] * 6, CareType.DAY_CASE, CareType.OUTPATIENT, CareType(""))
    return drawn.encounter(tuple(lines), care_type=care_type, start_at=start, end_at=end)


@oracle_of(KIND)
def test_the_oracle_agrees_on_many_encounters():
    drawn.agree(open_rule(KIND, PARAMETERS, POINTS, **WORDS), draw, expected)

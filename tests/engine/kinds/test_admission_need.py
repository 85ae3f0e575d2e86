"""Stays without need: near misses one by one, and drawn stays against the definition."""

from datetime import date
from decimal import Decimal

import pytest

from app.domain.decision import Stage
from app.domain.encounter import CareType
from app.knowledge.pack import PackError
from tests.engine.kinds import compared, oracle
from tests.engine.kinds.agreement import oracle_of
from tests.engine.kinds.build import encounter, judge, missing, open_rule
from tests.engine.kinds.compared import at, visit

KIND = "admission_need"
WORDS = {"message": "{diagnosis}住院{days}天，{count}条"}
ONLY_TESTS = [{"ordinary_code": "0025*|0011*"}]
COLD = [
    {
        "diagnoses": "J06*",
        "max_days": "3",
        "needed_code": "0033*",
        "needed_procedures": "96.7*",
        "excluded_diagnoses": "J96*|I50*",
        "min_age": "6",
        "max_age": "64",
    }
]
J06, J96 = {"code": "J06.900", "name": "上感", "is_principal": True}, {"code": "J96.000"}


def stay(lines, days=3, diagnoses=(J06,), **fields):
    times = {"start_at": at(0), "end_at": at(days), "care_type": "inpatient", "patient": {"birth_date": "1996-01-01"}}
    return encounter(*oracle.spelled(lines), diagnoses=list(diagnoses), **{**times, **fields})


def judged(points, one):
    return judge(KIND, {}, points, one, **WORDS)


@pytest.mark.parametrize(
    ("lines", "is_hit"),
    [
        ("a 002503; b 001109", True),
        ("a 002503; b 0012", False),
        ("a 002503; b XC09CA", False),
        ("a 002503; b 00250", True),
        ("", False),
    ],
)
def test_only_examinations(lines, is_hit):
    judgement = judged(ONLY_TESTS, stay(lines, 30))
    assert bool(judgement.findings) is is_hit
    assert not missing(judgement)


@pytest.mark.parametrize(
    ("changes", "is_hit", "lacking"),
    [
        ({}, True, set()),
        ({"days": 4}, False, set()),
        ({"days": 0}, True, set()),
        ({"lines": "a 001204; b 003301"}, False, set()),
        ({"diagnoses": (J06, J96)}, False, set()),
        ({"diagnoses": (J06, {"code": "J95.900"})}, True, set()),
        ({"diagnoses": ({**J06, "code": "J07.900"},)}, False, set()),
        ({"diagnoses": ({"code": "K35.800", "is_principal": True}, {"code": "J06.900"})}, False, set()),
        ({"diagnoses": ({"code": "K35.800"}, {"code": "J06.900"})}, False, {"diagnoses"}),
        ({"diagnoses": (J06, {"code": "感冒"})}, False, {"diagnoses"}),
        ({"diagnoses": ()}, False, {"diagnoses"}),
        ({"procedures": [{"code": "96.7101"}]}, False, set()),
        ({"procedures": [{"code": "96.6000"}]}, True, set()),
        ({"patient": {"birth_date": "1961-03-11"}}, True, set()),
        ({"patient": {"birth_date": "1961-03-10"}}, False, set()),
        ({"patient": {"birth_date": "2020-03-10"}}, True, set()),
        ({"patient": {"birth_date": "2020-03-11"}}, False, set()),
        ({"patient": {}}, False, {"patient.birth_date"}),
        ({"care_type": "outpatient"}, False, set()),
        ({"care_type": "day_case"}, False, set()),
        ({"care_type": ""}, False, {"care_type"}),
        ({"end_at": None}, False, {"end_at"}),
        ({"start_at": None}, False, {"start_at"}),
        ({"lines": "a 001204; b 本地"}, True, set()),
    ],
)
def test_low_standard(changes, is_hit, lacking):
    judgement = judged(COLD, stay(**{"lines": "a 001204 amount=7; b 002503 amount=3", **changes}))
    assert bool(judgement.findings) is is_hit
    assert set(missing(judgement)) == lacking


def test_a_line_without_a_code_may_be_the_treatment():
    uncoded = encounter(compared.ChargeLine(id="a", service_date=compared.DAY), care_type="inpatient")
    one = stay("")
    judgement = judged(
        ONLY_TESTS,
        compared.visit(
            care_type=CareType.INPATIENT, charge_lines=uncoded.charge_lines, start_at=one.start_at, end_at=one.end_at
        ),
    )
    assert set(missing(judgement)) == {"line.item_code"}


def test_the_words_and_the_amount():
    (found,) = judged(COLD, stay("a 001204 amount=7; b 002503 amount=3 uncovered_amount=1")).findings
    assert (found.message, found.lines, found.amount_at_issue) == ("上感住院3天，2条", (), Decimal(9))


def test_a_point_without_a_claim_is_refused():
    with pytest.raises(PackError, match="fill diagnoses or ordinary_code"):
        open_rule(KIND, {}, [{"max_days": "3"}])


POINTS = [
    {"point": "A", "ordinary_code": "A*|B1", "max_days": "3"},
    {
        "point": "B",
        "diagnoses": "J06*",
        "max_days": "2",
        "needed_code": "C*",
        "needed_procedures": "96*",
        "excluded_diagnoses": "J96*",
        "max_age": "40",
    },
]


def expected(one, _history, _stage):
    findings, lacking = [], set()
    if one.care_type is not CareType.INPATIENT or not one.charge_lines:
        return [], set()
    for point in POINTS:
        outcome = by_point(one, point)
        if isinstance(outcome, str):
            lacking.add(outcome)
        elif outcome:
            findings.append(oracle.finding([], [], oracle.total(one.charge_lines)))
    return findings, lacking


def shows_need(one, point):
    codes = [line.item_code for line in one.charge_lines]
    return (
        any(oracle.matches(point.get("excluded_diagnoses", "-"), disease.code) for disease in one.diagnoses)
        or any(oracle.matches(point.get("needed_procedures", "-"), done.code) for done in one.procedures)
        or any(oracle.matches(point.get("needed_code", "-"), code) for code in codes)
        or any(code and not oracle.matches(point.get("ordinary_code", "*"), code) for code in codes)
    )


def by_point(one, point):
    if one.end_at is None:
        return "end_at"
    if shows_need(one, point):
        return False
    names = [disease.code for disease in one.diagnoses]
    flagged = [disease.code for disease in one.diagnoses if disease.is_principal] or (names if len(names) == 1 else [])
    principal = flagged[0] if flagged and flagged[0] != "病" else ""
    if principal and not oracle.matches(point.get("diagnoses", "*"), principal):
        return False
    if one.start_at is None:
        return "start_at"
    if max((one.end_at.date() - one.start_at.date()).days, 1) > int(point["max_days"]):
        return False
    if "max_age" in point:
        born = one.patient.birth_date
        if born is None:
            return "patient.birth_date"
        if one.start_at.date() >= date(born.year + 41, born.month, born.day):
            return False
    if "diagnoses" in point and (not principal or "病" in names):
        return "diagnoses"
    return "line.item_code" if any(not line.item_code for line in one.charge_lines) else True


@oracle_of(KIND)
def test_as_the_definition():
    def draw(random):
        start, end = random.choice((None, 0, 0, 1)), random.choice((None, 1, 2, 3, 4, 4))
        one = visit(
            care_type=random.choice((CareType.INPATIENT,) * 5 + (CareType.OUTPATIENT,)),
            patient={"birth_date": random.choice((None, *(date(1985, 3, day) for day in range(9, 13))))},
            start_at=None if start is None else at(start),
            end_at=None if end is None else at(end),
            diagnoses=compared.diseases(random, ["J06.900", "J06.900", "J07.900", "J96.000", "病"]),
            procedures=compared.procedures(random, ["96.7101", "95.1000"], 1),
            charge_lines=compared.charges(random, ["A1", "A2", "B1", "B1", "B2", "C1", ""], 3),
        )
        return one, None, Stage.SETTLED

    compared.agree(open_rule(KIND, {}, POINTS, **WORDS), draw, expected)

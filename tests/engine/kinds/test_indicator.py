"""Indicators: the bands and their edges, and whose month it is."""

from decimal import Decimal

import pytest

from app.knowledge.pack import PackError
from tests.engine.kinds import fed
from tests.engine.kinds.build import encounter, line, missing, open_rule

KIND = "indicator"
BANDS = {"measure": "drug_share", "yellow": "30", "red": "40"}
WORDS = {"message": "{subject} {share}% {limit}% {band} {numerator}/{denominator}"}
OWN = [{"source": "encounter", "item_code": "X*", "excluded_code": "C*"}]


def visit(drug, rest, *others, **fields):
    lines = [line("L1", "XA", amount=drug), line("L2", "H", **({} if rest is None else {"amount": rest})), *others]
    return encounter(*lines, **{"department": "D1", "end_at": "2026-03-31T10:00:00", **fields})


def judged(points, stay, rows=None, **parameters):
    return fed.judge(KIND, {**BANDS, **parameters}, points, stay, rows or {}, **WORDS)


@pytest.mark.parametrize(
    ("drug", "rest", "band"),
    [
        ("30", "70", None),
        ("30.01", "69.99", "黄色预警"),
        ("40", "60", "黄色预警"),
        ("40.01", "59.99", "红色预警"),
        ("100", "0", "红色预警"),
        ("0", "0", None),
        ("0", "100", None),
    ],
)
def test_the_bands_and_their_edges(drug, rest, band):
    judgement = judged(OWN, visit(drug, rest))
    assert [one.facts["band"] for one in judgement.findings] == ([band] if band else [])
    assert not missing(judgement)


@pytest.mark.parametrize(
    ("drug", "band"),
    [("40", None), ("39.99", "黄色预警"), ("30", "黄色预警"), ("29.99", "红色预警"), ("0", "红色预警")],
)
def test_turned_round(drug, band):
    judgement = judged(OWN, visit(drug, Decimal(100) - Decimal(drug)), worse="low", yellow="40", red="30")
    assert [one.facts["band"] for one in judgement.findings] == ([band] if band else [])


def test_the_words_and_what_is_left_out_of_the_whole():
    stay = visit("50", "100", line("L3", "C1", amount="900"), line("L4", "XB", unit_price="1.25", quantity="2"))
    (finding,) = judged(OWN, stay).findings
    assert finding.message == "本次就诊 34.43% 30% 黄色预警 52.5/152.5"
    assert finding.lines == ()


@pytest.mark.parametrize(("minimum", "is_hit"), [("100", True), ("100.01", False)])
def test_a_small_whole_says_nothing(minimum, is_hit):
    assert bool(judged(OWN, visit("50", "50"), minimum=minimum).findings) is is_hit


def test_an_unknown_amount_is_said():
    assert set(missing(judged(OWN, visit("50", None)))) == {"line.amount"}
    no_matter = visit("50", "50", line("L3", "C1"))  # it is not part of the whole
    assert not missing(judged(OWN, no_matter))


@pytest.mark.parametrize(
    ("fields", "lacking", "is_hit"),
    [
        ({}, set(), True),
        ({"department": "D2"}, set(), False),
        ({"department": ""}, {"department"}, False),
        ({"care_type": "outpatient"}, set(), False),
        ({"care_type": ""}, {"care_type"}, False),
    ],
)
def test_only_where_the_point_is_meant(fields, lacking, is_hit):
    points = [{**OWN[0], "departments": "D1|D3", "care_types": "inpatient"}]
    judgement = judged(points, visit("50", "50", **{"care_type": "inpatient", **fields}))
    assert set(missing(judgement)) == lacking
    assert bool(judgement.findings) is is_hit


def statistic(numerator, **fields):
    plain = {"facility": "F", "department": "D1", "month": "2026-03", "measure": "drug_share", "denominator": 100}
    return {"statistics": [{**plain, "numerator": numerator, **fields}]}


@pytest.mark.parametrize(
    ("source", "rows", "subject"),
    [
        ("department", statistic(31), "科室D12026-03"),
        ("facility", statistic(31, department=""), "本机构2026-03"),
        ("practitioner", statistic(31, department="", practitioner="P1"), "医师P12026-03"),
        ("department", statistic(30), None),
        ("department", statistic(0, denominator=0), None),
    ],
)
def test_from_the_statistics_of_the_month(source, rows, subject):
    judgement = judged([{"source": source}], visit("0", "1", practitioner={"id": "P1"}), rows)
    assert [one.facts["subject"] for one in judgement.findings] == ([subject] if subject else [])
    assert not missing(judgement)


@pytest.mark.parametrize(
    ("fields", "lacking"),
    [
        ({}, set()),
        ({"end_at": "2026-04-01T00:00:00"}, {"feed.statistics"}),
        ({"end_at": None}, set()),  # the last line is of March
        ({"department": "D2"}, {"feed.statistics"}),
        ({"department": ""}, {"department"}),
    ],
)
def test_the_month_and_the_department_of_the_encounter(fields, lacking):
    judgement = judged([{"source": "department"}], visit("0", "1", **fields), statistic(31))
    assert set(missing(judgement)) == lacking
    assert bool(judgement.findings) is not bool(lacking)


def test_without_a_feed_or_a_practitioner():
    assert set(missing(judged([{"source": "facility"}], visit("0", "1")))) == {"feed.statistics"}
    assert set(missing(judged([{"source": "practitioner"}], visit("0", "1")))) == {"feed.statistics"}
    lacking = missing(judged([{"source": "practitioner"}], visit("0", "1"), statistic(31)))
    assert set(lacking) == {"practitioner.id"}
    only_start = encounter(start_at="2026-03-01T08:00:00")
    assert judged([{"source": "facility"}], only_start, statistic(99, department="")).findings


@pytest.mark.parametrize(("infections", "band"), [(10, None), (11, "黄色预警"), (21, "红色预警")])
def test_infections(infections, band):
    report = {"facility": "F", "department": "D1", "month": "2026-03", "infections": infections, "inpatients": 100}
    bands = {"measure": "infection", "yellow": "10", "red": "20"}
    judgement = judged([{"source": "department"}], visit("0", "1"), {"infections": [report]}, **bands)
    assert [one.facts["band"] for one in judgement.findings] == ([band] if band else [])
    assert set(missing(judged([{"source": "department"}], visit("0", "1"), **bands))) == {"feed.infections"}


def test_a_point_has_limits_of_its_own():
    assert not judged([{**OWN[0], "yellow": "50", "red": "60"}], visit("45", "55")).findings
    assert judged([{**OWN[0], "yellow": "10"}], visit("11", "89")).findings


@pytest.mark.parametrize(
    ("points", "parameters", "told"),
    [
        (OWN, {"yellow": "50"}, "swap"),
        (OWN, {"worse": "low"}, "swap"),
        (OWN, {"red": "101"}, "0 to 100"),
        (OWN, {"yellow": "NaN"}, "0 to 100"),
        ([{"source": "encounter"}], {}, "item_code"),
        (OWN, {"measure": "infection"}, "share"),
        ([{"source": "facility", "item_code": "X*"}], {}, "only"),
        ([{"source": "practitioner"}], {"measure": "infection"}, "department"),
        (OWN, {"measure": "drugs"}, "measure"),
        (OWN, {"minimum": "NaN"}, "minimum"),
    ],
)
def test_what_makes_no_sense_is_refused(points, parameters, told):
    with pytest.raises(PackError, match=told):
        open_rule(KIND, {**BANDS, **parameters}, points, **WORDS)

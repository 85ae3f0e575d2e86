"""Indicators: the bands and their edges, whose month it is, and an oracle."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from app.domain.encounter import CareType
from app.domain.feed import Statistic
from app.domain.line import Practitioner
from app.knowledge.pack import PackError
from tests.engine.kinds import drawn, fed
from tests.engine.kinds.agreement import oracle_of
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

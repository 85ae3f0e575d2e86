"""A day's dose against the label: the milligram around the limit, and an oracle in exact fractions."""

from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest

from app.domain.encounter import CareType, Encounter
from app.knowledge.pack import PackError
from tests.engine.kinds import drawn
from tests.engine.kinds.agreement import oracle_of
from tests.engine.kinds.build import DAY, amount, at_fault, encounter, judge, line, missing, open_rule

KIND = "daily_dose"
WORDS = {"message": "{item}日用量{daily}{dose_unit}，限{limit}"}
TABLET, PIECE = "XM01AXA267A001010101522", "T001700368"
POINTS = [
    {"item_code": "XM01AXA267A001*", "dose_unit": "mg", "max_daily": "50", "contents": "片=25"},
    {"item_code": PIECE, "dose_unit": "g", "max_daily": "30"},
]


def judged(*lines, care_type="outpatient", parameters=None):
    return judge(KIND, parameters or {}, POINTS, encounter(*lines, care_type=care_type), **WORDS)


@pytest.mark.parametrize(
    ("quantity", "days_supply", "is_hit"),
    [(28, 14, False), (29, 14, True), (2, 1, False), (3, 1, True), (7, 3, True), (6, 3, False)],
)
def test_outpatient_tablets_are_divided_by_their_days(quantity, days_supply, is_hit):
    judgement = judged(line("a", TABLET, unit="片", quantity=quantity, days_supply=days_supply))
    assert at_fault(judgement) == ([["a"]] if is_hit else [])
    assert not missing(judgement)


@pytest.mark.parametrize(
    ("care_type", "fields", "parameters", "lacking"),
    [
        ("outpatient", {"unit": "片"}, {}, "line.days_supply"),
        ("inpatient", {"unit": "片"}, {}, None),
        ("inpatient", {"unit": "片"}, {"needs_days": "true"}, "line.days_supply"),
        ("inpatient", {"unit": "片", "is_discharge_medication": True}, {}, "line.days_supply"),
        ("inpatient", {"unit": "盒"}, {}, "line.unit"),
        ("inpatient", {"unit": "盒", "specification": "25mg*2片"}, {}, None),
    ],
)
def test_what_is_not_known_is_said(care_type, fields, parameters, lacking):
    judgement = judged(line("a", TABLET, **fields), care_type=care_type, parameters=parameters)
    assert not judgement.findings
    assert set(missing(judgement)) == ({lacking} if lacking else set())


def test_the_lines_of_a_day_count_together_and_what_lies_above_is_at_issue():
    lines = [
        line("a", TABLET, unit="片", quantity=2, amount="30"),
        line("b", TABLET.replace("0101522", "0101523"), unit="片", quantity=2, amount="50"),
        line("c", TABLET, DAY.replace(day=11), unit="片", quantity=2, amount="30"),
    ]
    judgement = judged(*lines, care_type="inpatient")
    assert at_fault(judgement) == [["a", "b"]]
    assert amount(judgement) == 40
    assert judgement.findings[0].facts == {"daily": "100", "limit": "50", "excess": "50"}


def test_what_is_known_may_be_too_much_already():
    lines = [line("a", TABLET, unit="片", quantity=3, amount="30"), line("b", TABLET, unit="盒", amount="9")]
    judgement = judged(*lines, care_type="inpatient")
    assert at_fault(judgement) == [["a", "b"]]
    assert not missing(judgement)


def test_pieces_by_the_gram():
    assert not judged(line("a", PIECE, unit="g", quantity=210, days_supply=7)).findings
    (found,) = judged(line("a", PIECE, unit="g", quantity=211, days_supply=7, item_name="黄芪")).findings
    assert found.message == "黄芪日用量30.14g，限30"


@pytest.mark.parametrize(
    "columns", [{"max_daily": "0"}, {"max_daily": "-1"}, {"contents": "片"}, {"contents": "片=0"}, {"dose_unit": ""}]
)
def test_a_point_out_of_reason_is_refused(columns):
    with pytest.raises(PackError):
        open_rule(KIND, {}, [POINTS[0] | columns])


CONTENTS = {"片": 25, "mg": 1}
DAY_BY_DAY = (CareType.INPATIENT, CareType.EMERGENCY)


def expected(visit):
    hits, lacking = [], set()
    for when in {one.service_date for one in visit.charge_lines if one.item_code == TABLET}:
        group = [one for one in visit.charge_lines if one.item_code == TABLET and one.service_date == when]
        total, unknown = Fraction(0), []
        for one in group:
            days = one.days_supply
            if days is None and visit.care_type in DAY_BY_DAY and not one.is_discharge_medication:
                days = 1
            if days is None:
                unknown.append("line.days_supply")
            elif one.unit == "盒" and one.specification:
                total += Fraction(one.quantity) * 50 / days
            elif one.unit in CONTENTS:
                total += Fraction(one.quantity) * CONTENTS[one.unit] / days
            else:
                unknown.append("line.unit")
        if total > 50:
            hits.append(tuple(one.id for one in group))
        elif unknown:
            lacking.add(unknown[0])
    return hits, lacking


def draw(random: Random) -> Encounter:
    lines = []
    for number in range(random.randrange(4)):
        unit = drawn.one_of(random, "片", "片", "片", "mg", "盒", "")
        fields = {
            "unit": unit,
            "quantity": Decimal(random.choice(["1", "2", "3", "0.5"]) if unit != "mg" else "50"),
            "days_supply": drawn.one_of(random, None, 1, 2, 3),
            "specification": drawn.one_of(random, "", "25mg*2片") if unit == "盒" else "",
            "is_discharge_medication": random.random() < 0.1,
        }
        lines.append(drawn.line(number, drawn.one_of(random, TABLET, TABLET, "X"), drawn.day(random, 1), **fields))
    care_type = drawn.one_of(random, CareType.INPATIENT, CareType.EMERGENCY, CareType.OUTPATIENT)
    return drawn.encounter(tuple(lines), care_type=care_type, start_at=drawn.NOON)


@oracle_of(KIND)
def test_the_oracle_agrees_on_many_encounters():
    drawn.agree(open_rule(KIND, {}, POINTS, **WORDS), draw, expected)

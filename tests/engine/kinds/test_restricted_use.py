"""Restricted use: each condition holds, is broken, or is unknown; all of them together."""

from datetime import date

import pytest

from app.knowledge.pack import PackError
from tests.engine.kinds.build import amount, at_fault, encounter, judge, line, missing, open_rule

ITEM, NEIGHBOUR = "XB01AXA223B002010100156", "XB01AXA223B002010100157"


def judged(cells, line_fields=None, **fields):
    lines = line("L1", ITEM, amount="9", **(line_fields or {})), line("L2", NEIGHBOUR)
    return judge("restricted_use", {}, [{"item_code": ITEM, **cells}], encounter(*lines, **fields), message="{broken}")


def diagnoses(*codes):
    return {"diagnoses": [{"code": code} for code in codes]}


def born(birth_date):
    return {"patient": {"birth_date": birth_date}}


HOLDS = "holds"
TABLE = [
    ({"sex": "male"}, {"patient": {"sex": "male"}}, HOLDS),
    ({"sex": "male"}, {"patient": {"sex": "female"}}, "限男性，患者为女性"),
    ({"sex": "male"}, {}, "patient.sex"),
    # 18 on 10 March 2026, the service date
    ({"min_age": "18"}, born("2008-03-10"), HOLDS),
    ({"min_age": "18"}, born("2008-03-11"), "限18岁及以上，患者17岁"),
    ({"max_age": "17"}, born("2008-03-11"), HOLDS),
    ({"max_age": "17"}, born("2008-03-10"), "限17岁及以下，患者18岁"),
    ({"min_age": "6", "max_age": "17"}, born("2020-03-10"), HOLDS),
    ({"min_age": "6", "max_age": "17"}, born("2020-03-11"), "限6至17岁，患者5岁"),
    ({"max_age": "0"}, born("2025-03-11"), HOLDS),
    ({"max_age": "0"}, born("2025-03-10"), "限0岁及以下，患者1岁"),
    ({"min_age": "18"}, {}, "patient.birth_date"),
    ({"max_age_days": "28"}, born("2026-02-10"), HOLDS),
    ({"max_age_days": "28"}, born("2026-02-09"), "限出生28天内，患者出生29天"),
    ({"max_age_days": "0"}, born("2026-03-10"), HOLDS),
    ({"max_age_days": "28"}, {}, "patient.birth_date"),
    ({"diagnoses": "I63*"}, diagnoses("I10.x00", "I63.900"), HOLDS),
    ({"diagnoses": "I63*"}, diagnoses("I64.x00", "I62.900"), "诊断（I64.x00、I62.900）不在限定范围内"),
    (
        {"diagnoses": "I63*"},
        diagnoses("I10.x00", "I11.900", "I12.900", "I13.900"),
        "诊断（I10.x00、I11.900、I12.900）不在限定范围内",
    ),
    ({"diagnoses": "I63*"}, diagnoses("I64.x00", "BY001"), "diagnoses"),
    ({"diagnoses": "I63*"}, {"diagnoses": [{"code": "I10.x00"}, {"name": "脑梗死"}]}, "diagnoses"),
    ({"diagnoses": "I63*"}, {}, "diagnoses"),
    ({"diagnoses": "I63.900"}, diagnoses("I63.900x001"), "诊断（I63.900x001）不在限定范围内"),
    ({"diagnoses": "K35-K37"}, diagnoses("K37.x00"), HOLDS),
    ({"diagnoses": "K35-K37"}, diagnoses("K38.000"), "诊断（K38.000）不在限定范围内"),
    ({"excluded_diagnoses": "O00-O99"}, diagnoses("N80.000"), HOLDS),
    ({"excluded_diagnoses": "O00-O99"}, diagnoses("N80.000", "O99.800"), "诊断 O99.800 属禁忌或除外情形"),
    ({"excluded_diagnoses": "O00-O99"}, diagnoses("BY001", "O99.800"), "诊断 O99.800 属禁忌或除外情形"),
    ({"excluded_diagnoses": "O00-O99"}, diagnoses("BY001"), "diagnoses"),
    ({"excluded_diagnoses": "O00-O99"}, diagnoses("O0017"), "diagnoses"),  # a code of the hospital's own
    ({"excluded_diagnoses": "O00-O99"}, {"diagnoses": [{"code": "N80.000"}, {"name": "妊娠"}]}, "diagnoses"),
    ({"excluded_diagnoses": "O00-O99"}, {}, "diagnoses"),
    ({"insurance_types": "maternity"}, {"coverage": {"insurance_type": "maternity"}}, HOLDS),
    (
        {"insurance_types": "maternity|work_injury"},
        {"coverage": {"insurance_type": "resident"}},
        "限生育保险、工伤保险，本次为居民医保",
    ),
    ({"insurance_types": "maternity"}, {}, "coverage.insurance_type"),
    ({"care_types": "inpatient|day_case"}, {"care_type": "day_case"}, HOLDS),
    ({"care_types": "inpatient"}, {"care_type": "internet"}, "限住院，本次为互联网诊疗"),
    ({"care_types": "inpatient"}, {}, "care_type"),
    ({"excluded_care_types": "internet"}, {"care_type": "outpatient"}, HOLDS),
    ({"excluded_care_types": "internet|pharmacy"}, {"care_type": "pharmacy"}, "不得用于药店购药"),
    ({"excluded_care_types": "internet"}, {}, "care_type"),
    ({"facility_levels": "tertiary|secondary"}, {"facility": {"level": "secondary"}}, HOLDS),
    ({"facility_levels": "tertiary"}, {"facility": {"level": "ungraded"}}, "限三级医疗机构，本次为未定级医疗机构"),
    ({"facility_levels": "tertiary"}, {}, "facility.level"),
    ({"facility_types": "A1"}, {"facility": {"type": "A1"}}, HOLDS),
    ({"facility_types": "A1"}, {"facility": {"type": "A10"}}, "限A1，本次为A10"),
    ({"facility_types": "A1"}, {}, "facility.type"),
    ({"departments": "0301"}, {"department": "0301"}, HOLDS),
    ({"departments": "0301"}, {"department": "0302"}, "限0301，本次为0302"),
    ({"departments": "0301"}, {}, "department"),
    ({"excluded_pregnancy": "pregnant"}, {"patient": {"pregnancy": "none"}}, HOLDS),
    ({"excluded_pregnancy": "pregnant|lactating"}, {"patient": {"pregnancy": "lactating"}}, "不得用于哺乳期"),
    ({"excluded_pregnancy": "pregnant"}, {}, "patient.pregnancy"),
    ({"practitioner_titles": "chief"}, {}, "practitioner.title"),
]


@pytest.mark.parametrize(("cells", "fields", "outcome"), TABLE, ids=[str(number) for number in range(len(TABLE))])
def test_one_condition(cells, fields, outcome):
    """`outcome` is how the condition is broken, the path of the missing fact, or that it holds."""
    judgement = judged(cells, **fields)
    is_fact = outcome.isascii() and outcome != HOLDS
    told = [] if is_fact or outcome == HOLDS else [outcome]
    assert [finding.message for finding in judgement.findings] == told
    assert at_fault(judgement) == [["L1"]] * len(told)
    assert amount(judgement) == 9 * len(told)
    assert missing(judgement) == ({outcome: ["L1"]} if is_fact else {})


@pytest.mark.parametrize(
    ("line_department", "is_hit"), [("0301", False), ("0302", True), ("", True)], ids=["line", "other", "stay"]
)
def test_the_department_of_the_line_comes_before_that_of_the_stay(line_department, is_hit):
    judgement = judged({"departments": "0301"}, {"department": line_department}, department="0309")
    assert bool(judgement.findings) is is_hit


@pytest.mark.parametrize(("title", "is_hit"), [("chief", False), ("associate_chief", False), ("resident", True)])
def test_the_title_of_the_lines_practitioner(title, is_hit):
    cells = {"practitioner_titles": "chief|associate_chief"}
    judgement = judged(cells, {"practitioner": {"title": title}}, practitioner={"title": "chief"})
    assert bool(judgement.findings) is is_hit


@pytest.mark.parametrize(
    ("day", "is_hit"), [(date(2026, 2, 28), False), (date(2026, 3, 1), True)], ids=["last day at 17", "18"]
)
def test_a_birthday_on_29_february_is_reached_on_1_march(day, is_hit):
    point = [{"item_code": ITEM, "max_age": "17"}]
    stay = encounter(line("L1", ITEM, day), **born("2008-02-29"))
    assert bool(judge("restricted_use", {}, point, stay).findings) is is_hit


def test_broken_conditions_are_all_told_and_outweigh_what_is_unknown():
    cells = {"sex": "female", "max_age": "60", "facility_levels": "tertiary", "diagnoses": "I63*"}
    judgement = judged(
        cells,
        patient={"sex": "male", "birth_date": "1950-01-01"},
        facility={"level": "tertiary"},
        care_type="inpatient",
    )
    assert [finding.message for finding in judgement.findings] == ["限女性，患者为男性；限60岁及以下，患者76岁"]
    assert not missing(judgement)


def test_a_condition_that_holds_does_not_hide_what_is_unknown():
    judgement = judged({"sex": "male", "facility_levels": "tertiary"}, patient={"sex": "male"})
    assert not judgement.findings
    assert missing(judgement) == {"facility.level": ["L1"]}


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"item_name": "无条件"}, "no condition"),
        ({"sex": "boy"}, "sex"),
        ({"max_age": "151"}, "max_age"),
        ({"min_age": "-1"}, "min_age"),
        ({"max_age": "八十"}, "max_age"),
        ({"diagnoses": "K37-K35"}, "K37-K35"),
        ({"diagnoses": "脑梗死"}, "pattern"),
        ({"facility_levels": "tertiary|best"}, "facility_levels"),
    ],
)
def test_what_means_nothing_is_refused(cells, told):
    with pytest.raises(PackError, match=told):
        open_rule("restricted_use", {}, [{"item_code": ITEM, **cells}])

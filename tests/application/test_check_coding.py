"""Checking the coding of a case: what a request tells, what an encounter tells, and which of them wins."""

from datetime import date
from decimal import Decimal

import msgspec
import pytest

from app.application.check_coding import (
    MOST_LINES,
    TooMuch,
    coding_answer,
    coding_case,
    encounter_case,
    read_input,
    read_knowledge,
)
from app.application.preview_settlement import BadFacts
from app.application.stay_input import read_stay
from app.domain.encounter import CareType, Encounter, FacilityLevel
from tests.grouper.coding_build import ROOT, knowledge, starter

ENCOUNTER = {
    "id": "E1",
    "facility": {"id": "F1", "level": "tertiary"},
    "patient": {"id": "P1", "sex": "male", "birth_date": "1960-01-01"},
    "care_type": "inpatient",
    "start_at": "2026-03-01T08:00:00",
    "end_at": "2026-03-09T08:00:00",
    "diagnoses": [
        {"code": "I63.900", "is_principal": True, "use": "discharge"},
        {"code": "J96.000", "use": "discharge"},
        {"code": "G45.900", "use": "admission"},
    ],
    "charge_lines": [
        {
            "id": "L1",
            "item_code": "001109000010000",
            "item_name": "床位费",
            "service_date": "2026-03-01",
            "amount": "9000",
            "uncovered_amount": "100",
        }
    ],
}
STAY = {"sex": "male", "age_years": 60, "diagnoses": ["I63.900", "J96.000"], "total_amount": "9000"}


def made(document):
    return coding_case(read_stay(document), read_input(document))


def answer(document, **more):
    return coding_answer(starter(), knowledge(), read_stay(document), read_input(document), **more)


def ids(found):
    return {one.id for one in found["findings"]}


def test_the_tables_lie_with_the_rules():
    assert read_knowledge(ROOT / "rules").revision == knowledge().revision


def test_what_an_encounter_tells():
    case = made({"encounter": ENCOUNTER})
    assert case.stay.diagnoses == ("I63.900", "J96.000")
    assert [item.id for item in case.items] == ["L1"]
    assert (case.start_date, case.end_date) == (date(2026, 3, 1), date(2026, 3, 9))
    assert case.admission_diagnoses == ("G45.900",)
    assert case.uncovered_amount == Decimal(100)
    assert case.payment_facts.facility_level is FacilityLevel.TERTIARY
    assert (case.history, case.texts, case.statistics) == (None, None, None)
    assert case == encounter_case(msgspec.convert(ENCOUNTER, Encounter, strict=False))


def test_what_a_request_tells_besides_wins():
    told = {
        "encounter": ENCOUNTER,
        "lines": [{"item_code": "001203000010000", "service_date": "2026-03-02", "quantity": 3}],
        "facts": {
            "start_date": "2026-02-28",
            "admission_diagnoses": [],
            "facility_level": "secondary",
            "uncovered_amount": 7,
        },
        "history": [{**ENCOUNTER, "id": "E0", "care_type": "outpatient"}],
        "texts": [{"text": "无呼吸衰竭"}],
        "statistics": {"groups": {"BR21": {"mean_days": 9}}},
    }
    case = made(told)
    assert [item.item_code for item in case.items] == ["001203000010000"]
    assert (case.start_date, case.admission_diagnoses, case.uncovered_amount) == (date(2026, 2, 28), (), Decimal(7))
    assert case.payment_facts.facility_level is FacilityLevel.SECONDARY
    assert case.history[0].care_type is CareType.OUTPATIENT
    assert case.statistics.groups["BR21"].mean_days == Decimal(9)


def test_an_encounter_without_charges_has_no_fee_list():
    assert made({"encounter": {**ENCOUNTER, "charge_lines": []}}).items is None
    assert made({"stay": STAY, "lines": []}).items is None


def test_the_uncovered_amount_is_unknown_where_a_line_does_not_say():
    line = {**ENCOUNTER["charge_lines"][0], "id": "L2"}
    line.pop("uncovered_amount")
    assert (
        made({"encounter": {**ENCOUNTER, "charge_lines": [*ENCOUNTER["charge_lines"], line]}}).uncovered_amount is None
    )


@pytest.mark.parametrize(
    "document",
    [{"stay": STAY, "lines": ENCOUNTER["charge_lines"]}, {"encounter": ENCOUNTER},
     {"case": {"gender": 1, "age": 60, "zdList": ["I63.900", "J96.000"], "ssList": [], "amount": 9000},
      "lines": ENCOUNTER["charge_lines"]}],
)  # fmt: skip
def test_however_the_case_is_told(document):
    found = answer(document)
    assert "A2" in ids(found)
    assert found["grouping"]["drg"] == "BR21"
    assert found["ranking"].score > 0
    assert {one.missing for one in found["not_evaluated"]} >= {"texts", "history"}


def test_payment_is_that_of_the_day():
    early, late = answer({"encounter": ENCOUNTER, "on": "2025-06-01"}), answer({"encounter": ENCOUNTER})
    assert early["recorded"].standard != late["recorded"].standard
    assert answer({"encounter": ENCOUNTER, "on": "2019-01-01"})["recorded"].standard is None


def test_codes_of_the_clinical_edition():
    clinical, official = next((code, to) for code, to in starter().diagnosis_map.items() if to and to != code)
    found = answer({"stay": {**STAY, "diagnoses": [clinical]}}, translate=True)
    assert found["recorded"].drg == answer({"stay": {**STAY, "diagnoses": [official]}})["recorded"].drg
    unknown = answer({"stay": {**STAY, "diagnoses": ["Q99.X99"]}}, translate=True)
    assert unknown["findings"] == ()
    assert unknown["grouping"]["status"] == "诊断不能转换为分组器支持的编码"


@pytest.mark.parametrize(
    ("told", "error"),
    [
        ({"lines": [{"amount": "much"}]}, msgspec.ValidationError),
        ({"texts": ["无呼吸衰竭"]}, msgspec.ValidationError),
        ({"statistics": {"hospital": {"BR2": {"cases": 1, "share": 2}}}}, msgspec.ValidationError),
        ({"statistics": {"hospital": {"BR2": {"cases": 1, "share": "NaN"}}}}, msgspec.ValidationError),
        ({"lines": [{"amount": "-1"}]}, msgspec.ValidationError),
        ({"facts": {"uncovered_amount": "NaN"}}, msgspec.ValidationError),
        ({"on": "soon"}, msgspec.ValidationError),
        ({"lines": [{}] * (MOST_LINES + 1)}, TooMuch),
        ({"facts": {"start_date": "soon"}}, msgspec.ValidationError),
        ({"facts": {"unheard_of": 1}}, BadFacts),
    ],
)
def test_what_cannot_be_read(told, error):
    with pytest.raises(error):
        made({"stay": STAY, **told})

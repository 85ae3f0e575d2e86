"""Settlement lists: each check on its own edges, and an oracle over drawn lists for all checks at once."""

import pytest

from app.knowledge.pack import PackError
from tests.engine.kinds.build import at_fault, encounter, judge, line, missing, open_rule

KIND = "settlement_list_quality"
WORDS = {"message": "结算清单：{detail}"}
STAY = {"care_type": "inpatient", "start_at": "2026-03-10T09:00:00", "end_at": "2026-03-12T09:00:00"}
MAIN = {"is_principal": True}


def judged(check, *lines, columns=None, **fields):
    written = {name: value for name, value in {**STAY, **fields}.items() if value is not None}
    return judge(KIND, {}, [{"check": check, **(columns or {})}], encounter(*lines, **written), **WORDS)


def details(judgement):
    return [one.facts["detail"] for one in judgement.findings]


FULL = {
    "patient": {"sex": "male", "birth_date": "1980-01-01"},
    "coverage": {"insurance_type": "employee"},
    "facility": {"level": "tertiary"},
    "department": "A03",
    "practitioner": {"id": "D1"},
    "diagnoses": [{"code": "I10.x00"}],
}


@pytest.mark.parametrize(
    ("field", "blank", "name"),
    [
        ("patient.sex", {"patient": {"birth_date": "1980-01-01"}}, "患者性别"),
        ("patient.birth_date", {"patient": {"sex": "male"}}, "患者出生日期"),
        ("coverage.insurance_type", {"coverage": {}}, "险种"),
        ("facility.level", {"facility": {}}, "医疗机构级别"),
        ("start_at", {"start_at": None}, "入院（就诊）时间"),
        ("end_at", {"end_at": None, "start_at": "2026-03-10T09:00:00"}, "出院时间"),
        ("department", {"department": ""}, "科室"),
        ("practitioner.id", {"practitioner": {}}, "医师编码"),
        ("diagnoses", {"diagnoses": []}, "诊断编码"),
        ("diagnoses", {"diagnoses": [{"code": "I10.x00", "use": "admission"}]}, "诊断编码"),
    ],
)
def test_fields(field, blank, name):
    column = {"field": field}
    assert details(judged("field", columns=column, **FULL)) == []
    assert details(judged("field", columns=column, **{**FULL, **blank})) == [f"未填写{name}"]


@pytest.mark.parametrize(
    ("patient", "detail", "lacking"),
    [
        ({"birth_date": "2026-02-10"}, ["出生28天入院，未填写新生儿体重"], set()),
        ({"birth_date": "2026-03-10"}, ["出生0天入院，未填写新生儿体重"], set()),
        ({"birth_date": "2026-02-09"}, [], set()),
        ({"birth_date": "2026-02-10", "newborn_weight_grams": 3200}, [], set()),
        ({"birth_date": "2026-03-11"}, [], set()),
        ({}, [], {"patient.birth_date"}),
    ],
)
def test_newborn_weight(patient, detail, lacking):
    judgement = judged("newborn_weight", patient=patient)
    assert details(judgement) == detail
    assert set(missing(judgement)) == lacking


@pytest.mark.parametrize(
    ("marks", "detail"),
    [
        ([], []),
        ([True], []),
        ([False], ["没有标明主要诊断"]),
        ([True, False], []),
        ([True, True], ["标明了2个主要诊断"]),
    ],
)
def test_principals(marks, detail):
    codes = [{"code": f"I1{number}.x00", "is_principal": mark} for number, mark in enumerate(marks)]
    assert details(judged("principal_diagnosis", diagnoses=codes)) == detail
    assert not judged("principal_diagnosis", diagnoses=[one | {"use": "admission"} for one in codes]).findings
    operations = [{"code": "47.0100", "is_principal": mark} for mark in marks]
    told = [one.replace("诊断", "手术操作") for one in detail]
    assert details(judged("principal_procedure", procedures=operations)) == told


@pytest.mark.parametrize(
    ("code", "is_odd"),
    [
        ("I10.x00", False),
        ("I10.x00x002", False),
        ("A01.03.01", False),  # Chinese medicine
        ("BNG060", True),
        ("i10.x00", True),
        ("I10.", True),
        ("", True),
    ],
)
def test_diagnosis_codes(code, is_odd):
    judgement = judged("diagnosis_code", diagnoses=[{"code": "I10.x00"}, {"code": code}])
    assert details(judgement) == ([f"诊断编码不合规：{code or '空'}"] if is_odd else [])


@pytest.mark.parametrize(
    ("code", "is_odd"),
    [("47.0100", False), ("43.9900x004", False), ("99.1", False), ("47", True), ("47.01000", True), ("", True)],
)
def test_procedure_codes(code, is_odd):
    judgement = judged("procedure_code", procedures=[{"code": code}])
    assert details(judgement) == ([f"手术操作编码不合规：{code or '空'}"] if is_odd else [])


def test_what_stands_twice():
    codes = [{"code": "I10.x00", "use": "discharge"}, {"code": "I10.x00"}]
    assert not judged("diagnosis_repeated", diagnoses=codes).findings
    assert details(judged("diagnosis_repeated", diagnoses=[*codes, codes[1]])) == ["诊断重复填写：I10.x00"]
    operations = [{"code": "39.9500", "performed_date": f"2026-03-{day}"} for day in (10, 11)]
    assert not judged("procedure_repeated", procedures=operations).findings
    assert details(judged("procedure_repeated", procedures=[*operations, operations[0]])) == [
        "手术操作重复填写：39.9500"
    ]
    assert not judged("procedure_repeated", procedures=[{"code": ""}, {"code": ""}]).findings


@pytest.mark.parametrize(
    ("diagnoses", "detail", "lacking"),
    [
        ([{"code": "W19.900"}], ["W19.900不能作为主要诊断"], set()),
        ([{"code": "S72.000", **MAIN}, {"code": "W19.900"}], [], set()),
        ([{"code": "S72.000"}, {"code": "W19.900", **MAIN}], ["W19.900不能作为主要诊断"], set()),
        ([{"code": "S72.000"}, {"code": "W19.900"}], [], {"diagnoses.is_principal"}),
        ([{"code": "S72.000"}, {"code": "I10.x00"}], [], set()),
        ([{"code": "Z00.000"}], [], set()),
    ],
)
def test_what_cannot_be_principal(diagnoses, detail, lacking):
    judgement = judged("not_principal", columns={"diagnoses": "V01-V99|W00-W99"}, diagnoses=diagnoses)
    assert details(judgement) == detail
    assert set(missing(judgement)) == lacking


def test_an_operation_that_is_charged_but_not_coded():
    columns = {"item_code": "003310*"}
    lines = [line("a", "003310030220000", item_name="阑尾切除术", amount="900"), line("b", "001109000010000")]
    judgement = judged("uncoded_operation", *lines, columns=columns)
    assert at_fault(judgement) == [["a"]]
    assert details(judgement) == ["收取了阑尾切除术，清单中没有手术操作编码"]
    assert not judged("uncoded_operation", *lines, columns=columns, procedures=[{"code": "47.0901"}]).findings
    assert not judged("uncoded_operation", lines[1], columns=columns).findings


@pytest.mark.parametrize(
    ("written", "is_hit"),
    [
        ({"performed_date": "2026-03-09"}, True),
        ({"performed_date": "2026-03-10"}, False),
        ({"performed_date": "2026-03-12"}, False),
        ({"performed_date": "2026-03-13"}, True),
        ({"performed_at": "2026-03-13T00:00:00"}, True),
        ({"performed_at": "2026-03-10T00:00:00"}, False),
        ({}, False),
    ],
)
def test_the_day_of_a_procedure(written, is_hit):
    judgement = judged("procedure_date", procedures=[{"code": "47.0100", "name": "阑尾切除术", **written}])
    day = (written.get("performed_date") or written.get("performed_at", ""))[:10]
    assert details(judgement) == ([f"阑尾切除术（47.0100）的日期{day}不在住院期间"] if is_hit else [])


@pytest.mark.parametrize(("care_type", "lacking"), [("outpatient", set()), ("pharmacy", set()), ("", {"care_type"})])
def test_only_stays_have_such_a_list(care_type, lacking):
    judgement = judged("field", columns={"field": "department"}, care_type=care_type)
    assert not judgement.findings
    assert set(missing(judgement)) == lacking
    assert judged("field", columns={"field": "department"}, care_type="day_case").findings


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        ({"check": "field"}, "field"),
        ({"check": "field", "field": "patient.name"}, "patient.name"),
        ({"check": "not_principal"}, "diagnoses"),
        ({"check": "uncoded_operation"}, "item_code"),
        ({"check": "everything"}, "everything"),
    ],
)
def test_a_point_out_of_reason_is_refused(columns, named):
    with pytest.raises(PackError, match=named):
        open_rule(KIND, {}, [columns])

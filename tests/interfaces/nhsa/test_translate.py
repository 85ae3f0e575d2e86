"""From a message to what is audited: visits, patients, diagnoses, and what profiles decide."""

import json
from datetime import date, datetime
from typing import Any

import pytest

from app.domain.decision import Stage
from app.domain.encounter import (
    CareType,
    Coverage,
    Diagnosis,
    DiagnosisUse,
    Encounter,
    Facility,
    InsuranceType,
    Patient,
    Procedure,
    Sex,
)
from app.domain.line import ChargeLine, OrderLine, Practitioner
from app.interfaces.nhsa.message import decode_message
from app.interfaces.nhsa.profiles import Profile
from app.interfaces.nhsa.translate import Asked, NoEncounter, data_of, read_head, read_requests
from tests.interfaces.nhsa.messages import DAY, envelope, message, order, person, visit

at = datetime.fromisoformat
NOW = at("2026-03-02T09:30")


def visit_of(known_by: str) -> str:
    return f"visit of {known_by}"


def read(content: Any, stage: Stage = Stage.ORDERING, profile: Profile | None = None) -> list[Asked]:
    decoded = decode_message(json.dumps(content).encode())
    return read_requests(decoded, stage, profile or Profile(), read_head(decoded, data_of(decoded)[1], NOW), visit_of)


def test_a_plain_message_becomes_a_request_whole() -> None:
    (asked,) = read(message(person(visit(
        wardarea_codg="BQ01", dscg_date="2026-03-02 10:00:00", fsi_operation_dtos=[
            {"oprn_code": "38.1200", "oprn_name": "示例手术", "main_oprn_flag": "1", "oprn_date": f"{DAY} 09:10:00"}
        ],
    ))))  # fmt: skip
    assert (asked.patient_id, asked.visit_id, asked.notes) == ("P0001", "M0001", ())
    assert (asked.request.stage, asked.request.history) == (Stage.ORDERING, None)
    encounter = asked.request.encounter
    assert list(asked.rx_ids.values()) == ["YZ1"]
    assert encounter == Encounter(
        id="M0001",
        facility=Facility(id="H00000000001", type="1", district_code="100000"),
        patient=Patient(id="P0001", sex=Sex.MALE, birth_date=date(1955, 6, 1)),
        coverage=Coverage(insurance_type=InsuranceType.EMPLOYEE, pooling_area="100000", is_out_of_area=False),
        care_type=CareType.OUTPATIENT,
        start_at=at("2026-03-02T08:30"),
        end_at=at("2026-03-02T10:00"),
        department="KS01",
        ward="BQ01",
        practitioner=Practitioner(id="D0000001"),
        diagnoses=(
            Diagnosis(
                code="I10.x00",
                name="高血压",
                is_principal=True,
                use=DiagnosisUse.ADMISSION,
                diagnosed_date=date(2026, 3, 2),
            ),
        ),
        procedures=(
            Procedure(
                code="38.1200", name="示例手术", is_principal=True, performed_date=date(2026, 3, 2),
                performed_at=at("2026-03-02T09:10"),
            ),
        ),
        order_lines=encounter.order_lines,
    )  # fmt: skip
    assert len(encounter.order_lines) == 1


@pytest.mark.parametrize(("stage", "kind"), [(Stage.ORDERING, OrderLine), (Stage.SETTLING, ChargeLine)])
def test_the_stage_says_whether_lines_are_orders_or_charges(stage: Stage, kind: type) -> None:
    (asked,) = read(message(), stage)
    assert asked.request.stage is stage
    assert [type(line) for line in asked.request.encounter.lines] == [kind]


def test_codes_that_are_not_known_are_noted() -> None:
    (asked,) = read(message(person(visit(med_type="0", insutype="91"), gend="7"), trig_scen="23"))
    assert set(asked.notes) == {
        "trig_scen “23”不在字典中", "med_type “0”不在字典中", "insutype “91”不在字典中", "gend “7”不在字典中",
    }  # fmt: skip


def test_earlier_visits_are_history() -> None:
    past = visit(order("YZ0"), mdtrt_id="M0000", adm_date="2026-01-05 08:00:00", dscg_date="2026-01-12 10:00:00")
    for visits in ([past, visit()], [visit(), past]):
        (asked,) = read(message(person(*visits)))
        assert asked.request.encounter.id == "M0001"
        assert asked.request.history is not None
        assert [one.id for one in asked.request.history] == ["M0000"]
        assert [type(line) for line in asked.request.history[0].lines] == [ChargeLine]
        assert list(asked.rx_ids.values()) == ["YZ1"]


def test_where_no_visit_is_the_current_one_the_last_is_audited() -> None:
    (asked,) = read(message(person(visit(mdtrt_id="A"), visit(mdtrt_id="B"), curr_mdtrt_id="440300")))
    assert asked.request.encounter.id == "B"
    assert asked.notes == ("curr_mdtrt_id 与各次就诊的 mdtrt_id 都不一致，按最后一次就诊审核",)


def test_every_patient_of_a_message_is_asked_about_with_notes_of_their_own() -> None:
    first, second = read(message(person(gend="7"), person(visit(mdtrt_id="M2"), patn_id="P2", curr_mdtrt_id="M2")))
    assert (first.patient_id, second.patient_id) == ("P0001", "P2")
    assert (len(first.notes), len(second.notes)) == (1, 0)


def test_no_two_patients_share_an_encounter_even_where_nothing_names_it() -> None:
    blank = visit(mdtrt_id="")
    first, second = read(
        message(person(blank, curr_mdtrt_id="", patn_id="A"), person(blank, curr_mdtrt_id="", patn_id="B"))
    )
    assert (first.request.encounter.id, second.request.encounter.id) == ("visit of A", "visit of B")
    (anonymous,) = read(message(person(blank, curr_mdtrt_id="", patn_id="")))
    assert anonymous.request.encounter.id == "H00000000001202603020900000001"


def test_a_visit_is_never_known_by_the_patients_own_id() -> None:
    (asked,) = read(message(person(visit(mdtrt_id="P0001"), curr_mdtrt_id="P0001")))
    assert (asked.request.encounter.id, asked.request.encounter.patient.id) == ("visit of P0001", "P0001")
    assert (asked.visit_id, asked.patient_id) == ("P0001", "P0001")  # what is sent back


@pytest.mark.parametrize("value", ["2027-01-01", "很久以前", 5])
def test_a_birth_date_that_cannot_be_is_not_used(value: Any) -> None:
    (asked,) = read(message(person(brdy=value)))
    assert asked.request.encounter.patient.birth_date is None
    assert len(asked.notes) == 1


def test_the_facility_of_the_envelope_stands_in_for_the_visits_own() -> None:
    content = message(person(visit(medins_id="")))
    assert read(content)[0].request.encounter.facility.id == "H00000000001"
    content["medins_code"] = "H00000000009"
    del content["fixmedins_code"]
    assert read(content)[0].request.encounter.facility.id == "H00000000009"


def test_the_head() -> None:
    content = message(rule_ids=["A", "", None, 7], task_id=12, trig_scen=2)
    content["inf_time"] = None
    decoded = decode_message(json.dumps(content).encode())
    head = read_head(decoded, data_of(decoded)[1], NOW)
    assert (head.task_id, head.scene, head.now) == ("12", "2", NOW)
    assert head.rule_ids == {"A", "7"}


@pytest.mark.parametrize(
    ("content", "missing"),
    [
        (envelope("3101", ""), "input"),
        (envelope("3101", None), "input"),
        (envelope("3101", {}), "patient_dtos"),
        (envelope("3101", {"data": ""}), "patient_dtos"),
        (envelope("3101", {"data": {"patient_dtos": [None]}}), "patient_dtos"),
        (message(person(fsi_encounter_dtos=[])), "fsi_encounter_dtos"),
        (message(person(fsi_encounter_dtos=None)), "fsi_encounter_dtos"),
    ],
)
def test_what_cannot_be_audited_says_what_is_missing(content: Any, missing: str) -> None:
    decoded = decode_message(json.dumps(content).encode())
    with pytest.raises(NoEncounter, match=missing):
        read_requests(decoded, Stage.ORDERING, Profile(), read_head(decoded, data_of(decoded)[1], NOW), visit_of)


def test_entries_that_are_no_patients_are_noted() -> None:
    (asked,) = read(message(person(), "x"))  # type: ignore[arg-type]
    assert asked.notes == ("patient_dtos “x”不是对象",)

"""What the domain gets to see of a call."""

from datetime import date, datetime
from typing import Any

import msgspec
import pytest

from app.domain.decision import Stage
from app.domain.encounter import CareType, DiagnosisUse, InsuranceType, Sex
from app.domain.line import Practitioner
from tests.interfaces.cds_hooks.emr import HOOKS, Json, bundle, call, condition, drug, service
from tests.interfaces.cds_hooks.translated import asked, seen


def test_the_patient_has_sex_and_birth_date_and_no_name() -> None:
    body = call("order-sign")
    patient = seen(body).patient
    assert (patient.id, patient.sex, patient.birth_date) == ("P1", Sex.MALE, date(1980, 1, 1))
    assert "测试甲" not in msgspec.json.encode(asked(body)).decode()


@pytest.mark.parametrize(
    ("changes", "sex", "born"),
    [
        ({"gender": "FEMALE"}, Sex.FEMALE, date(1980, 1, 1)),
        ({"gender": "other"}, Sex.UNKNOWN, date(1980, 1, 1)),
        ({"birthDate": "1980"}, Sex.MALE, None),
        ({"birthDate": "1980-13-40"}, Sex.MALE, None),
        ({"birthDate": "2030-01-01"}, Sex.MALE, None),
    ],
)
def test_what_the_patient_does_not_say_for_sure_is_unknown(changes: Json, sex: Sex, born: date | None) -> None:
    body = call("order-sign")
    body["prefetch"]["patient"].update(changes)
    found = seen(body).patient
    assert (found.sex, found.birth_date) == (sex, born)


def test_the_visit() -> None:
    body = call("order-sign")
    body["prefetch"]["encounter"].update(
        {
            "class": {"code": "EMER"},
            "period": {"start": "2026-10-12T01:00:00Z"},
            "serviceType": {"coding": [{"code": "A03"}]},
        }
    )
    found = seen(body)
    assert (found.id, found.facility.id, found.department) == ("E1", "H00000000001", "A03")
    assert (found.care_type, found.start_at) == (CareType.EMERGENCY, datetime.fromisoformat("2026-10-12T09:00:00"))
    assert found.practitioner == Practitioner(id="D1")


@pytest.mark.parametrize(
    ("encounter_class", "care_type"),
    [
        ({"code": "AMB"}, CareType.OUTPATIENT),
        ([{"coding": [{"code": "IMP"}]}], CareType.INPATIENT),
        ({"code": "VR"}, CareType.INTERNET),
        ({"code": "HH"}, CareType.UNKNOWN),
        ({"coding": [{"code": "chronic_outpatient"}]}, CareType.CHRONIC_OUTPATIENT),
        ("IMP", CareType.UNKNOWN),
    ],
)
def test_care_types(encounter_class: Any, care_type: CareType) -> None:
    body = call("order-sign")
    body["prefetch"]["encounter"]["class"] = encounter_class
    assert seen(body).care_type is care_type


def test_an_end_before_the_start_is_left_out() -> None:
    body = call("order-sign")
    body["prefetch"]["encounter"]["period"] = {"start": "2026-10-12", "end": "2026-10-01"}
    assert (seen(body).start_at, seen(body).end_at) == (datetime.fromisoformat("2026-10-12"), None)


@pytest.mark.parametrize(
    ("provider", "organization", "facility"),
    [
        (None, None, "emr"),
        ({"reference": "Organization/O1"}, None, "O1"),
        (
            {"reference": "Organization/O1"},
            {"identifier": [{"value": "H42"}], "type": [{"text": "三级医疗机构"}]},
            "H42",
        ),
        ({"identifier": {"value": "H7"}}, None, "H7"),
    ],
)  # fmt: skip
def test_the_facility(provider: Any, organization: Json | None, facility: str) -> None:
    body = call("order-sign")
    body["prefetch"]["encounter"]["serviceProvider"] = provider
    if organization:
        body["prefetch"]["organization"] = {"resourceType": "Organization", "id": "O1", **organization}
    found = seen(body).facility
    assert (found.id, bool(found.level)) == (facility, organization is not None)


@pytest.mark.parametrize(
    ("told", "insurance"),
    [
        ({"text": "居民医保"}, InsuranceType.RESIDENT),
        ({"coding": [{"code": "310"}]}, InsuranceType.EMPLOYEE),
        ({"coding": [{"code": "pay"}]}, InsuranceType.NONE),
        ({"coding": [{"code": "WCBPOL"}]}, InsuranceType.WORK_INJURY),
        ({"coding": [{"code": "HMO"}]}, InsuranceType.UNKNOWN),
        (None, InsuranceType.UNKNOWN),
    ],
)
def test_the_insurance(told: Any, insurance: InsuranceType) -> None:
    body = call("order-sign")
    payor = [{"identifier": {"value": "440300"}}]
    body["prefetch"]["coverage"] = {"resourceType": "Coverage", "id": "C", "type": told, "payor": payor}
    found = seen(body).coverage
    assert (found.insurance_type, found.pooling_area) == (insurance, "440300")


def test_the_coverage_of_the_order_comes_first() -> None:
    def coverage(id: str, kind: str, status: str = "active") -> Json:
        return {"resourceType": "Coverage", "id": id, "status": status, "type": {"text": kind}}

    body = call("order-sign", service(insurance=[{"reference": "Coverage/B"}]))
    body["prefetch"]["coverage"] = bundle(coverage("A", "职工医保"), coverage("B", "生育保险"))
    assert seen(body).coverage.insurance_type is InsuranceType.MATERNITY
    body = call("order-sign")
    body["prefetch"]["coverage"] = bundle(coverage("A", "职工医保", "cancelled"), coverage("B", "居民医保"))
    assert seen(body).coverage.insurance_type is InsuranceType.RESIDENT


def test_diagnoses() -> None:
    body = call("order-sign", drug(reasonCode=[{"coding": [{"code": "E11.900", "display": "2型糖尿病"}]}]))
    snomed = {"system": "http://snomed.info/sct", "code": "A00"}
    body["prefetch"]["conditions"] = bundle(
        condition("K35.800", recordedDate="2026-10-11"),
        {**condition(), "id": "X", "code": {"coding": [snomed], "text": "某病"}},
        condition("E11.900"),
    )  # fmt: skip
    body["prefetch"]["encounter"]["diagnosis"] = [
        {"condition": {"reference": "Condition/C-K35.800"}, "use": {"coding": [{"code": "AD"}]}, "rank": 1}
    ]
    body["prefetch"]["encounter"]["reasonCode"] = [{"coding": [{"code": "R10.400"}]}]
    found = seen(body).diagnoses
    assert [(one.code, one.name) for one in found] == [
        ("K35.800", ""), ("", "某病"), ("E11.900", ""), ("R10.400", ""),
    ]  # fmt: skip
    assert (found[0].is_principal, found[0].use) == (True, DiagnosisUse.ADMISSION)
    assert found[0].diagnosed_date == date(2026, 10, 11)


@pytest.mark.parametrize("hook", HOOKS)
def test_stages(hook: str) -> None:
    wanted = Stage.SETTLING if hook == "encounter-discharge" else Stage.ORDERING
    assert asked(call(hook), hook).stage is wanted


def test_an_encounter_that_nobody_names() -> None:
    """One for each patient and day: what is sent twice is one, and no two patients share it."""
    body = call("order-sign")
    del body["context"]["encounterId"], body["prefetch"]["encounter"]
    assert seen(body).id == "visit of P1@2026-10-12"
    body["context"]["draftOrders"]["entry"][0]["resource"]["encounter"] = {"reference": "Encounter/E9"}
    assert seen(body).id == "E9"
    del body["context"]["patientId"], body["context"]["draftOrders"]
    assert seen(body).id == f"visit of {body['hookInstance']}@2026-10-12"[:64]


def test_prefixed_ids_are_bare() -> None:
    body = call("order-sign")
    body["context"].update(patientId="Patient/P1", encounterId="https://emr/fhir/Encounter/E1/_history/3")
    assert (seen(body).patient.id, seen(body).id) == ("P1", "E1")
    assert seen(body).patient.sex is Sex.MALE

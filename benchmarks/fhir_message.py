"""A made-up encounter as a call of order-sign, as an EMR would send it: drafts in the context, the rest prefetched."""

from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from app.domain.audit import AuditRequest
from app.domain.encounter import Encounter, Sex
from app.domain.line import Line, OrderLine

_SYSTEM = "https://code.nhsa.gov.cn"
_SEX = {Sex.MALE: "male", Sex.FEMALE: "female", Sex.UNKNOWN: "unknown"}


def as_orders(encounter: Encounter) -> Encounter:
    """The same with its charges as orders: what has no place in FHIR's orders (prices) is left out of both forms."""
    lines = tuple(
        OrderLine(
            id=line.id,
            service_date=line.service_date,
            item_code=line.item_code,
            item_name=line.item_name,
            prescription_id=line.prescription_id,
            quantity=line.quantity,
        )
        for line in encounter.charge_lines
    )
    return replace(encounter, charge_lines=(), order_lines=lines, department="")


def rest_body(encounter: Encounter) -> bytes:
    return msgspec.json.encode(AuditRequest(encounter=encounter))


def order_sign_body(encounter: Encounter, number: int) -> bytes:
    entries = [{"resource": _order(line, encounter)} for line in encounter.order_lines]
    context = {
        "userId": "Practitioner/D0000001",
        "patientId": encounter.patient.id,
        "encounterId": encounter.id,
        "draftOrders": {"resourceType": "Bundle", "type": "collection", "entry": entries},
    }
    return msgspec.json.encode(
        {
            "hook": "order-sign",
            "hookInstance": str(UUID(int=number)),
            "fhirServer": "https://emr.example/fhir",
            "context": context,
            "prefetch": _prefetch(encounter),
        }
    )


def _prefetch(encounter: Encounter) -> dict[str, Any]:
    patient, subject = encounter.patient, {"reference": f"Patient/{encounter.patient.id}"}
    conditions = [
        {
            "resource": {
                "resourceType": "Condition",
                "id": f"C{number}",
                "clinicalStatus": {"coding": [{"code": "active"}]},
                "code": {"coding": [{"system": _SYSTEM, "code": one.code, "display": one.name}]},
                "subject": subject,
            }
        }
        for number, one in enumerate(encounter.diagnoses, 1)
    ]
    return {
        "patient": {
            "resourceType": "Patient",
            "id": patient.id,
            "gender": _SEX[patient.sex],
            "birthDate": patient.birth_date,
            "name": [{"text": "测试甲"}],
        },
        "encounter": {
            "resourceType": "Encounter",
            "id": encounter.id,
            "status": "in-progress",
            "class": {"code": "IMP"},
            "period": {"start": encounter.start_at},
            "serviceProvider": {"identifier": {"value": encounter.facility.id}},
            "subject": subject,
        },
        "coverage": {
            "resourceType": "Bundle",
            "type": "searchset",
            "entry": [{"resource": {"resourceType": "Coverage", "id": "COV", "status": "active"}}],
        },
        "conditions": {"resourceType": "Bundle", "type": "searchset", "entry": conditions},
    }


def _order(line: Line, encounter: Encounter) -> dict[str, Any]:
    coding = [{"system": _SYSTEM, "code": line.item_code, "display": line.item_name}, {"code": "YP0001"}]
    common = {
        "id": line.id,
        "status": "draft",
        "intent": "order",
        "subject": {"reference": f"Patient/{encounter.patient.id}"},
        "encounter": {"reference": f"Encounter/{encounter.id}"},
        "authoredOn": f"{line.service_date}T08:00:00+08:00",
        "requester": {"reference": "Practitioner/D0000001"},
        "insurance": [{"reference": "Coverage/COV"}],
    }
    group = {"value": line.prescription_id}
    if line.item_code.startswith("X"):
        return {
            "resourceType": "MedicationRequest",
            **common,
            "groupIdentifier": group,
            "medicationCodeableConcept": {"coding": coding, "text": line.item_name},
            "dosageInstruction": [{"text": "口服，一日两次"}],
            "dispenseRequest": {"quantity": {"value": int(line.quantity), "unit": "支"}},
        }
    return {
        "resourceType": "ServiceRequest",
        **common,
        "requisition": group,
        "code": {"coding": coding, "text": line.item_name},
        "quantityQuantity": {"value": int(line.quantity), "unit": "次"},
    }

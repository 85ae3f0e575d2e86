"""What goes back is FHIR: every resource of an answer is read by an independent library (R4)."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from tests.interfaces.cds_hooks.emr import (
    CEPHALOSPORIN,
    CONSULTATION,
    LIMITED,
    MONITORING,
    Emr,
    Json,
    bundle,
    call,
    concept,
    condition,
    drug,
    service,
)

PATIENT = {"reference": "Patient/P1"}
APPOINTMENT = {
    "resourceType": "Appointment", "id": "A1", "status": "proposed", "serviceType": [concept(MONITORING)],
    "participant": [{"actor": PATIENT, "status": "accepted"}],
}  # fmt: skip
DEVICE = {
    "resourceType": "DeviceRequest", "id": "D1", "intent": "order", "subject": PATIENT,
    "codeCodeableConcept": concept(CONSULTATION),
}  # fmt: skip
NUTRITION = {
    "resourceType": "NutritionOrder", "id": "N1", "status": "draft", "intent": "order", "patient": PATIENT,
    "dateTime": "2026-10-12", "oralDiet": {"type": [concept(MONITORING)]},
}  # fmt: skip
COMMUNICATION = {
    "resourceType": "CommunicationRequest",
    "id": "X1",
    "status": "draft",
    "category": [concept(MONITORING)],
}
SUPPLY = {"quantity": {"value": 5, "unit": "支"}}
COVERED = {"url": "urn:a", "valueString": "x"}
MANY = service("S2", LIMITED, quantityQuantity={"value": 5})
CASES: list[tuple[str, list[Json]]] = [
    ("E66.900", [service(), drug(), drug("MR2", extension=[COVERED]), MANY]),
    ("K35.800", [drug(code=CEPHALOSPORIN), drug("MR2", code=LIMITED, dispenseRequest=SUPPLY)]),
    ("E66.900", [service("S1", MONITORING), DEVICE]),
    ("E66.900", [APPOINTMENT, NUTRITION, COMMUNICATION, service("S3", "LOCAL")]),
]  # fmt: skip


def resources(answer: Json) -> Iterator[Json]:
    for card in answer["cards"]:
        for suggestion in card.get("suggestions", []):
            yield from (action["resource"] for action in suggestion["actions"] if "resource" in action)
    yield from (action["resource"] for action in answer.get("systemActions", []))


def read(resource: Any) -> None:
    get_fhir_model_class(resource["resourceType"]).model_validate_json(json.dumps(resource))


@pytest.mark.parametrize("version", ["2.0", "2.2"])
@pytest.mark.parametrize(("diagnosis", "orders"), CASES)
def test_resources_are_fhir(emr: Emr, diagnosis: str, orders: list[Json], version: str) -> None:
    for one in orders:
        read(one)
    body = call("order-sign", *orders, extension={"davinci-crd.requestedVersion": version})
    body["prefetch"]["conditions"] = bundle(condition(diagnosis))
    found = list(resources(emr.ask("order-sign", body)))
    assert len(found) >= len(orders)
    for one in found:
        read(one)


def test_a_refusal_is_fhir(emr: Emr) -> None:
    read(json.loads(emr.post("order-sign", b"{").body))

"""Lenient in: what clients really send is understood, and what is missing is told apart."""

from typing import Any

import pytest

from tests.interfaces.cds_hooks.emr import (
    LIRAGLUTIDE,
    NAMES,
    WOMEN_ONLY,
    Emr,
    Json,
    bundle,
    call,
    concept,
    condition,
    covers,
    drug,
    open_points,
    service,
)

MESSAGE = "后穹窿穿刺术限女性，患者为男性。"


def drafts(emr: Emr, held: Any) -> list[str]:
    body = call("order-sign")
    body["context"]["draftOrders"] = held
    return [card["summary"] for card in emr.ask("order-sign", body)["cards"]]


@pytest.mark.parametrize(
    "held",
    [
        {"resourceType": "Bundle", "entry": [{"resource": service()}]},
        {"entry": [{"resource": service()}]},
        {"resourceType": "Bundle", "type": 7, "entry": [{"resource": service()}], "link": "x"},
        bundle(service(), total="many"),
        {"resourceType": "Bundle", "entry": {"resource": service()}},
        {"resourceType": "Bundle", "entry": [None, "x", {"fullUrl": 3}, {"resource": service()}]},
        {"entry": [{"fullUrl": "https://emr/ServiceRequest/SR1", "resource": service(id=None)}]},
        [service()],
        service(),
        bundle(bundle(service())),
        bundle({**service(), "unknownElement": {"deep": [1, {"x": None}]}, "_status": {"extension": []}}),
        bundle(service(code=None), service("S2")),
        bundle({"resourceType": "Basic", "id": "B"}, service()),
    ],
)  # fmt: skip
def test_bundles_in_any_shape(emr: Emr, held: Any) -> None:
    assert drafts(emr, held) == [MESSAGE]


@pytest.mark.parametrize(
    "changes",
    [
        {"code": {"coding": [{}, {"code": WOMEN_ONLY, "display": NAMES[WOMEN_ONLY]}]}},
        {"code": {"coding": [{"system": "http://snomed.info/sct", "code": "123"}, *concept(WOMEN_ONLY)["coding"]]}},
        {"code": {"coding": concept(WOMEN_ONLY)["coding"][0]}},
        {"code": [concept(WOMEN_ONLY)]},
        {"code": {"concept": concept(WOMEN_ONLY)}},
        {"code": {**concept(WOMEN_ONLY), "text": None}},
        {"code": {"coding": [{"code": f" {WOMEN_ONLY} ", "display": NAMES[WOMEN_ONLY]}]}},
        {"reasonCode": [], "quantityQuantity": {"value": "1"}},
        {"quantityQuantity": {"value": -4}},
        {"quantityQuantity": {"value": 1e30}},
        {"quantityQuantity": "many"},
        {"authoredOn": "yesterday"},
        {"authoredOn": "2026-10"},
        {"authoredOn": 20261012},
        {"occurrencePeriod": {"start": "2026-10-14", "end": "2026-10-12"}},
        {"requester": {"reference": None}, "insurance": [None, {}]},
        {"extension": [{"url": "urn:other", "valueString": "x"}], "modifierExtension": [{}]},
        {"status": ["draft"]},
        {"encounter": "Encounter/E1"},
    ],
)
def test_orders_in_any_shape(emr: Emr, changes: Json) -> None:
    assert drafts(emr, bundle({**service(), **changes})) == [MESSAGE]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"medicationCodeableConcept": None, "medication": {"concept": concept(LIRAGLUTIDE)}},
        {"medicationCodeableConcept": None, "medication": {"reference": {"reference": "Medication/M1"}}},
        {"medicationCodeableConcept": None, "medicationReference": {"reference": "Medication/M1"}},
        {"medicationCodeableConcept": None, "medicationReference": {"reference": "https://emr/fhir/Medication/M1/_history/2"}},
        {
            "medicationCodeableConcept": None, "medicationReference": {"reference": "#m"},
            "contained": [{"resourceType": "Medication", "id": "m", "code": concept(LIRAGLUTIDE)}],
        },
    ],
)  # fmt: skip
def test_the_drug_may_stand_in_many_places(emr: Emr, changes: Json) -> None:
    body = call("order-sign", drug(**changes))
    body["prefetch"]["medication"] = bundle({"resourceType": "Medication", "id": "M1", "code": concept(LIRAGLUTIDE)})
    (card,) = emr.ask("order-sign", body)["cards"]
    assert card["summary"] == "利拉鲁肽注射液的支付范围为“限2型糖尿病”，诊断（E66.900）不在限定范围内。"


@pytest.mark.parametrize(
    "order",
    [
        {"resourceType": "DeviceRequest", "codeCodeableConcept": concept(WOMEN_ONLY)},
        {"resourceType": "DeviceRequest", "code": {"reference": {"reference": "Device/D1"}}},
        {"resourceType": "DeviceRequest", "codeReference": {"reference": "Device/D1"}},
        {"resourceType": "NutritionOrder", "oralDiet": {"type": [concept(WOMEN_ONLY)]}, "dateTime": "2026-10-12"},
        {"resourceType": "NutritionOrder", "enteralFormula": {"baseFormulaType": concept(WOMEN_ONLY)}},
        {"resourceType": "NutritionOrder", "supplement": [{"type": concept(WOMEN_ONLY)}]},
        {"resourceType": "VisionPrescription", "lensSpecification": [{"product": concept(WOMEN_ONLY)}]},
        {"resourceType": "CommunicationRequest", "category": [concept(WOMEN_ONLY)]},
        {"resourceType": "CommunicationRequest", "payload": [{"contentCodeableConcept": concept(WOMEN_ONLY)}]},
        {"resourceType": "Appointment", "serviceType": [concept(WOMEN_ONLY)], "start": "2026-10-12T09:00:00Z"},
    ],
)
def test_every_type_of_order(emr: Emr, order: Json) -> None:
    body = call("order-sign", {"id": "X1", "status": "draft", **order})
    body["prefetch"]["device"] = {"resourceType": "Device", "id": "D1", "type": concept(WOMEN_ONLY)}
    answer = emr.ask("order-sign", body)
    assert [card["summary"] for card in answer["cards"]] == [MESSAGE]
    (action,) = answer["systemActions"]
    assert (action["resource"]["resourceType"], action["resource"]["id"]) == (order["resourceType"], "X1")


@pytest.mark.parametrize("status", ["cancelled", "revoked", "entered-in-error", "stopped"])
def test_withdrawn_orders_are_not_judged(emr: Emr, status: str) -> None:
    assert drafts(emr, bundle(service(status=status))) == []
    assert drafts(emr, bundle(service(doNotPerform=True))) == []


def test_two_orders_of_one_id_are_told_apart(emr: Emr) -> None:
    body = call("order-sign", service("X"), drug("X"))
    assert len(emr.ask("order-sign", body)["systemActions"]) == 2
    body = call("order-sign", service(id=None), service(id=None))
    assert len(emr.ask("order-sign", body)["systemActions"]) == 2


def test_a_very_long_id(emr: Emr) -> None:
    assert drafts(emr, bundle(service("i" * 300))) == [MESSAGE]


def test_an_unmapped_order_is_named(emr: Emr) -> None:
    local = service("S2", code="LOCAL-1")
    local["code"] = {"coding": [{"system": "urn:his", "code": "LOCAL-1", "display": "院内项目甲"}]}
    gap = open_points(emr.ask("order-sign", call("order-sign", service(), local)))["line.item_code"]
    assert gap["lines"] == ["S2"]
    assert "院内项目甲" in gap["message"]


def test_blank_tokens_and_foreign_extensions(emr: Emr) -> None:
    authorization = {"access_token": "", "token_type": "Bearer", "expires_in": 300, "scope": "", "subject": ""}
    extension = {"davinci-crd.configuration": "x", "com.example.odd": [{"a": 1}], "davinci-crd.requestedVersion": ""}
    body = call("order-sign", fhirServer="https://emr/fhir", fhirAuthorization=authorization, extension=extension)
    assert len(emr.ask("order-sign", body)["cards"]) == 1


@pytest.mark.parametrize(
    "extension", [None, [], "x", {"davinci-crd.configuration": {"max-cards": "many", "odd": True}}]
)
def test_odd_extensions(emr: Emr, extension: Any) -> None:
    assert len(emr.ask("order-sign", call("order-sign", extension=extension))["cards"]) == 1


def test_hook_and_instance_may_be_missing_or_odd(emr: Emr) -> None:
    body = call("order-sign", hookInstance="no uuid")
    del body["hook"]
    assert len(emr.ask("order-sign", body)["cards"]) == 1


def test_a_refuted_condition_is_no_diagnosis(emr: Emr) -> None:
    diabetes = condition("E11.900")
    body = call("order-sign", drug())
    for changes, shown in (
        ({}, 0),
        ({"verificationStatus": {"coding": [{"code": "refuted"}]}}, 1),
        ({"clinicalStatus": {"coding": [{"code": "resolved"}]}}, 1),
    ):
        body["prefetch"]["conditions"] = bundle(condition(), {**diabetes, **changes})
        assert len(emr.ask("order-sign", body)["cards"]) == shown


def test_the_reason_of_an_order_is_a_diagnosis_once_it_is_coded(emr: Emr) -> None:
    coded = {"reasonCode": [{"coding": [{"code": "E11.900"}]}]}
    assert emr.ask("order-sign", call("order-sign", drug(**coded)))["cards"] == []
    words = {"reasonCode": [{"text": "糖尿病"}]}
    assert len(emr.ask("order-sign", call("order-sign", drug(**words)))["cards"]) == 1


def test_a_disease_in_words_may_be_any(emr: Emr) -> None:
    body = call("order-sign", drug())
    body["prefetch"]["conditions"] = bundle(condition(), {"resourceType": "Condition", "code": {"text": "糖尿病"}})
    answer = emr.ask("order-sign", body)
    assert answer["cards"] == []
    assert open_points(answer)["diagnoses"]["lines"] == ["MR1"]


def test_units_and_prices_go_back_as_they_came(emr: Emr) -> None:
    order = service(quantityQuantity={"value": 1.50, "unit": "次"}, note=[{"text": "价 0.10"}])
    body = call("order-sign", order)
    (action,) = emr.ask("order-sign", body)["systemActions"]
    assert {key: value for key, value in action["resource"].items() if key != "extension"} == order
    assert covers({"systemActions": [action]})["SR1"]["coverage"] == {"reference": "Coverage/COV1"}

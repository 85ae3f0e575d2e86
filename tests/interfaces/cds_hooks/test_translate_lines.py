"""What the domain gets to see of the orders in a call."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from app.domain.line import FormularyClass, ItemCategory, Practitioner
from tests.interfaces.cds_hooks.emr import LIRAGLUTIDE, WOMEN_ONLY, Json, call, drug, service
from tests.interfaces.cds_hooks.translated import NOW, asked, line_of, seen


def test_a_drug() -> None:
    supply = {"quantity": {"value": 2.5, "unit": "支"}, "expectedSupplyDuration": {"value": 2, "code": "wk"}}
    line = line_of(
        drug(
            groupIdentifier={"value": "CF1"},
            dispenseRequest=supply,
            dosageInstruction=[{"timing": {"repeat": {"boundsPeriod": {"start": "2026-10-13", "end": "2026-10-20"}}}}],
            courseOfTherapyType={"coding": [{"code": "continuous"}]},
            category=[{"coding": [{"code": "discharge"}]}],
            requester={"reference": "Practitioner/D9"},
        )
    )
    assert (line.id, line.item_code, line.item_name, line.category) == (
        "MR1", LIRAGLUTIDE, "利拉鲁肽注射液", ItemCategory.DRUG,
    )  # fmt: skip
    assert (line.quantity, line.unit, line.days_supply, line.prescription_id) == (Decimal("2.5"), "支", 14, "CF1")
    assert line.service_date == date(2026, 10, 13)
    assert (line.start_at, line.stop_at) == (datetime.fromisoformat("2026-10-13"), datetime.fromisoformat("2026-10-20"))
    assert (line.is_standing, line.is_discharge_medication, line.practitioner.id) == (True, True, "D9")


def test_a_service() -> None:
    line = line_of(service(requisition={"value": "SQ1"}, quantityQuantity={"value": 3}, authoredOn=None))
    assert (line.id, line.item_code, line.quantity, line.prescription_id) == ("SR1", WOMEN_ONLY, Decimal(3), "SQ1")
    assert (line.category, line.service_date) == (ItemCategory.SERVICE, NOW.date())
    assert (line.amount, line.has_consent, line.practitioner.id) == (None, None, "D1")


def test_our_own_extensions() -> None:
    def told(**more: Any) -> Json:
        paid = {"url": "urn:mingjian:fhir:self-paid", "valueBoolean": True}
        return service(quantityQuantity={"value": 2}, extension=[paid, *more.get("extension", [])])

    price = {"url": "urn:mingjian:fhir:unit-price", "valueMoney": {"value": 12.5, "currency": "CNY"}}
    grade = {"url": "urn:mingjian:fhir:formulary-class", "valueCode": "b"}
    consent = {"url": "urn:mingjian:fhir:self-pay-consent", "valueBoolean": True}
    line = line_of(told(extension=[price, grade, consent]))
    assert (line.unit_price, line.amount, line.uncovered_amount) == (Decimal("12.5"), Decimal(25), Decimal(25))
    assert (line.has_consent, line.formulary_class, line.is_claimed) == (True, FormularyClass.B, False)
    assert line_of(told()).is_claimed is False
    assert line_of(told()).claimed_amount == 0


def test_a_role_tells_doctor_and_title() -> None:
    role = {
        "resourceType": "PractitionerRole", "id": "R1", "practitioner": {"reference": "Practitioner/D7"},
        "code": [{"text": "主治医师"}],
    }  # fmt: skip
    found = line_of(service(requester={"reference": "PractitionerRole/R1"}), role=role).practitioner
    assert found == Practitioner(id="D7", title="attending")
    found = line_of(service(requester={"reference": "https://emr/fhir/Practitioner/D7"}), role=role).practitioner
    assert found == Practitioner(id="D7", title="attending")


def test_current_are_the_orders_that_are_asked_about() -> None:
    body = call("order-select", service("S1"), service("S2"))
    body["context"]["selections"] = ["ServiceRequest/S2"]
    assert [(one.id, one.current) for one in asked(body, "order-select").encounter.order_lines] == [
        ("S2", True), ("S1", False),
    ]  # fmt: skip


def test_line_ids_are_those_of_the_resources() -> None:
    orders = (service("X"), drug("X"), service(id=None), service("i" * 90))
    ids = [one.id for one in seen(call("order-sign", *orders)).order_lines]
    assert ids[:3] == ["X", "MedicationRequest/X", "ServiceRequest-3"]
    assert len(ids[3]) <= 64
    assert [one.id for one in seen(call("order-sign", *orders)).order_lines] == ids


def test_an_id_may_stand_in_the_address_of_the_entry() -> None:
    body = call("order-sign", service(id=None))
    body["context"]["draftOrders"]["entry"][0]["fullUrl"] = "https://emr/fhir/ServiceRequest/SR7"
    assert [one.id for one in seen(body).order_lines] == ["SR7"]

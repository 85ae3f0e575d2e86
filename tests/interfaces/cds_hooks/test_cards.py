"""Cards: what a doctor reads, and what accepting or overriding them means."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from app.interfaces.cds_hooks.cards import card_id
from tests.interfaces.cds_hooks.emr import (
    CEPHALOSPORIN,
    CONSULTATION,
    LIMITED,
    MONITORING,
    Emr,
    Json,
    bundle,
    call,
    condition,
    drug,
    service,
)


def cards(emr: Emr, *orders: Json, diagnosis: str = "E66.900", **more: Any) -> list[Json]:
    body = call("order-sign", *orders, **more)
    body["prefetch"]["conditions"] = bundle(condition(diagnosis))
    found: list[Json] = emr.ask("order-sign", body)["cards"]
    return found


def card(emr: Emr, *orders: Json, **more: Any) -> Json:
    (found,) = cards(emr, *orders, **more)
    return found


def actions(found: Json, label: str) -> list[Json]:
    (suggestion,) = [one for one in found["suggestions"] if label in one["label"]]
    told: list[Json] = suggestion["actions"]
    return told


def test_a_card_says_all_a_doctor_needs(emr: Emr) -> None:
    found = card(emr, drug())
    UUID(found["uuid"])
    assert found["indicator"] == "info"
    assert found["source"]["label"]
    assert found["source"]["topic"]["code"] == "appropriate-use"
    assert found["extension"]["davinci-crd.associated-resource"] == ["MedicationRequest/MR1"]
    for told in ("**药品限适应症**", "涉及医嘱：利拉鲁肽注射液", "处理建议：", "依据：限2型糖尿病；"):
        assert told in found["detail"]


def test_the_uuid_is_the_findings_and_stays(emr: Emr) -> None:
    first, again = card(emr, service()), card(emr, service())
    assert first == again
    other = card(emr, service("SR2"))
    assert other["uuid"] != first["uuid"]
    (finding,) = emr.caller.call("GET", f"/v1/audits/{_audit(emr)}", headers={"authorization": "Bearer key"}).json()[
        "findings"
    ]
    assert other["uuid"] == card_id(finding["id"])


def _audit(emr: Emr) -> str:
    return emr.caller.records()[-1].id


def test_a_long_message_fits_into_the_summary(emr: Emr) -> None:
    order = service()
    order["code"]["coding"][0]["display"] = "某" * 400
    found = card(emr, order)
    assert len(found["summary"]) == 139
    assert found["summary"].endswith("…")
    assert "某" * 400 in found["detail"]


@pytest.mark.parametrize(
    "name", ["a|b|c", "<script>x</script>", "# 标题", "[x](http://evil)", "**粗**", "一\n|二|\n|-|"]
)
def test_no_markup_comes_in_by_a_name(emr: Emr, name: str) -> None:
    order = service()
    order["code"]["coding"][0]["display"] = name
    detail = card(emr, order)["detail"]
    assert "|" not in detail
    assert not re.search(r"(?<!\\)[<\[#]", detail)
    assert detail.count("**") == 2
    assert "\n#" not in detail


def test_reduce_the_quantity(emr: Emr) -> None:
    order = service(code=LIMITED, quantityQuantity={"value": 5, "unit": "次"})
    (action,) = actions(card(emr, order), "减至")
    assert action["type"] == "update"
    assert action["resource"] == {**order, "quantityQuantity": {"value": 2, "unit": "次"}}


def test_reduce_over_several_orders(emr: Emr) -> None:
    """What lies past the limit goes from the end: the last order wholly, the one before it in part."""
    orders = [service(f"S{n}", LIMITED, quantityQuantity={"value": q}) for n, q in ((1, 1), (2, 3), (3, 1))]
    last, middle = actions(card(emr, *orders), "减至")
    assert (last["type"], last["resourceId"]) == ("delete", "ServiceRequest/S3")
    assert (middle["type"], middle["resource"]["quantityQuantity"]) == ("update", {"value": 1})


def test_a_drug_is_reduced_where_it_is_dispensed(emr: Emr) -> None:
    order = drug(code=LIMITED, dispenseRequest={"quantity": {"value": 4, "unit": "支"}, "numberOfRepeatsAllowed": 0})
    (action,) = actions(card(emr, order), "减至")
    assert action["resource"]["dispenseRequest"] == {
        "quantity": {"value": 2, "unit": "支"},
        "numberOfRepeatsAllowed": 0,
    }


def test_remove_the_duplicate(emr: Emr) -> None:
    found = card(emr, service("S1", MONITORING), service("S2", CONSULTATION))
    (action,) = actions(found, "删除")
    assert (action["type"], action["resourceId"]) == ("delete", "ServiceRequest/S2")
    assert found["suggestions"][0]["isRecommended"] is True
    assert found["selectionBehavior"] == "at-most-one"


def test_the_covered_alternative(emr: Emr) -> None:
    order = drug(code=CEPHALOSPORIN, note=[{"text": "饭后"}])
    (action,) = actions(card(emr, order, diagnosis="K35.800"), "改用第二代头孢菌素")
    assert action["resource"] == {**order, "medicationCodeableConcept": {"text": "第二代头孢菌素"}}


def test_an_alternative_takes_the_place_of_a_reference(emr: Emr) -> None:
    order = drug(medicationReference={"reference": "#m"}, contained=[{"resourceType": "Medication", "id": "m"}])
    order["contained"][0]["code"] = {"coding": [{"code": CEPHALOSPORIN}]}
    del order["medicationCodeableConcept"]
    (action,) = actions(card(emr, order, diagnosis="K35.800"), "改用")
    assert "medicationReference" not in action["resource"]
    assert action["resource"]["medicationCodeableConcept"] == {"text": "第二代头孢菌素"}


def test_self_paid_with_consent_settles_the_finding(emr: Emr) -> None:
    order = drug(extension=[{"url": "urn:his", "valueString": "x"}])
    (action,) = actions(card(emr, order), "自费")
    assert {"url": "urn:his", "valueString": "x"} in action["resource"]["extension"]
    assert cards(emr, action["resource"]) == []


def test_an_indication_is_asked_for_and_never_made_up(emr: Emr) -> None:
    """The suggestion leaves a place for the doctor: as it stands it changes nothing."""
    order = drug(reasonCode=[{"text": "减重"}])
    found = card(emr, order)
    (action,) = actions(found, "补充指征")
    first, asked = action["resource"]["reasonCode"]
    assert first == {"text": "减重"}
    assert "coding" not in asked
    assert card(emr, action["resource"])["uuid"] == found["uuid"]
    assert not any(one.get("isRecommended") for one in found["suggestions"])


def test_nothing_is_suggested_for_a_resource_without_an_id(emr: Emr) -> None:
    order = service(code=LIMITED, quantityQuantity={"value": 5})
    del order["id"]
    assert "suggestions" not in card(emr, order)


def test_clinical_rules_are_not_to_be_paid_away(emr: Emr) -> None:
    assert "suggestions" not in card(emr, service())


def test_every_suggestion_has_an_id_of_its_own(emr: Emr) -> None:
    ids = [one["uuid"] for one in card(emr, drug())["suggestions"]]
    assert len(ids) == len(set(ids)) == 2
    assert ids == [one["uuid"] for one in card(emr, drug())["suggestions"]]


def test_links_lead_to_the_policies(emr: Emr) -> None:
    assert card(emr, drug())["links"] == [
        {
            "label": "虚构支付政策（国家医保局 2026-05-23，nhsa.gov.cn art_109_20682）",
            "url": "https://www.nhsa.gov.cn/art/2026/5/23/art_109_20682.html",
            "type": "absolute",
        },
        {"label": "虚构说明", "url": "https://policy.example/drug?id=1", "type": "absolute"},
    ]
    assert "links" not in card(emr, service())


def test_at_most_so_many_cards(make_emr: Callable[..., Emr]) -> None:
    emr = make_emr(keep_history=False, cds_most_cards=1)
    orders = [service("S1", MONITORING), service("S2", CONSULTATION), drug()]
    assert len(cards(emr, *orders)) == 1

"""System actions: what is written onto each order, and that nothing else of it is touched."""

import copy
from datetime import datetime
from typing import Any

import pytest

from tests.interfaces.cds_hooks.emr import (
    CONSULTATION,
    COVERAGE,
    LIMITED,
    LIRAGLUTIDE,
    MONITORING,
    Emr,
    Json,
    bundle,
    call,
    concept,
    covers,
    drug,
    service,
)

CODES = {
    "covered": {"covered", "not-covered", "conditional", "indeterminate"},
    "pa-needed": {"no-auth", "auth-needed", "satisfied", "performpa", "conditional", "indeterminate"},
    "info-needed": {"performer", "location", "timeframe", "contract-window", "detail-code", "OTH"},
}


def version(number: str) -> Json:
    return {"extension": {"davinci-crd.requestedVersion": number}}


def answer(emr: Emr, *orders: Json, **more: Any) -> Json:
    return emr.ask("order-sign", call("order-sign", *orders, **more))


@pytest.mark.parametrize("asked", ["2.0", "2.0.1", "2.1", "2.2", "2.2.1", None])
def test_what_is_always_said(emr: Emr, asked: str | None) -> None:
    """The invariants of the extension (crd-ci-q2, q3, q5, q6, q9), and what it must hold."""
    paid = [{"url": "urn:mingjian:fhir:self-paid", "valueBoolean": True}]
    orders = (service(), drug(), service("S2", "LOCAL"), service("S3", MONITORING), service("S4", extension=paid))
    told = covers(answer(emr, *orders, **(version(asked) if asked else {})))
    assert set(told) == {"SR1", "MR1", "S2", "S3", "S4"}
    is_strict = bool(asked) and not asked.startswith("2.0")
    for parts in told.values():
        assert {"coverage", "covered", "date", "coverage-assertion-id", "reason"} <= set(parts)
        assert parts["coverage"] == {"reference": "Coverage/COV1"}
        assert parts["date"] == datetime.now().date().isoformat()  # noqa: DTZ005 - local, as it is told
        for name, known in CODES.items():
            assert parts.get(name, next(iter(known))) in known
        assert ("pa-needed" in parts) == (parts["covered"] != "not-covered")
        assert "satisfied-pa-id" not in parts
        assert parts["reason"]["text"]
        if is_strict:
            assert ("info-needed" in parts) == (parts["covered"] == "conditional")
        else:
            assert parts["covered"] != "indeterminate"


@pytest.mark.parametrize(
    ("order", "covered", "told"),
    [
        (service(code=MONITORING), "covered", "未发现"),
        (drug(), "conditional", "限2型糖尿病"),
        (service(code="LOCAL"), "conditional", "没有医保目录编码"),
        (service(code=LIMITED, quantityQuantity={"value": 5}), "conditional", "一日最多2次"),
        (drug(extension=[{"url": "urn:mingjian:fhir:self-paid", "valueBoolean": True}]), "not-covered", "自费"),
        (
            drug(extension=[{"url": "urn:mingjian:fhir:formulary-class", "valueCode": "c"}]),
            "not-covered",
            "目录外",
        ),
        (service(), "covered", "未发现"),  # clinically wrong, which is said on a card, and no matter of payment
    ],
)
def test_what_is_said_of_an_order(emr: Emr, order: Json, covered: str, told: str) -> None:
    ((_, parts),) = covers(answer(emr, order)).items()
    assert parts["covered"] == covered
    assert told in parts["reason"]["text"]


def test_a_clear_violation_is_not_covered(emr: Emr) -> None:
    body = call("order-sign", drug(code="XJ01DDL014B001010100609"))
    body["prefetch"]["conditions"] = bundle({"resourceType": "Condition", "code": {"coding": [{"code": "K35.800"}]}})
    ((_, parts),) = covers(emr.ask("order-sign", body)).items()
    assert parts["covered"] == "not-covered"


def test_who_is_not_insured_is_not_covered(emr: Emr) -> None:
    body = call("order-sign", service(code=MONITORING), **version("2.2"))
    body["prefetch"]["coverage"] = {"resourceType": "Coverage", "id": "C", "type": {"coding": [{"code": "pay"}]}}
    ((_, parts),) = covers(emr.ask("order-sign", body)).items()
    assert parts["covered"] == "not-covered"
    assert parts["reason"]["coding"][0]["code"] == "no-active-coverage"


def test_without_a_coverage_it_says_so(emr: Emr) -> None:
    body = call("order-sign", service(code=MONITORING))
    body["prefetch"]["coverage"] = None
    ((_, parts),) = covers(emr.ask("order-sign", body)).items()
    assert parts["coverage"]["type"] == "Coverage"
    assert "reference" not in parts["coverage"]


ORDERS = [
    service(),
    drug(
        dispenseRequest={"quantity": {"value": 10.00, "unit": "支"}},
        text={"status": "generated", "div": "<div>药</div>"},
    ),
    service("S2", MONITORING, extension=[{"url": "urn:a", "valueDecimal": 1.50}, {"url": "urn:b", "extension": []}]),
    service("S3", MONITORING, extension=None),
    service("S4", MONITORING, note=[{"extension": [{"url": "urn:c"}], "text": '\\u0041 “"”'}]),
    service("S5", MONITORING, contained=[{"resourceType": "Device", "id": "d", "extension": [{"url": "urn:d"}]}]),
]


@pytest.mark.parametrize("order", ORDERS)
def test_nothing_but_the_extension_changes(emr: Emr, order: Json) -> None:
    (action,) = answer(emr, order)["systemActions"]
    assert action["type"] == "update"
    changed, sent = copy.deepcopy(action["resource"]), copy.deepcopy(order)
    assert [one for one in changed.pop("extension") if one["url"] != COVERAGE] == (sent.pop("extension", None) or [])
    assert changed == sent


def test_numbers_keep_their_digits(emr: Emr) -> None:
    """1.50 is not 1.5: in FHIR the digits tell the precision."""
    extension = b'"extension":[{"url":"urn:a","valueDecimal":1.50}],"x":0.10,'
    body = (
        b'{"hook":"order-sign","context":{"draftOrders":{"resourceType":"Bundle","entry":[{"resource":'
        b'{"resourceType":"ServiceRequest",' + extension + b'"id":"S"}}]}}}'
    )
    content = emr.post("order-sign", body).body
    assert b'"valueDecimal":1.50}' in content
    assert b'"x":0.10' in content


def test_what_was_said_before_is_replaced(emr: Emr) -> None:
    other = {
        "url": COVERAGE,
        "extension": [{"url": "coverage", "valueReference": {"reference": "Coverage/OTHER"}}],
    }
    (action,) = answer(emr, service(extension=[other]))["systemActions"]
    assert action["resource"]["extension"][0] == other
    (again,) = answer(emr, action["resource"])["systemActions"]
    assert again["resource"] == action["resource"]


def test_later_versions_say_nothing_twice(emr: Emr) -> None:
    order = service(code=MONITORING)
    first = answer(emr, order, **version("2.2"))
    ((_, parts),) = covers(first).items()
    signed = first["systemActions"][0]["resource"]
    assert "systemActions" not in answer(emr, signed, **version("2.2"))
    (told,) = answer(emr, signed, **version("2.0"))["systemActions"]  # 2.0 wants them on every answer
    assert covers({"systemActions": [told]})["SR1"] == parts
    changed = answer(emr, signed, service("S2", CONSULTATION), **version("2.2"))
    assert set(covers(changed)) == {"S2"}


def test_an_id_for_each_order_and_coverage(emr: Emr) -> None:
    orders = [service(f"S{n}", MONITORING, insurance=[{"reference": f"Coverage/{n % 2}"}]) for n in range(4)]
    told = covers(answer(emr, *orders))
    assert len({parts["coverage-assertion-id"] for parts in told.values()}) == 4
    assert {parts["coverage"]["reference"] for parts in told.values()} == {"Coverage/0", "Coverage/1"}
    assert covers(answer(emr, *orders)) == told


def test_they_are_described(emr: Emr) -> None:
    (action,) = answer(emr, drug())["systemActions"]
    assert action["description"] == "利拉鲁肽注射液：有条件支付"


def test_coverage_is_no_card(emr: Emr) -> None:
    assert answer(emr, service(code=MONITORING))["cards"] == []


def test_a_concept_without_display(emr: Emr) -> None:
    order = drug(medicationCodeableConcept={"coding": [{"code": LIRAGLUTIDE}]})
    (action,) = answer(emr, order)["systemActions"]
    assert action["description"].startswith(LIRAGLUTIDE)
    assert concept(LIRAGLUTIDE)

"""Whatever comes in: the answer is a good one or a reasoned refusal, and holds to the schema."""

import copy
import json
from collections.abc import Iterator
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.interfaces.cds_hooks.emr import HOOKS, LIMITED, Emr, Json, call, check, drug, service

JUNK: list[Any] = [
    None, True, 0, -1, 3.25, 1e300, "", " ", "x" * 700, "2026-10-12", "#", "/", "urn:uuid:", "药|表\n", [], [[]],
    [None], [{}], {}, {"reference": 3}, {"coding": "x"}, {"resourceType": "Bundle", "entry": [{}]}, {"value": "NaN"},
    {"extension": [{"url": "urn:mingjian:fhir:unit-price", "valueDecimal": -3}]}, ["ServiceRequest/SR1", None, 4],
]  # fmt: skip


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container with each of its keys."""
    for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(inner, dict | list):
            yield from places(inner)


def mangled(body: Json, random: Random, times: int) -> Json:
    body = copy.deepcopy(body)
    for _ in range(times):
        container, key = random.choice(list(places(body)))
        choice = random.random()
        if choice < 0.3 and isinstance(container, dict):
            del container[key]
        elif choice < 0.4:
            container[key] = [container[key]]
        elif choice < 0.5 and isinstance(container, dict):
            container[f"x{random.randrange(9)}"] = copy.deepcopy(container[key])
        else:
            container[key] = copy.deepcopy(random.choice(JUNK))
        if not body:
            break
    return body


def whole(hook: str) -> Json:
    supply = {"quantity": {"value": 4, "unit": "支"}, "expectedSupplyDuration": {"value": 7, "code": "d"}}
    orders = (
        service(insurance=[{"reference": "Coverage/COV1"}], reasonCode=[{"text": "检查"}]),
        drug(
            dispenseRequest=supply, groupIdentifier={"value": "CF1"}, extension=[{"url": "urn:a", "valueString": "x"}]
        ),
        service("S2", LIMITED, quantityQuantity={"value": 5}),
    )
    extension = {"davinci-crd.configuration": {"max-cards": 3}, "davinci-crd.requestedVersion": "2.2"}
    return call(hook, *orders, extension=extension)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(HOOKS), st.randoms(use_true_random=False), st.integers(1, 12))
def test_mangled_calls(emr: Emr, hook: str, random: Random, times: int) -> None:
    answer = emr.post(hook, json.dumps(mangled(whole(hook), random, times)).encode())
    assert answer.status in (200, 400, 412, 422), answer.body
    told = json.loads(answer.body)
    if answer.status == 200:
        check("Response", told)
        for card in told["cards"]:
            assert "|" not in card["detail"]
            assert len(card["overrideReasons"]) <= 5
            assert card["source"]["topic"]["code"]
        for action in told.get("systemActions", []):
            assert action["description"]
    else:
        assert told["resourceType"] == "OperationOutcome"


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    ["context", "draftOrders", "entry", "resource", "resourceType", "prefetch", "id", "extension"]
                ),
                inner,
            )
        ),
    )
)
def test_any_json(emr: Emr, body: Any) -> None:
    answer = emr.post("order-sign", json.dumps(body).encode())
    assert answer.status in (200, 400, 422)
    if answer.status == 200:
        check("Response", json.loads(answer.body))

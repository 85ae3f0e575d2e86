"""A context as the standard has it is decoded in one go, any other member by member: both read alike."""

from typing import Any

import msgspec
import pytest

from app.interfaces.cds_hooks.request import Call, read_call

ORDER = {"resourceType": "ServiceRequest", "id": "L1", "code": {"coding": [{"code": "001102000030000"}]}}
NESTED = {"resourceType": "Bundle", "entry": [{"resource": {**ORDER, "id": "L2"}}]}
ENTRIES: list[Any] = [
    [],
    [{"resource": ORDER}],
    [{"resource": ORDER, "fullUrl": "urn:uuid:1"}, {"fullUrl": "urn:uuid:2"}, {"resource": None}, {"resource": 1}],
    [{"resource": {"id": "L3", "resourceType": "MedicationRequest"}}, {"resource": {"id": "no type"}}],
    [{"resource": NESTED}],
    [{"resource": {**ORDER, "status": 7, "id": None}, "fullUrl": "https://emr.example/ServiceRequest/L4"}],
]


def read(context: dict[str, Any]) -> Call:
    return read_call(msgspec.json.encode({"hook": "order-select", "context": context}))


@pytest.mark.parametrize("entries", ENTRIES)
def test_both_ways_read_the_same(entries: list[Any]) -> None:
    bundle = {"resourceType": "Bundle", "entry": entries, "link": [{"relation": "next"}]}
    context = {"userId": " Practitioner/1", "patientId": "P", "selections": ["L1"], "draftOrders": bundle}
    plain, odd = read(context), read({**context, "more": 1})
    assert [bytes(one.raw) for one in plain.context_resources] == [bytes(one.raw) for one in odd.context_resources]
    assert [one._replace(raw=msgspec.Raw()) for one in plain.context_resources] == [
        one._replace(raw=msgspec.Raw()) for one in odd.context_resources
    ]
    assert plain.context["selections"] == odd.context["selections"]
    for name in ("userId", "patientId", "encounterId"):
        assert plain.told(name) == odd.told(name)


@pytest.mark.parametrize(
    "context",
    [
        {"patientId": 7, "draftOrders": {"resourceType": "Bundle", "entry": [{"resource": ORDER}]}},
        {"draftOrders": {"entry": [{"resource": ORDER}]}},
        {"draftOrders": {"resourceType": "Bundle", "entry": {"resource": ORDER}}},
        {"draftOrders": [ORDER]},
        {"draftOrders": ORDER},
        {"selections": [None, 3], "draftOrders": {"resourceType": "Bundle", "entry": [{"resource": ORDER}, 5]}},
        {"drafts": {"resourceType": "Bundle", "entry": [{"resource": ORDER}]}},
    ],
)
def test_what_is_not_quite_as_the_standard_has_it_is_read_too(context: dict[str, Any]) -> None:
    assert [one.reference for one in read(context).context_resources] == ["ServiceRequest/L1"]


@pytest.mark.parametrize("context", [None, {}, [], 1, {"draftOrders": None}, {"patientId": None}])
def test_nothing_is_nothing(context: Any) -> None:
    call = read_call(msgspec.json.encode({"context": context}))
    assert call.context_resources == []
    assert call.told("patientId") == ""

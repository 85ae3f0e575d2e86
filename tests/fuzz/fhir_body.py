"""CDS Hooks and FHIR (钩子请求与理赔单): calls of every hook, feedback, and claims."""

import json
from typing import Any

from tests.fuzz.mutate import mutate_json
from tests.fuzz.served import ask
from tests.fuzz.target import Target
from tests.interfaces.cds_hooks.emr import HOOKS, LIMITED, bundle, call, concept, drug, prefetch, service


def seeds() -> list[bytes]:
    supply = {"quantity": {"value": 4, "unit": "支"}, "expectedSupplyDuration": {"value": 7, "code": "d"}}
    orders = (service(), drug(dispenseRequest=supply), service("S2", LIMITED, quantityQuantity={"value": 5}))
    extension = {"davinci-crd.configuration": {"max-cards": 3}, "davinci-crd.requestedVersion": "2.2"}
    entry = {"card": "0f5e", "outcome": "overridden", "overrideReason": {"reason": {"code": "x"}, "userComment": "y"},
             "outcomeTimestamp": "2026-10-12T08:00:00Z"}  # fmt: skip
    taken = {"card": "0f5e", "outcome": "accepted", "acceptedSuggestions": [{"id": "s1"}]}
    told: list[Any] = [*[call(hook, *orders, extension=extension) for hook in HOOKS], {"feedback": [entry, taken]}]
    told += [_claim(), bundle(_claim(), *prefetch()["coverage"]["entry"], prefetch()["patient"])]
    told += [{"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": _claim()}]}]
    return [json.dumps(one, ensure_ascii=False).encode() for one in told] + [b"[" * 5000, b'{"prefetch":' * 3000]


def _claim() -> dict[str, Any]:
    item = {
        "sequence": 1, "productOrService": concept(LIMITED), "servicedDate": "2026-10-12", "quantity": {"value": 2},
        "unitPrice": {"value": 10.5, "currency": "CNY"}, "net": {"value": 21, "currency": "CNY"},
        "encounter": [{"reference": "Encounter/E1"}],
    }  # fmt: skip
    return {
        "resourceType": "Claim", "id": "C1", "status": "active", "use": "claim", "created": "2026-10-12",
        "type": {"coding": [{"code": "institutional"}]}, "patient": {"reference": "Patient/P1"},
        "provider": {"identifier": {"value": "H00000000001"}},
        "diagnosis": [{"sequence": 1, "diagnosisCodeableConcept": {"coding": [{"code": "I10.x00"}]}}],
        "insurance": [{"sequence": 1, "focal": True, "coverage": {"reference": "Coverage/COV1"}}],
        "item": [item, {**item, "sequence": 2}],
    }  # fmt: skip


def examine(data: bytes) -> None:
    if b'"Claim"' in data:
        ask("/fhir/Claim/$submit", data, "application/fhir+json")
        return
    hook = next((one for one in HOOKS if f'"{one}"'.encode() in data), "order-sign")
    rest = "/feedback" if b'"feedback"' in data else ""
    ask(f"/cds-services/mingjian-{hook}{rest}", data)


TARGET = Target(seeds, examine, mutate_json)

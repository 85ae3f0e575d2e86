"""`Claim/$submit`: whatever holds the claim, the engine judges it; fhir.resources says whether the answer is FHIR."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.interfaces.nhsa.caller import Answer, Caller
from tests.interfaces.nhsa.messages import WOMEN_ONLY

claimresponse = pytest.importorskip(
    "fhir.resources.R4B.claimresponse", reason="fhir.resources, the oracle of these tests, is not installed"
)
PATH = "/fhir/Claim/$submit"
HEADERS = {"authorization": "Bearer key", "content-type": "application/fhir+json"}


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    folder: Path = tmp_path_factory.mktemp("claims")
    with Caller(folder, keep_history=False, cds_origins=["https://emr.example"]) as one:
        yield one


def item(sequence: Any = 1, code: str = WOMEN_ONLY, **changes: Any) -> dict[str, Any]:
    told = {
        "sequence": sequence,
        "productOrService": {"coding": [{"code": "local-1"}, {"code": code, "display": "后穹窿穿刺术"}]},
        "servicedDate": "2026-03-01",
        "quantity": {"value": 1},
        "unitPrice": {"value": 50, "currency": "CNY"},
        "net": {"value": 50, "currency": "CNY"},
    }
    return {name: value for name, value in {**told, **changes}.items() if value is not None}


def claim(*items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    told = {
        "resourceType": "Claim",
        "id": "C1",
        "status": "active",
        "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/claim-type", "code": "institutional"}]},
        "use": "claim",
        "patient": {"reference": "Patient/P1"},
        "created": "2026-03-01",
        "provider": {"identifier": {"value": "H001"}},
        "insurer": {"display": "医保局"},
        "priority": {"coding": [{"code": "normal"}]},
        "diagnosis": [{"sequence": 1, "diagnosisCodeableConcept": {"coding": [{"code": "N73.900"}]}}],
        "insurance": [{"sequence": 1, "focal": True, "coverage": {"reference": "Coverage/V1"}}],
        "item": list(items or (item(),)),
    }
    return {name: value for name, value in {**told, **changes}.items() if value is not None}


MAN = {"resourceType": "Patient", "id": "P1", "gender": "male", "birthDate": "1980-01-01"}
COVERED = {"resourceType": "Coverage", "id": "V1", "type": {"coding": [{"code": "310"}]}}


def bundle(*resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"resourceType": "Bundle", "entry": [{"resource": one} for one in resources], **more}


def submit(caller: Caller, body: Any, **headers: str) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return caller.call("POST", PATH, content, {**HEADERS, **headers})


def answered(caller: Caller, body: Any) -> dict[str, Any]:
    answer = submit(caller, body)
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"].startswith("application/fhir+json")
    claimresponse.ClaimResponse.model_validate_json(answer.body)
    found: dict[str, Any] = json.loads(answer.body)
    return found


def test_a_clear_violation_is_an_error_of_its_item(caller: Caller) -> None:
    found = answered(caller, bundle(claim(item(7), item(9, "001102000050000")), MAN, COVERED))
    assert (found["outcome"], found["use"], found["patient"]) == ("error", "claim", {"reference": "Patient/P1"})
    (error,) = found["error"]
    assert error["itemSequence"] == 7
    assert "男" in error["code"]["text"]
    bad, good = found["item"]
    assert (bad["itemSequence"], good["itemSequence"]) == (7, 9)
    rule = error["code"]["coding"][0]["code"]
    submitted, eligible = bad["adjudication"][:2]
    assert submitted["amount"] == {"value": 50, "currency": "CNY"}
    assert (eligible["amount"]["value"], eligible["reason"]["coding"][0]["code"]) == (0, rule)
    assert [one["amount"]["value"] for one in good["adjudication"]] == [50, 50]
    assert "noteNumber" not in good
    note = next(one for one in found["processNote"] if one["number"] == bad["noteNumber"][0])
    assert "明确违规" in note["text"]
    assert "处理建议" in note["text"]
    (record,) = [one for one in caller.records() if one.id == found["id"]]
    assert (record.facility, record.caller) == ("H001", "local")


def test_a_question_beforehand_is_no_error(caller: Caller) -> None:
    found = answered(caller, bundle(claim(use="predetermination"), MAN))
    assert (found["outcome"] != "error", found["use"], "error" in found) == (True, "predetermination", False)
    assert found["item"][0]["noteNumber"]


def test_nothing_found(caller: Caller) -> None:
    woman = {**MAN, "gender": "female"}
    found = answered(caller, bundle(claim(), woman, COVERED))
    assert "error" not in found
    assert [one["category"]["coding"][0]["code"] for one in found["item"][0]["adjudication"]] == [
        "submitted",
        "eligible",
    ]


@pytest.mark.parametrize(
    "body",
    [
        bundle(MAN, claim()),
        bundle(MAN, claim(), type="batch", unknown={"x": 1}),
        [claim(), MAN],
        {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": bundle(claim(), MAN)}]},
        {"resourceType": "Parameters", "parameter": [{"resource": claim()}, {"resource": MAN}]},
        bundle(claim(item=item(), diagnosis={"diagnosisCodeableConcept": {"text": "x"}}, patient=["x", 5]), MAN),
        bundle(claim(item("1", quantity={"value": "2"}, net={"value": "nonsense"})), MAN),
    ],
)
def test_whatever_holds_it(body: Any, caller: Caller) -> None:
    assert answered(caller, body)["outcome"] == "error"


def test_a_claim_alone_lacks_what_it_refers_to(caller: Caller) -> None:
    found = answered(caller, claim())
    assert found["outcome"] == "partial"
    assert any(one["text"].startswith("未能审核") for one in found["processNote"])


def test_numbers_of_items_that_are_none_or_stand_twice(caller: Caller) -> None:
    found = answered(caller, claim(item(2), item(2), item(None), item(-1), item(1.5), item("x")))
    assert [one["itemSequence"] for one in found["item"]] == [2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400), (b"{", 400), (b"[" * 50_000, 400), (b"\xff{}", 400), (b"1", 422), (b"{}", 422),
        (b'{"resourceType":"Patient"}', 422), (json.dumps(bundle(claim(), claim())).encode(), 422),
    ],
)  # fmt: skip
def test_what_is_no_claim(body: bytes, status: int, caller: Caller) -> None:
    answer = submit(caller, body)
    assert answer.status == status
    assert json.loads(answer.body)["resourceType"] == "OperationOutcome"


def test_who_may_not(caller: Caller) -> None:
    answer = submit(caller, claim(), authorization="Bearer no")
    assert (answer.status, answer.body) == (401, b"")
    assert caller.call("GET", PATH, b"", HEADERS).status == 405


def test_from_a_browser(caller: Caller) -> None:
    answer = caller.call("OPTIONS", PATH, b"", {"origin": "https://emr.example"})
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (204, "https://emr.example")
    assert submit(caller, b"{", origin="https://emr.example").headers["access-control-allow-origin"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(claim())), JSON, st.sampled_from(sorted(item())), JSON)
def test_whatever_stands_in_it_the_answer_is_fhir(caller: Caller, name: str, one: Any, part: str, other: Any) -> None:
    changed = {**claim({**item(), part: other}), name: one}
    if name != "resourceType":
        answered(caller, bundle(changed, MAN))

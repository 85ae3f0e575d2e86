"""Refusals: an OperationOutcome that says what to mend, a bare 401, and what is recorded of a call."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from app.application.load_ruleset import load_ruleset
from app.application.replay_audits import again
from app.store.audit_log import NotRecorded
from tests.interfaces.cds_hooks.emr import HOOKS, KEY, RULES, Emr, call, service


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"x"', b"\xff\xfe", b'{"hook": "order-sign\xff"}', b"[" * 5000, b"{}x"]
)
def test_what_is_no_json_object(emr: Emr, body: bytes) -> None:
    assert emr.refusal("order-sign", body, 400)


def test_bytes_that_are_no_text_within_an_order(emr: Emr) -> None:
    body = json.dumps(call("order-sign")).encode().replace(b'"order"', b'"or\xffder"')  # an element that is not read
    assert emr.refusal("order-sign", body, 400)


def test_another_services_hook(emr: Emr) -> None:
    assert "order-select" in emr.refusal("order-sign", call("order-select"), 400)


def test_an_unknown_service(emr: Emr) -> None:
    assert emr.refusal("patient-view", call("order-sign"), 404)
    assert emr.refusal("order-sign", call("order-sign"), 404, rest="/other")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_methods(emr: Emr, method: str) -> None:
    answer = emr.caller.call(method, "/cds-services/mingjian-order-sign", headers=KEY)
    assert answer.status == 405
    assert "POST" in answer.headers["allow"]
    assert emr.caller.call("POST", "/cds-services", headers=KEY).status == 405


def test_too_large(make_emr: Callable[..., Emr]) -> None:
    emr = make_emr(keep_history=False, max_body_bytes=1024)
    assert emr.refusal("order-sign", call("order-sign"), 413)


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer no"}, {"authorization": "Basic key"}])
def test_401_says_nothing(emr: Emr, headers: dict[str, str]) -> None:
    answer = emr.post("order-sign", call("order-sign"), headers)
    assert (answer.status, answer.body) == (401, b"")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_412_only_where_there_is_nothing_to_judge(emr: Emr) -> None:
    body = call("order-dispatch")
    del body["prefetch"]["orders"]
    assert "prefetch" in emr.refusal("order-dispatch", body, 412)
    body["prefetch"] = {"orders": None}
    emr.refusal("order-dispatch", body, 412)
    for hook in HOOKS:
        incomplete = call(hook)
        incomplete["prefetch"] = {"orders": incomplete["prefetch"].get("orders")}
        emr.ask(hook, incomplete)


def test_no_body_of_a_context(emr: Emr) -> None:
    for context in (None, {}, [], "x", {"draftOrders": None}, {"draftOrders": {"resourceType": "Bundle"}}):
        answer = emr.ask("order-sign", {"hook": "order-sign", "context": context})
        assert answer["cards"] == []
        assert "systemActions" not in answer


def test_the_access_token_is_not_recorded(emr: Emr) -> None:
    token = {"access_token": "SECRET-TOKEN", "token_type": "Bearer", "expires_in": 1, "scope": "x", "subject": "y"}
    body = call("order-sign", fhirServer="https://emr/fhir", fhirAuthorization=token)
    emr.ask("order-sign", body)
    record = emr.caller.records()[-1]
    assert b"SECRET-TOKEN" not in record.request
    del body["fhirAuthorization"]
    assert json.loads(record.request) == body


def test_what_was_sent_is_recorded(emr: Emr) -> None:
    answer = emr.post("order-sign", call("order-sign"))
    assert emr.caller.records()[-1].sent == answer.body
    assert json.loads(answer.body)["extension"]["mingjian.audit"]["id"] == emr.caller.records()[-1].id


@pytest.mark.parametrize("hook", HOOKS)
def test_the_same_call_has_the_same_answer(emr: Emr, hook: str) -> None:
    first, again = emr.ask(hook, call(hook)), emr.ask(hook, call(hook))
    for one in (first, again):
        del one["extension"]["mingjian.audit"]["id"]
    assert first == again


def test_an_audit_can_be_made_again(emr: Emr) -> None:
    """As that of any other interface: from what is kept of it, byte for byte."""
    emr.ask("order-sign", call("order-sign"))
    record = emr.caller.records()[-1]
    assert again(record, load_ruleset(RULES)).is_identical


@pytest.mark.parametrize("told", ["x", "0", "-5", "1.5"])
def test_deadlines_in_other_forms(emr: Emr, told: str) -> None:
    assert "X-Deadline-Ms" in emr.refusal("order-sign", call("order-sign"), 400, {**KEY, "X-Deadline-Ms": told})


def test_a_database_that_hangs_costs_no_more_than_the_deadline(
    make_emr: Callable[..., Emr], monkeypatch: pytest.MonkeyPatch
) -> None:
    emr = make_emr(keep_history=False)
    emr.ask("order-sign", call("order-sign"))

    async def hang(*_: Any, **__: Any) -> Any:
        await asyncio.sleep(30)

    monkeypatch.setattr("app.store.sqlite.audit_log.SqliteAuditLog.append", hang)
    started = time.monotonic()
    assert len(emr.ask("order-sign", call("order-sign", service("S9")), {**KEY, "X-Deadline-Ms": "200"})["cards"]) == 1
    assert time.monotonic() - started < 2


def test_an_audit_that_cannot_be_recorded_is_not_answered(emr: Emr, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: Any, **__: Any) -> Any:
        raise NotRecorded("no")

    monkeypatch.setattr("app.application.record_audit.AuditRecorder.record", refuse)
    assert emr.refusal("order-sign", call("order-sign"), 503)


def test_a_fault_of_ours_has_a_reference(
    emr: Emr, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError("broken")

    monkeypatch.setattr("app.interfaces.cds_hooks.service.translate", fail)
    told = emr.refusal("order-sign", call("order-sign"), 500)
    reference = told.split("reference ")[1].split(";")[0]
    assert reference in caplog.text
    assert "broken" not in told

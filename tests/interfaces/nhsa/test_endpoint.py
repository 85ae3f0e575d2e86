"""The endpoint: any path, any encoding, always HTTP 200 and JSON; what happens when something breaks inside."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from app.application.audit_encounter import EncounterAuditor
from app.store.audit_log import NotRecorded
from tests.interfaces.nhsa.caller import BASE, Caller
from tests.interfaces.nhsa.messages import envelope, feedback, message, ordered, warn

MakeCaller = Callable[..., Caller]


@pytest.mark.parametrize("path", ["", "/", "/3101", "/3102", "/api/rest/hosAudit/ruleAudit", "/9999/3101"])
def test_the_path_does_not_matter(caller: Caller, path: str) -> None:
    assert len(caller.post(message(), path=BASE + path).result) == 1


@pytest.mark.parametrize("infno", ["3101", 3101, " 3101 ", "3301", "3660"])
def test_the_transaction_is_that_of_the_body(caller: Caller, infno: Any) -> None:
    content = message()
    content["infno"] = infno
    assert len(caller.post(content).result) == 1


@pytest.mark.parametrize("infno", ["9999", "", None, [], {}, True, 31.01, "三一〇一"])
def test_another_transaction_is_refused(caller: Caller, infno: Any) -> None:
    content = message()
    content["infno"] = infno
    assert "不支持的交易编号" in caller.post(content).fault


@pytest.mark.parametrize("base", ["/fsi/api", "/nhsa", "/nhsa/"])
def test_the_base_is_a_setting(with_profiles: MakeCaller, base: str) -> None:
    caller = with_profiles(nhsa_base=base)
    assert len(caller.post(message(), path=f"{base.rstrip('/')}/3101").result) == 1
    assert caller.post(message(), path="/elsewhere/3101").status == 404


def test_the_encodings(caller: Caller) -> None:
    text = json.dumps(message(), ensure_ascii=False)
    plain = caller.post(text.encode())
    assert plain.headers["content-type"] == "application/json;charset=utf-8"
    wanted = [one["vola_cont"] for one in plain.result]
    gbk = caller.post(text.encode("gbk"))
    assert gbk.headers["content-type"] == "application/json;charset=gbk"
    assert [one["vola_cont"] for one in gbk.result] == wanted
    assert gbk.body.decode("gbk")
    for body in (text.encode("utf-8-sig"), json.dumps(message()).encode()):
        assert [one["vola_cont"] for one in caller.post(body).result] == wanted


def test_what_is_stored_is_the_body_as_it_was_sent(with_profiles: MakeCaller) -> None:
    caller = with_profiles()
    body = json.dumps(message(), ensure_ascii=False).encode("gbk")
    answer = caller.post(body)
    (stored,) = caller.records()
    assert stored.request == body
    assert json.loads(stored.sent) == answer.json()


def test_a_text_that_is_valid_in_both_encodings_is_read_as_declared(with_profiles: MakeCaller) -> None:
    caller = with_profiles()
    body = '{"infno":"3101","input":{"data":{"patient_dtos":{"patn_id":"医院","fsi_encounter_dtos":{}}}}}'.encode("gbk")
    assert body.decode("utf-8")
    declared = caller.post(body, headers={"Content-Type": "application/json; charset=GBK"})
    assert declared.headers["content-type"] == "application/json;charset=gbk"
    assert caller.post(body).headers["content-type"] == "application/json;charset=utf-8"
    wrongly = caller.post("{}".encode("utf-16"), headers={"Content-Type": "application/json; charset=GBK"})
    assert wrongly.json()["infcode"] == -1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "不是有效的 JSON"),
        (b"{", "不是有效的 JSON"),
        (b"[]", "应为 JSON 对象"),
        (b"null", "应为 JSON 对象"),
        (b'"3101"', "应为 JSON 对象"),
        (b'{"infno":"3101"} x', "不是有效的 JSON"),
        (b'{"infno":"3101","input":' + b"[" * 50_000, "嵌套过深"),
        (b'{"infno":"3101","input":{"data":[]}}', "见 input.data"),
        (b'{"infno":' + b"9" * 5000 + b"}", "见 infno"),
        (b"\xff\xff\xff", "既不是 UTF-8 也不是 GBK"),
        (b'{"infno":"3101"}', "缺少 input"),
    ],
)
def test_bodies_that_cannot_be_read(caller: Caller, body: bytes, said: str) -> None:
    assert said in caller.post(body).fault


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_other_methods_get_an_envelope_too(caller: Caller, method: str) -> None:
    assert "JSON" in caller.call(method, f"{BASE}/3101").fault


def test_a_body_beyond_the_limit(with_profiles: MakeCaller) -> None:
    caller = with_profiles(max_body_bytes=2000)
    assert "2000" in caller.post(message()).fault
    assert "2000" in caller.post(message(), headers={"Content-Length": "999999999"}).fault


def test_cors(with_profiles: MakeCaller) -> None:
    caller = with_profiles(
        {"cors_origins": ["http://his.example"]}, {"paths": ["emr"], "cors_origins": ["http://emr.example"]}
    )
    preflight = caller.call(
        "OPTIONS", f"{BASE}/3101", headers={"Origin": "http://emr.example", "Access-Control-Request-Headers": "x-a"}
    )
    assert preflight.status == 204
    assert preflight.headers["access-control-allow-origin"] == "http://emr.example"
    assert preflight.headers["access-control-allow-methods"] == "POST, OPTIONS"
    assert preflight.headers["access-control-allow-headers"] == "x-a"
    assert preflight.headers["vary"] == "Origin"
    answer = caller.post(message(), headers={"Origin": "http://his.example"})
    assert answer.headers["access-control-allow-origin"] == "http://his.example"
    for headers in ({"Origin": "http://evil.example"}, {}):
        assert "access-control-allow-origin" not in caller.post(message(), headers=headers).headers
        assert "access-control-allow-origin" not in caller.call("OPTIONS", BASE, headers=headers).headers
    anyone = with_profiles({"cors_origins": ["*"]})
    answer = anyone.post(message(), headers={"Origin": "http://any.example"})
    assert answer.headers["access-control-allow-origin"] == "http://any.example"


def break_down(*_: Any, **__: Any) -> Any:
    raise RuntimeError("the engine is on fire")


def not_recorded(*_: Any, **__: Any) -> Any:
    raise NotRecorded("disk full")


@pytest.mark.parametrize(("name", "breakage"), [("judge", break_down), ("record", not_recorded)])
@pytest.mark.parametrize(
    ("profile", "answer"),
    [
        ({}, (0, "", {"result": []})),
        ({"on_internal_error": "open", "result_as_object": True, "infcode_as_text": True}, ("0", "", {"result": None})),
        ({"on_internal_error": "closed"}, (-1, "系统内部错误，编号 {}，请联系管理员", None)),
    ],
)
def test_when_something_breaks_inside(
    with_profiles: MakeCaller,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
    breakage: Any,
    profile: dict[str, Any],
    answer: tuple[Any, str, Any],
) -> None:
    """Open: care goes on. Closed: nothing goes on unaudited. Either way the log and the answer share a reference."""
    caller = with_profiles(profile)
    monkeypatch.setattr(EncounterAuditor, name, breakage)
    with caplog.at_level(logging.ERROR):
        told = caller.post(message()).json()
    reference = told["inf_refmsgid"]
    assert (told["infcode"], told["err_msg"], told["output"]) == (answer[0], answer[1].format(reference), answer[2])
    (record,) = caplog.records
    assert reference in record.getMessage()
    assert record.exc_info


def test_feedback_that_cannot_be_stored_is_never_said_to_be(
    with_profiles: MakeCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = with_profiles({"on_internal_error": "open"})
    monkeypatch.setattr("app.application.record_disposition.DispositionRecorder.record", not_recorded)
    assert "系统内部错误" in caller.post(feedback(warn("a" * 32))).fault


def test_a_refusal_is_logged_with_its_reference(caller: Caller, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="mingjian.nhsa"):
        told = caller.post(envelope("9999", {})).json()
    assert told["inf_refmsgid"] in caplog.text


def test_references_are_the_answers_own(caller: Caller) -> None:
    assert len({caller.post(ordered()).json()["inf_refmsgid"] for _ in range(20)}) == 20

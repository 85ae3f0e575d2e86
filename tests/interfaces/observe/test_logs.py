"""Logs: one line of JSON each, with the request's id, redacted, and without the text of what may quote data."""

import json
import logging
import sys
from io import StringIO
from typing import Any

import pytest

from app.interfaces.observe.access_log import AccessLog
from app.interfaces.observe.logs import JsonFormatter, TextFormatter, is_json, moment
from app.interfaces.observe.request_id import SEEN, Seen
from app.interfaces.observe.routes import Route
from app.knowledge.pack import PackError


def logged(formatter: logging.Formatter, message: str, *values: Any, error: BaseException | None = None) -> str:
    info = None if error is None else (type(error), error, error.__traceback__)
    return formatter.format(logging.LogRecord("mingjian", logging.ERROR, "x.py", 1, message, values, info))


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    try:
        raise error from cause
    except BaseException as caught:
        return caught


def test_a_line_of_json_within_a_request() -> None:
    token = SEEN.set(Seen("abcdef0123456789"))
    try:
        line = json.loads(logged(JsonFormatter(), "%s is\nasked for by 13812345678", "a"))
    finally:
        SEEN.reset(token)
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "ERROR", "logger": "mingjian", "message": "a is\nasked for by [phone]",
        "request_id": "abcdef0123456789",
    }  # fmt: skip


def test_outside_of_a_request_there_is_no_id() -> None:
    assert "request_id" not in json.loads(logged(JsonFormatter(), "started"))
    assert "[" not in logged(TextFormatter(), "started")


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter()])
def test_exceptions_say_where_but_quote_nothing(formatter: logging.Formatter) -> None:
    error = raised(ValueError("张三的诊断"), raised(KeyError("李四")))
    told = logged(formatter, "failed", error=error)
    assert "ValueError" in told
    assert "KeyError" in told
    assert "test_logs.py" in told
    assert "张三" not in told.replace('"张三的诊断"', "")  # but for the source line of this test, which is no data
    assert "ValueError: " not in told


def test_texts_of_our_own_and_of_the_system_are_told() -> None:
    assert "PackError: rule.yaml line 3" in logged(TextFormatter(), "x", error=raised(PackError("rule.yaml line 3")))
    assert "No space left" in logged(TextFormatter(), "x", error=raised(OSError(28, "No space left on device")))


def test_a_circle_of_causes_ends() -> None:
    one, other = ValueError("1"), KeyError("2")
    one.__cause__, other.__cause__ = other, one
    assert logged(TextFormatter(), "x", error=one).count("caused by") == 4


@pytest.mark.parametrize("wanted", ["json", "text", ""])
def test_the_form_is_chosen_or_goes_by_the_terminal(wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", StringIO())
    assert is_json(wanted) is (wanted != "text")


@pytest.mark.parametrize(
    ("at", "told"), [(0.0, "1970-01-01T00:00:00.000Z"), (1795329569.1196, "2026-11-22T06:39:29.119Z")]
)
def test_moments(at: float, told: str) -> None:
    assert moment(at) == told


@pytest.mark.parametrize("as_json", [True, False])
def test_access_lines_wait_and_are_written_together(as_json: bool) -> None:
    written: list[str] = []
    access = AccessLog(as_json, written.append)
    seen = Seen("abcdef0123456789")
    seen.status, seen.stage = 200, "ordering"
    for _ in range(3):
        access.note(Route("POST", "/v1/audits", "rest"), seen, 0.0031, "his")
    assert written == []
    access.flush()
    access.flush()
    assert len(written) == 1
    lines = written[0].splitlines()
    assert len(lines) == 3
    if as_json:
        line = json.loads(lines[0])
        del line["time"]
        assert line == {
            "level": "INFO", "logger": "mingjian.access", "message": "POST /v1/audits 200",
            "request_id": "abcdef0123456789", "method": "POST", "route": "/v1/audits", "status": 200, "ms": 3.1,
            "interface": "rest", "stage": "ordering", "caller": "his",
        }  # fmt: skip
    else:
        assert lines[0].endswith("INFO mingjian.access [abcdef0123456789] POST /v1/audits 200 3.1 ms his")


def test_access_lines_do_not_pile_up() -> None:
    written: list[str] = []
    access = AccessLog(True, written.append)
    for _ in range(1200):
        access.note(Route("GET", "/healthz", "health"), Seen("abcdef0123456789"), 0.0, "")
    assert [len(one.splitlines()) for one in written] == [500, 500]

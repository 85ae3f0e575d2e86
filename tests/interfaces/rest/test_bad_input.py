"""Bad input to POST /v1/audits: each kind is refused with a problem that says where, and none breaks the service."""

import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.service import KEY, Service, charge, encoded, problem_of, request

_LINE = "/encounter/charge_lines/0"


def raw(text: str, **fields: Any) -> bytes:
    """A request in which the text stands, unquoted, where a field of the line says "@"."""
    return encoded(request(charge(**fields))).replace(b'"@"', text.encode())


def without(body: dict[str, Any], *path: str) -> dict[str, Any]:
    place = body
    for name in path[:-1]:
        place = place[name]
    del place[path[-1]]
    return body


NOT_JSON = {
    "empty": b"",
    "blank": b"  \n",
    "malformed": b"{encounter: 1}",
    "truncated": encoded(request())[:-20],
    "truncated inside a character": encoded(request())[: encoded(request()).index("后".encode()) + 1],
    "trailing text": encoded(request()) + b"}",
    "byte order mark": b"\xef\xbb\xbf" + encoded(request()),
    "invalid UTF-8": encoded(request()).replace("后".encode(), b"\xff\xfe"),
    "half a surrogate pair": raw('"\\ud800"', item_name="@"),
    "utf-16": json.dumps(request()).encode("utf-16"),
    "NaN": raw("NaN", amount="@"),
    "Infinity": raw("Infinity", amount="@"),
    "-Infinity": raw("-Infinity", quantity="@"),
    "xml": b"<encounter/>",
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
}


@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON)
def test_not_json(service: Service, body: bytes) -> None:
    problem = problem_of(service.audit(body), 400, "malformed-json")
    assert problem["detail"]


DEEP = 200_000
INVALID: dict[str, tuple[Any, str]] = {
    # shape
    "null": (b"null", ""),
    "array": (b"[]", ""),
    "text": (b'"encounter"', ""),
    "empty object": ({}, "/encounter"),
    "encounter is null": ({"encounter": None}, "/encounter"),
    "no facility": (without(request(), "encounter", "facility"), "/encounter/facility"),
    "no patient id": (request(patient={}), "/encounter/patient/id"),
    "no service date": (request({"id": "L1"}), f"{_LINE}/service_date"),
    "lines are no list": (request(charge_lines={}), "/encounter/charge_lines"),
    "line is no object": (request(charge_lines=["L1"]), _LINE),
    "nested too deeply": (b'{"encounter":' + b"[" * DEEP, "/encounter"),
    "nested too deeply inside": (b'{"encounter":{"diagnoses":' + b"[" * DEEP, "/encounter/diagnoses/0"),
    # unknown fields, at each level
    "unknown field": ({**request(), "lines": []}, "/lines"),
    "unknown field of encounter": (request(age=5), "/encounter/age"),
    "unknown field of patient": (request(patient={"id": "P", "name": "x"}), "/encounter/patient/name"),
    "unknown field of facility": (request(facility={"id": "F", "name": "x"}), "/encounter/facility/name"),
    "unknown field of coverage": (request(coverage={"type": 310}), "/encounter/coverage/type"),
    "unknown field of practitioner": (request(practitioner={"name": "x"}), "/encounter/practitioner/name"),
    "unknown field of diagnosis": (request(diagnoses=[{}, {"text": "x"}]), "/encounter/diagnoses/1/text"),
    "unknown field of procedure": (request(procedures=[{"text": "x"}]), "/encounter/procedures/0/text"),
    "unknown field of charge": (request(charge(price=1)), f"{_LINE}/price"),
    "order_id belongs to charges": (
        request(order_lines=[charge("O1", order_id="L1")]),
        "/encounter/order_lines/0/order_id",
    ),
    "unknown field of practitioner of line": (request(charge(practitioner={"x": 1})), f"{_LINE}/practitioner/x"),
    "unknown field in history": (
        {**request(), "history": [request()["encounter"], {"id": "E0", "lines": []}]},
        "/history/1/lines",
    ),
    "unknown field that needs escaping": ({**request(), "a/b~c": 1}, "/a~1b~0c"),
    "very long unknown field": ({**request(), "x" * 100_000: 1}, "/" + "x" * 300),
    # wrong types and values
    "id is a number": (request(id=7), "/encounter/id"),
    "id is empty": (request(id=""), "/encounter/id"),
    "id is too long": (request(id="x" * 65), "/encounter/id"),
    "code is too long": (request(charge(item_code="0" * 65)), f"{_LINE}/item_code"),
    "name is too long": (request(charge(item_name="名" * 501)), f"{_LINE}/item_name"),
    "sex is a number": (request(sex=1), "/encounter/patient/sex"),
    "sex is unknown": (request(sex="m"), "/encounter/patient/sex"),
    "stage is unknown": (request(stage="审核" * 50_000), "/stage"),
    "flag is a number": (request(charge(current=1)), f"{_LINE}/current"),
    "date is a number": (request(charge(service_date=20260301)), f"{_LINE}/service_date"),
    "date is a time": (request(charge(service_date="2026-03-01T00:00:00")), f"{_LINE}/service_date"),
    "date does not exist": (request(charge(service_date="2026-02-30")), f"{_LINE}/service_date"),
    "year zero": (request(charge(service_date="0000-01-01")), f"{_LINE}/service_date"),
    "time with a zone": (request(start_at="2026-03-01T08:00:00Z"), "/encounter/start_at"),
    "time without seconds": (request(start_at="2026-03-01T08:00"), "/encounter/start_at"),
    "days are a fraction": (request(charge(days_supply=1.5)), f"{_LINE}/days_supply"),
    "days are none": (request(charge(days_supply=0)), f"{_LINE}/days_supply"),
    # numbers
    "negative amount": (request(charge(amount=-0.01)), f"{_LINE}/amount"),
    "negative price": (request(charge(unit_price=-1)), f"{_LINE}/unit_price"),
    "negative quantity": (request(charge(quantity=-1)), f"{_LINE}/quantity"),
    "quantity of nothing": (request(charge(quantity=0)), f"{_LINE}/quantity"),
    "negative uncovered amount": (request(charge(uncovered_amount=-1)), f"{_LINE}/uncovered_amount"),
    "negative copay": (request(charge(copay_amount=-1)), f"{_LINE}/copay_amount"),
    "amount NaN as text": (request(charge(amount="NaN")), f"{_LINE}/amount"),
    "amount sNaN as text": (request(charge(amount="sNaN")), f"{_LINE}/amount"),
    "amount infinite as text": (request(charge(amount="-Infinity")), f"{_LINE}/amount"),
    "amount 1e999": (raw("1e999", amount="@"), f"{_LINE}/amount"),
    "amount 1e999 as text": (request(charge(amount="1e999")), f"{_LINE}/amount"),
    "exponent past all bounds": (raw("1e99999999999999999999", amount="@"), f"{_LINE}/amount"),
    "amount of 5,000 digits": (raw("9" * 5000, amount="@"), f"{_LINE}/amount"),
    "amount is words": (request(charge(amount="五十")), f"{_LINE}/amount"),
    "amount is a flag": (request(charge(amount=True)), f"{_LINE}/amount"),
    "amount is blank": (request(charge(amount="")), f"{_LINE}/amount"),
    # what contradicts itself
    "end before start": (
        request(start_at="2026-03-02T00:00:00", end_at="2026-03-01T00:00:00"),
        "/encounter/end_at",
    ),
    "line ends before it starts": (
        request(charge(start_at="2026-03-02T00:00:00", stop_at="2026-03-01T00:00:00")),
        f"{_LINE}/stop_at",
    ),
    "line id twice": (request(charge(), charge()), "/encounter"),
    "line id of an order and a charge": (request(order_lines=[charge("L1")]), "/encounter"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "pointer"), INVALID.values(), ids=INVALID)
def test_invalid(service: Service, body: Any, pointer: str) -> None:
    problem = problem_of(service.audit(body), 422, "invalid-request")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


def test_duplicate_id_is_named(service: Service) -> None:
    problem = problem_of(service.audit(request(charge("收费-7"), charge("收费-7"))), 422)
    assert "收费-7" in problem["detail"]


@pytest.mark.parametrize(
    "fields", [{"unit_price": 9999999999999.99, "quantity": 9999999}, {"amount": "9999999999999.99"}]
)
def test_largest_amounts_are_judged_and_stored(service: Service, fields: dict[str, Any]) -> None:
    """They pass what a database column of 64 bits holds."""
    lines = [charge(f"L{number}", **{"amount": None, **fields}) for number in range(50)]
    answer = service.audit(request(*lines))
    assert answer.status_code == 200
    found = [one for one in answer.json()["findings"] if one["rule"] == "service-item-for-other-sex"]
    assert len(found) == 50
    assert service.client.get(f"/v1/audits/{answer.json()['id']}").content == answer.content


def test_odd_characters_are_kept(service: Service) -> None:
    name = '\x00\x1f‮|"\\\n\U0001f600'
    answer = service.audit(request(charge("|\x00", item_name=name)))
    assert answer.status_code == 200
    (finding,) = [one for one in answer.json()["findings"] if one["rule"] == "service-item-for-other-sex"]
    assert finding["lines"] == ["|\x00"]
    assert name in finding["message"]


def test_ten_thousand_lines(service: Service) -> None:
    """A stay of four months with every item that a rule names, each charged again and again."""
    codes = sorted(code.replace("*", "0") for rule in rules_of(service) for code in item_codes(rule))
    lines = []
    for number in range(9_999):
        day = f"2026-0{1 + number % 4}-{1 + number % 28:02d}"
        lines.append(charge(f"L{number}", item_code=codes[number % len(codes)], service_date=day))
    body = encoded(request(*lines, charge("last"), care_type="inpatient", start_at="2026-01-01T08:00:00"))
    start = time.monotonic()
    answer = service.audit(body)
    assert answer.status_code == 200
    assert time.monotonic() - start < 5
    assert ["last"] in [finding["lines"] for finding in answer.json()["findings"]]


def rules_of(service: Service) -> Iterator[dict[str, Any]]:
    for rule in service.client.get("/v1/rules").json()["rules"]:
        yield service.client.get(f"/v1/rules/{rule['id']}").json()


def item_codes(rule: dict[str, Any]) -> set[str]:
    return {code for point in rule["points"] for code in point.get("item_code", ())}


SIZE = 50 * 1024 * 1024


def test_body_too_large(service: Service) -> None:
    problem_of(service.audit(b" " * SIZE), 413, "too-large")
    assert service.audit(request()).status_code == 200


def test_body_too_large_in_chunks(service: Service) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(SIZE // 65_536):
            yield b" " * 65_536

    problem_of(service.client.post("/v1/audits", content=chunks()), 413, "too-large")
    assert service.audit(request()).status_code == 200


def test_declared_size_is_refused_before_it_is_sent(service: Service) -> None:
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
        head = f"POST /v1/audits HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nContent-Length: {SIZE}\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(65_536).startswith(b"HTTP/1.1 413 ")


def test_client_that_hangs_up_while_it_sends(service: Service) -> None:
    for sent in (b"", b'{"encounter"'):
        with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
            head = f"POST /v1/audits HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nContent-Length: 999\r\n\r\n"
            connection.sendall(head.encode() + sent)
    assert service.audit(request()).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/v1/audits", "POST"),
        ("DELETE", "/v1/audits", "POST"),
        ("GET", "/v1/audits/bulk", "POST"),
        ("PUT", "/v1/audits/bulk", "POST"),
        ("POST", "/v1/rules", "GET"),
        ("DELETE", "/v1/audits/x", "GET"),
        ("POST", "/healthz", "GET"),
    ],
)
def test_method_not_allowed(service: Service, method: str, path: str, allow: str) -> None:
    answer = service.client.request(method, path)
    problem_of(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == allow


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v2/audits", "/v1/audits/x/y", "/v1/audits/bulk/x", "/%ff", "/../etc/passwd"]
)
def test_no_such_path(service: Service, path: str) -> None:
    problem_of(service.client.get(path), 404, "not-found")

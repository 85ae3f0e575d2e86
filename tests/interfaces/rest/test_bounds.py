"""What is sent is bounded in size, depth and count, and what is too much is told as what it is."""

from typing import Any

import pytest

from tests.service import Service, charge, encoded, problem_of, request

DEEP = 100_000


def many(count: int) -> list[dict[str, Any]]:
    return [{"id": f"L{number}", "service_date": "2026-03-01"} for number in range(count)]


@pytest.mark.parametrize("start", [b"[", b'{"encounter":', b'{"encounter":{"charge_lines":[', b'[{"a":'])
def test_depth(service: Service, start: bytes) -> None:
    """Refused where it is no longer what belongs there, and at the latest where the decoder goes no deeper."""
    answer = service.audit(start * DEEP)
    assert answer.status_code in (400, 422)
    problem_of(answer, answer.status_code)


@pytest.mark.parametrize("field", ["charge_lines", "order_lines"])
def test_lines_of_an_encounter(service: Service, field: str) -> None:
    problem = problem_of(service.audit(request(**{field: many(50_001)})), 422, "invalid-request")
    assert problem["errors"][0]["pointer"] == f"/encounter/{field}"


@pytest.mark.parametrize("field", ["diagnoses", "procedures"])
def test_codes_of_an_encounter(service: Service, field: str) -> None:
    problem = problem_of(service.audit(request(**{field: [{"code": "N73.900"}] * 501})), 422, "invalid-request")
    assert problem["errors"][0]["pointer"] == f"/encounter/{field}"


def test_earlier_encounters(service: Service) -> None:
    past = {"id": "E0", "facility": {"id": "F1"}, "patient": {"id": "P1"}}
    body = {**request(), "history": [{**past, "id": f"E{number}"} for number in range(2_001)]}
    assert problem_of(service.audit(body), 422, "invalid-request")["errors"][0]["pointer"] == "/history"


@pytest.mark.parametrize("field", ["item_code", "item_name", "unit"])
def test_text_of_a_line(service: Service, field: str) -> None:
    problem_of(service.audit(request(charge(**{field: "药" * 501}))), 422, "invalid-request")


def test_size(service: Service) -> None:
    problem_of(service.audit(b" " * (10 * 1024 * 1024 + 1)), 413, "too-large")


def test_lines_of_a_bulk_request(service: Service) -> None:
    """The longest that is read, one that is longer, and a good one after it."""
    long = encoded(request(item_name="x")) + b" " * 100_001
    answers = service.bulk(long, b"{" * 50_000, request())
    assert [one.get("type", "") for one in answers] == [
        "urn:mingjian:problem:too-large", "urn:mingjian:problem:malformed-json", "",
    ]  # fmt: skip


@pytest.mark.parametrize("rubbish", [b"PK\x03\x04" + b"\0" * 1000, b"\xff\xfe" * 500, b"a,b\n" + b'"' * 5000])
def test_feeds(service: Service, rubbish: bytes) -> None:
    """No archive is ever opened: a feed is text."""
    answer = service.client.post("/v1/feeds/stock", content=rubbish, headers={"content-type": "text/csv"})
    problem_of(answer, 422, "invalid-feed")
    answer = service.client.post("/v1/feeds/stock", content=rubbish, headers={"content-type": "application/zip"})
    problem_of(answer, 415, "unsupported-media-type")

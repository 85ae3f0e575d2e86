"""POST /v1/history and DELETE /v1/encounters/{encounter}/lines/{line}: the past comes in, and what was wrong goes."""

import asyncio
import json
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from pydantic import SecretStr
from schemathesis import GenerationMode

from app.main import create_app
from app.settings import Settings
from tests.interfaces.rest.test_openapi import CHECKS, OPERATIONS, examine
from tests.knowledge.build import write_rule
from tests.service import KEY, Service, check_problem, encoded, problem_of, request, serving

ITEM = "A1"
Encounter = dict[str, Any]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One rule: an item may be charged once in ten days. F1 and F2 share their history."""
    folder = tmp_path_factory.mktemp("history")
    example = {"encounter": {"charge_lines": [{"id": "L1", "item_code": ITEM, "service_date": "2026-03-01"}]}}
    twice = {"id": "L2", "item_code": ITEM, "service_date": "2026-03-02"}
    write_rule(
        folder / "rules",
        "too-often",
        kind="quantity_limit",
        severity="definite",
        in_force={"2020-01-01": {"measure": "times", "per": "rolling"}},
        header="point,item_code,item_name,limit,window_days",
        rows=(f"K1,{ITEM},项目,1,10",),
        message="{item}超过{limit}次。",
        examples=[
            {"name": "一次", **example, "hits": []},
            {
                "name": "两次",
                "encounter": {"charge_lines": [*example["encounter"]["charge_lines"], twice]},
                "hits": ["L2"],
            },
        ],
    )
    with serving(create_app(settings(folder)), folder) as running:
        yield running


def settings(folder: Path, **more: Any) -> Settings:
    return Settings(
        data_dir=folder / "data",
        rules_dir=folder / "rules",
        api_key=SecretStr(KEY),
        max_bulk_line_bytes=100_000,
        history_groups=[["F1", "F2"]],
        decisions={},
        **more,
    )


def encounter(name: str, *lines: dict[str, Any], facility: str = "F1", patient: str = "P1", **more: Any) -> Encounter:
    written = [{"service_date": "2026-03-01", "item_code": ITEM, **line} for line in lines or ({"id": "L1"},)]
    return {"id": name, "facility": {"id": facility}, "patient": {"id": patient}, "charge_lines": written, **more}


def take_in(service: Service, *encounters: Any) -> list[Any]:
    answer = service.client.post("/v1/history", content=b"\n".join(encoded(one) for one in encounters))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson"), answer.text
    return [json.loads(line) for line in answer.content.splitlines()]


def withdraw(service: Service, encounter: str, line: str, facility: str | None = "F1") -> httpx.Response:
    asked = {} if facility is None else {"facility": facility}
    path = f"/v1/encounters/{quote(encounter, safe='')}/lines/{quote(line, safe='')}"
    return service.client.delete(path, params=asked)


def is_told(service: Service, patient: str, facility: str = "F1") -> bool:
    """Whether a second one, of another encounter, is one too many."""
    body = encounter(f"asks-{patient}", {"id": "new", "service_date": "2026-03-04"}, facility=facility, patient=patient)
    answer = service.audit({"encounter": body}).json()
    assert withdraw(service, f"asks-{patient}", "new", facility).status_code == 204
    return bool(answer["findings"])


def test_past_claims_are_counted(service: Service) -> None:
    assert not is_told(service, "P-counted")
    (kept,) = take_in(service, encounter("counted", patient="P-counted"))
    assert kept == {"facility": "F1", "encounter": "counted", "order_lines": 0, "charge_lines": 1}
    assert is_told(service, "P-counted")
    assert is_told(service, "P-counted", facility="F2")
    assert not is_told(service, "P-counted", facility="F3")


def test_what_comes_again_takes_its_own_place(service: Service) -> None:
    first = encounter("again", {"id": "L1"}, {"id": "L2"}, patient="P-again")
    take_in(service, first, first)
    take_in(
        service,
        encounter("again", {"id": "L1", "item_code": "other"}, {"id": "L2", "item_code": "other"}, patient="P-again"),
    )
    assert not is_told(service, "P-again")
    take_in(service, encounter("again", {"id": "L2"}, patient="P-again-corrected"))
    assert not is_told(service, "P-again")
    assert is_told(service, "P-again-corrected")


def test_a_withdrawn_line_counts_no_more_until_it_is_sent_again(service: Service) -> None:
    take_in(service, encounter("withdrawn", patient="P-withdrawn"))
    first = withdraw(service, "withdrawn", "L1")
    assert (first.status_code, first.content) == (204, b"")
    assert withdraw(service, "withdrawn", "L1").status_code == 204
    assert not is_told(service, "P-withdrawn")
    take_in(service, encounter("withdrawn", patient="P-withdrawn"))
    assert is_told(service, "P-withdrawn")


@pytest.mark.parametrize("name", ["a/b", "a b", "100%", "就诊?x=1&y", "..", "a+b", "lines", "%2F", '"'])
def test_ids_of_any_letters(service: Service, name: str) -> None:
    take_in(service, encounter(name, {"id": name}, patient=f"P-{name}"))
    assert withdraw(service, name, name + "x").status_code == 404
    if name == "..":  # which the client makes a path of
        return
    assert withdraw(service, name, name).status_code == 204
    assert not is_told(service, f"P-{name}")


UNKNOWN = ["E9 L1 F1", "known L9 F1", "known L1 F2", "known l1 F1", "x" * 99 + " L F1"]


@pytest.mark.parametrize("place", UNKNOWN)
def test_an_unknown_line_is_told(service: Service, place: str) -> None:
    take_in(service, encounter("known"))
    told = problem_of(withdraw(service, *place.split()), 404, "not-found")
    assert told["title"] == "There is no such line"
    assert all(one[:64] in told["detail"] for one in place.split())


TOO_LONG = "facility=" + "x" * 65


@pytest.mark.parametrize("query", ["", "facility=", "facility=F1&facility=F2", "Facility=F1", TOO_LONG, "facility=%ff"])
def test_the_facility_must_be_told(service: Service, query: str) -> None:
    told = problem_of(service.client.delete(f"/v1/encounters/known/lines/L1?{query}"), 422, "invalid-request")
    assert told["errors"][0]["pointer"] == "/query/facility"


@pytest.mark.parametrize(
    "path",
    ["", "/", "/E1", "/E1/lines", "/E1/lines/", "//lines/L", "/E1/charges/L", "/E1/lines/L/", "/%ff/lines/L"],
)
def test_nothing_else_is_served_there(service: Service, path: str) -> None:
    problem_of(service.client.delete(f"/v1/encounters{path}?facility=F1"), 404, "not-found")


def test_only_delete_and_only_with_a_key(service: Service) -> None:
    answer = service.client.get("/v1/encounters/E1/lines/L1?facility=F1")
    problem_of(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "DELETE"
    wrong = {"authorization": "Bearer wrong"}
    problem_of(service.client.delete("/v1/encounters/E1/lines/L1?facility=F1", headers=wrong), 401)
    problem_of(service.client.post("/v1/history", content=encoded(encounter("E1")), headers=wrong), 401)
    problem_of(service.client.get("/v1/history"), 405)


@pytest.mark.parametrize(
    ("bad", "status", "name"),
    [
        (b"{", 400, "malformed-json"),
        (b"[]", 422, "invalid-request"),
        (request(), 422, "invalid-request"),
        (encounter("bad", patient=""), 422, "invalid-request"),
        (encounter("bad", {"id": "L1"}, {"id": "L1"}), 422, "invalid-request"),
        (encounter("bad", ward="x" * 100_000), 413, "too-large"),
    ],
)
def test_bad_lines_do_not_cost_the_others(service: Service, bad: Any, status: int, name: str) -> None:
    patient = f"P-bad-{name}-{len(encoded(bad))}"
    first, refused, last = take_in(service, encounter("first"), bad, encounter(f"last-{patient}", patient=patient))
    assert (first["encounter"], last["encounter"]) == ("first", f"last-{patient}")
    check_problem(refused, status, name)
    assert is_told(service, patient)


def test_an_audit_leaves_its_lines_in_the_history(service: Service) -> None:
    body = {"encounter": encounter("audited", {"id": "L1"}, {"id": "L2", "item_code": "other"}, patient="P-audited")}
    assert service.audit(body).json()["findings"] == []
    assert is_told(service, "P-audited")
    assert withdraw(service, "audited", "L1").status_code == 204
    assert not is_told(service, "P-audited")


def test_a_client_that_waits_for_each_answer_gets_it(service: Service) -> None:
    """It sends the next encounter only when it has heard of the last."""
    head = (
        f"POST /v1/history HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
        "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
        connection.sendall(head.encode())
        heard = b""
        for number in range(3):
            line = encoded(encounter(f"waits-{number}")) + b"\n"
            connection.sendall(f"{len(line):x}\r\n".encode() + line + b"\r\n")
            while f'"encounter":"waits-{number}"'.encode() not in heard:
                heard += connection.recv(4096)
        connection.sendall(b"0\r\n\r\n")
        while part := connection.recv(4096):
            heard += part
    assert heard.endswith(b"0\r\n\r\n")


def test_ten_thousand_encounters_in_seconds(service: Service) -> None:
    lines = [{"id": f"L{number}", "item_code": f"C{number}"} for number in range(10)]
    past = [encounter(f"many-{number}", *lines, patient=f"P-many-{number % 500}") for number in range(10_000)]
    began = time.monotonic()
    answers = take_in(service, *past)
    assert time.monotonic() - began < 20
    assert [one["encounter"] for one in answers] == [one["id"] for one in past]
    with closing(sqlite3.connect(service.data_dir / "data" / "mingjian.sqlite3")) as connection:
        (stored,) = connection.execute("SELECT count(*) FROM history_lines WHERE encounter LIKE 'many-%'").fetchone()
    assert stored == 100_000


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["valid", "invalid"])
@pytest.mark.parametrize("label", ["POST /v1/history", "DELETE /v1/encounters/{encounter}/lines/{line}"])
def test_the_document_tells_what_is_done(service: Service, label: str, mode: GenerationMode) -> None:
    examine(service, next(one for one in OPERATIONS if one.label == label), mode, CHECKS)


def test_nothing_is_written_nothing_is_acknowledged(tmp_path: Path, service: Service) -> None:
    """The store is not open."""
    app = create_app(settings(service.data_dir).model_copy(update={"data_dir": tmp_path / "data"}))

    async def ask() -> list[httpx.Response]:
        headers = {"authorization": f"Bearer {KEY}"}
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://x", headers=headers
        ) as client:
            taken = await client.post("/v1/history", content=encoded(encounter("E1")) + b"\n{")
            return [taken, await client.delete("/v1/encounters/E1/lines/L1?facility=F1")]

    taken, gone = asyncio.run(ask())
    assert [json.loads(line)["status"] for line in taken.content.splitlines()] == [503, 400]
    problem_of(gone, 503, "not-recorded")


def test_a_service_that_keeps_nothing_says_so(tmp_path: Path, service: Service) -> None:
    app = create_app(settings(service.data_dir, keep_history=False).model_copy(update={"data_dir": tmp_path}))
    with serving(app, tmp_path) as forgetful:
        problem_of(forgetful.client.post("/v1/history", content=encoded(encounter("E1"))), 409, "history-not-kept")
        problem_of(withdraw(forgetful, "E1", "L1"), 409, "history-not-kept")
        body = {"encounter": encounter("E1")}
        assert [one["missing"] for one in forgetful.audit(body).json()["not_evaluated"]] == ["history"]

"""What POST /v1/history and DELETE /v1/encounters/{encounter}/lines/{line} refuse, and how they say so."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.main import create_app
from tests.interfaces.rest.history_service import encounter, is_told, keeping, settings, take_in, withdraw
from tests.service import KEY, Service, check_problem, encoded, problem_of, request, serving


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with keeping(tmp_path_factory.mktemp("history")) as running:
        yield running


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

"""POST /v1/feeds/{name} and GET /v1/feeds, against the running service."""

import json
from typing import Any

import httpx
import pytest

from tests.service import Service, charge, problem_of, request

DRUG = "XJ01DDL014B001010100609"
HEADER = "facility,item_code,start,end,opening,received\n"


def post(service: Service, name: str, body: str | bytes, kind: str = "text/csv", **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else body.encode()
    return service.client.post(f"/v1/feeds/{name}", content=content, headers={"content-type": kind, **headers})


def state(service: Service, name: str) -> dict[str, Any]:
    found = {one["name"]: one for one in service.client.get("/v1/feeds").json()["feeds"]}
    state: dict[str, Any] = found[name]
    return state


def drug(facility: str, quantity: int) -> dict[str, Any]:
    line = charge(item_code=DRUG, item_name="注射用拉氧头孢钠", quantity=quantity, amount=quantity)
    return request(line, stage="settled", facility={"id": facility, "level": "tertiary"})


def told(service: Service, facility: str, quantity: int) -> tuple[list[str], list[str]]:
    answer = service.audit(drug(facility, quantity)).json()
    rule = "drug-charged-beyond-stock"
    found = [one["message"] for one in answer["findings"] if one["rule"] == rule]
    return found, [one["message"] for one in answer["not_evaluated"] if one["rule"] == rule]


def test_the_next_audit_judges_by_what_was_loaded(service: Service) -> None:
    assert told(service, "FEED-1", 11) == ([], ["没有进销存数据，未作判断；请导入后再审"])
    loaded = post(service, "stock", HEADER + f"FEED-1,{DRUG},2026-03-01,2026-03-31,4,6\n")
    assert loaded.status_code == 200
    assert loaded.json() | {"records": 0} == {
        "feed": "stock", "rows": 1, "added": 1, "changed": 0, "unchanged": 0, "records": 0,
    }  # fmt: skip
    (message,), missing = told(service, "FEED-1", 11)
    assert "多出1" in message
    assert missing == []
    assert told(service, "FEED-1", 10) == ([], [])


def test_json_lines_replace_by_key(service: Service) -> None:
    row = {
        "facility": "FEED-2",
        "item_code": DRUG,
        "start": "2026-03-01",
        "end": "2026-03-31",
        "opening": 1,
        "received": 0,
    }
    body = json.dumps(row) + "\n" + json.dumps(row | {"facility": "FEED-3"})
    assert post(service, "stock", body, "application/x-ndjson").json()["added"] == 2
    changed = post(service, "stock", json.dumps(row | {"opening": 2}), "application/jsonl; charset=utf-8").json()
    assert (changed["changed"], changed["unchanged"]) == (1, 0)
    assert post(service, "stock", json.dumps(row | {"opening": 2}), "application/x-ndjson").json()["unchanged"] == 1
    assert state(service, "stock")["newest"] >= "2026-03-31"
    assert state(service, "stock")["loaded_at"]


def test_each_fault_has_its_row_and_nothing_is_stored(service: Service) -> None:
    before = state(service, "stock")
    rows = [
        f"FEED-4,{DRUG},2026-03-01,2026-03-31,4,6",
        f"FEED-4,{DRUG},2026-04-01,x,4,6",
        f",{DRUG},2026-05-01,2026-05-31,4,6",
    ]
    problem = problem_of(post(service, "stock", HEADER + "\n".join(rows)), 422, "invalid-feed")
    assert [one["pointer"] for one in problem["errors"]] == ["/3/end", "/4"]
    assert problem["errors"][0]["detail"].startswith("line 3: end is 'x'")
    assert "2 faults" in problem["detail"]
    assert state(service, "stock") == before
    assert told(service, "FEED-4", 99)[0] == []


def test_a_hundred_faults_are_listed_and_all_are_counted(service: Service) -> None:
    problem = problem_of(post(service, "stock", HEADER + "x,y,z,,,\n" * 150), 422, "invalid-feed")
    assert len(problem["errors"]) == 100
    assert problem["detail"].startswith("150 faults; the first 100")


@pytest.mark.parametrize(
    ("name", "kind", "body", "status", "problem"),
    [
        ("weather", "text/csv", HEADER, 404, "not-found"),
        ("stock", "application/json", "[]", 415, "unsupported-media-type"),
        ("stock", "", "[]", 415, "unsupported-media-type"),
        ("stock", "text/csv", "", 422, "invalid-feed"),
        ("stock", "text/csv", b"\xff\xfe", 422, "invalid-feed"),
        ("stock", "application/x-ndjson", "[" * 100_000, 422, "invalid-feed"),
    ],
)
def test_refusals(service: Service, name: str, kind: str, body: str | bytes, status: int, problem: str) -> None:
    problem_of(post(service, name, body, kind), status, problem)


def test_too_large_a_body(service: Service) -> None:
    problem_of(post(service, "stock", b"x" * (10 * 1024 * 1024 + 1)), 413, "too-large")


@pytest.mark.parametrize("authorization", ["", "Bearer nobody"])
def test_a_key_is_needed(service: Service, authorization: str) -> None:
    problem_of(post(service, "stock", HEADER, authorization=authorization), 401, "unauthorized")
    problem_of(service.client.get("/v1/feeds", headers={"authorization": authorization}), 401, "unauthorized")


def test_only_what_is_served(service: Service) -> None:
    problem_of(service.client.delete("/v1/feeds/stock"), 405, "method-not-allowed")
    problem_of(service.client.get("/v1/feeds/stock"), 405, "method-not-allowed")


def test_all_feeds_are_listed(service: Service) -> None:
    names = [one["name"] for one in service.client.get("/v1/feeds").json()["feeds"]]
    assert names == ["stock", "trace_codes", "infections", "statistics", "blacklist", "budgets"]

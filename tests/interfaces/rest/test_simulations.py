"""POST /v1/stays, /v1/settlements/simulate and /v1/settlements/indices, against the running service."""

import asyncio
import json
import threading
import time
from decimal import Decimal
from typing import Any

import pytest

from app.application import case_set
from app.interfaces.asgi import ClientGone
from app.interfaces.rest import simulations
from app.interfaces.rest.simulations import _unless_gone
from tests.service import Service, encoded, problem_of


def stay(stay_id: str = "S1", facility: str = "F1", department: str = "内科", day: str = "2026-03-01", *codes: str,
         **fields: Any) -> dict[str, Any]:  # fmt: skip
    told = {"id": stay_id, "sex": "male", "age_years": 60, "stay_days": 8, "total_amount": "9000",
            "diagnoses": list(codes) or ["I63.900"]}  # fmt: skip
    facility_told = {"id": facility, "level": "tertiary"}
    return {"facility": facility_told, "stay": told, "department": department, "discharge_date": day, **fields}


def keep(service: Service, *stays: Any) -> list[Any]:
    answer = service.client.post("/v1/stays", content=b"\n".join(encoded(one) for one in stays))
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.content.splitlines()]


def simulate(service: Service, facility: str | None = None, **fields: Any) -> Any:
    body = {"from": {"scheme": "starter"}, "to": {"scheme": "starter", "parameters": {"rate": "10000"}}, **fields}
    if facility is not None:
        body["stays"] = {"facilities": [facility]}
    return service.client.post("/v1/settlements/simulate", content=encoded(body))


def test_stays_are_kept_line_by_line(service: Service) -> None:
    good, bad, again = keep(service, stay("A", "K1"), {"stay": {}}, stay("A", "K1", "外科"))
    assert good == {"facility": "K1", "id": "A", "department": "内科", "discharge_date": "2026-03-01"}
    assert bad["status"] == 422
    assert again["department"] == "外科"
    found = simulate(service, "K1").json()
    assert found["totals"]["cases"] == 1
    assert [row["key"] for row in found["departments"]["rows"]] == ["外科"]


@pytest.mark.parametrize(
    ("line", "pointer"),
    [
        (stay() | {"name": "张三"}, "/name"),
        (stay() | {"discharge_date": "2026-02-30"}, "/discharge_date"),
        (stay() | {"facility": {"id": ""}}, "/facility/id"),
        ({"facility": {"id": "F1"}, "stay": {"diagnoses": ["I10"]}, "discharge_date": "2026-03-01"}, None),
        ({"facility": {"id": "F1"}, "stay": {"id": "S1"}, "discharge_date": "2026-03-01"}, None),
        (stay() | {"facts": {"total_amount": "many"}}, "/facts/total_amount"),
        (b"not json", None),
    ],
)
def test_a_bad_line_is_refused_precisely(service: Service, line: Any, pointer: str | None) -> None:
    (problem,) = keep(service, line)
    assert problem["status"] in (400, 422)
    if pointer is not None:
        assert problem["errors"][0]["pointer"] == pointer


def test_another_rate_moves_the_money(service: Service) -> None:
    keep(service, *[stay(f"S{number}", "K2", "内科" if number % 2 else "外科") for number in range(10)])
    found = simulate(service, "K2").json()
    assert (found["totals"]["cases"], found["totals"]["compared"], found["totals"]["moved"]) == (10, 10, 0)
    before, after = (Decimal(found["totals"][side]["official_value"]) for side in ("before", "after"))
    assert Decimal(found["totals"]["difference"]) == after - before > 0
    assert [row["key"] for row in found["groups"]["rows"]] == ["BR25"]
    assert found["departments"]["count"] == 2
    assert found["before"]["scheme"] == "starter"
    assert found["before"]["periods"][0]["start"] == "2025-01-01"


def test_only_the_selected_stays_are_priced(service: Service) -> None:
    keep(
        service,
        stay("1", "K3", "A", "2026-03-01"),
        stay("2", "K3", "B", "2026-03-02"),
        stay("3", "K3", "B", "2026-03-03"),
    )
    for selected, count in (
        ({}, 3),
        ({"departments": ["B"]}, 2),
        ({"discharged_from": "2026-03-02", "discharged_to": "2026-03-02"}, 1),
        ({"departments": ["C"]}, 0),
    ):
        answer = simulate(service, stays={"facilities": ["K3"], **selected})
        assert answer.json()["totals"]["cases"] == count


def test_cases_that_move_go_on_from_the_last_one(service: Service) -> None:
    keep(service, *[stay(f"S{number}", "K4") for number in range(7)])
    other = {"scheme": "dip-starter", "parameters": {"point_value": "10"}}
    first = simulate(service, "K4", to=other, moved_limit=4).json()["moved"]
    assert len(first["cases"]) == 4
    rest = simulate(service, "K4", to=other, moved_limit=4, moved_after=first["next"]).json()["moved"]
    assert len(rest["cases"]) == 3
    assert rest["next"] is None
    assert len({one["id"] for one in first["cases"] + rest["cases"]}) == 7
    problem = problem_of(simulate(service, "K4", to=other, moved_after={"facility": "K4", "id": "x"}), 422)
    assert problem["errors"][0]["pointer"] == "/moved_after"


def test_cases_can_be_told_with_the_request(service: Service) -> None:
    told = [
        {"stay": {"id": "A", "sex": "male", "age_years": 60, "diagnoses": ["I63.900"], "total_amount": "9000"},
         "facility": {"id": "F1", "level": "tertiary"}, "department": "内科", "discharge_date": "2026-03-01"},
        {"case": {"Index": 1, "gender": "1", "age": 60, "zdList": ["J18.900"], "amount": 5000.5},
         "facts": {"facility_level": "secondary"}},
    ]  # fmt: skip
    found = simulate(service, cases=told).json()
    assert (found["totals"]["cases"], found["totals"]["compared"]) == (2, 2)
    assert found["totals"]["total_amount"] == "14000.50"


def test_indices(service: Service) -> None:
    keep(service, stay("1", "K5", "A"), stay("2", "K5", "B", "2026-04-01"))
    body = {"scheme": {"scheme": "starter"}, "stays": {"facilities": ["K5"]}, "by": "month"}
    answer = service.client.post("/v1/settlements/indices", content=encoded(body))
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["total"]["cases"] == 2
    assert found["total"]["cmi"] == {"value": "0.753700", "cases": 2, "left_out": 0}
    assert {row["key"] for row in found["rows"]} == {"2026-03", "2026-04"}


@pytest.mark.parametrize(
    ("fields", "name", "pointer"),
    [
        ({"from": {"scheme": "nowhere"}}, "unknown-scheme", "/from/scheme"),
        ({"to": {"scheme": "nowhere"}}, "unknown-scheme", "/to/scheme"),
        ({"to": {"scheme": "starter", "on": "2020-01-01"}}, "no-payment-parameters", "/to"),
        ({"to": {"scheme": "starter", "parameters": {"rate": "-1"}}}, "invalid-request", "/to/parameters"),
        ({"to": {"scheme": "starter", "price": 1}}, "invalid-request", "/to/price"),
        ({"to": None}, "invalid-request", "/to"),
        (
            {"stays": {"discharged_from": "2026-02-01", "discharged_to": "2026-01-01"}},
            "invalid-request",
            "/stays/discharged_to",
        ),
        ({"stays": {}, "cases": []}, "invalid-request", None),
        ({"cases": [{"stay": {"diagnoses": ["I10"]}}, {"stay": {"sex": "3"}}]}, "invalid-request", "/cases/1/stay"),
        ({"cases": [{}]}, "invalid-request", "/cases/0"),
        ({"cases": [{"case": {"zdList": ["I10"]}, "facts": 3}]}, "invalid-request", "/cases/0/facts"),
        ({"cases": [{"case": {"zdList": ["I10"]}, "facility": "F1"}]}, "invalid-request", "/cases/0"),
        ({"top": 0}, "invalid-request", "/top"),
        ({"moved_limit": 1001}, "invalid-request", "/moved_limit"),
    ],
)
def test_what_cannot_be_is_refused_precisely(service: Service, fields: Any, name: str, pointer: str | None) -> None:
    problem = problem_of(simulate(service, **fields), 422, name)
    if pointer is not None:
        assert problem["errors"][0]["pointer"] == pointer


def test_too_many_cases_are_refused(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(service, stay("1", "K6"), stay("2", "K6"))
    monkeypatch.setattr(simulations, "MOST_CASES", 1)
    problem_of(simulate(service, "K6"), 422, "too-many-cases")
    monkeypatch.setattr(case_set, "MOST_TOLD", 1)
    problem_of(simulate(service, cases=[stay(), stay("S2")]), 422, "too-many-cases")


def test_a_client_that_goes_ends_the_work() -> None:
    steps = []

    async def work() -> None:
        while True:
            steps.append(await asyncio.to_thread(threading.get_ident))

    async def receive() -> dict[str, str]:
        await asyncio.sleep(0.05)
        return {"type": "http.disconnect"}

    async def run() -> None:
        with pytest.raises(ClientGone):
            await _unless_gone(receive, work())
        done = len(steps)
        await asyncio.sleep(0.05)
        assert len(steps) <= done + 1
        assert done > 0

    asyncio.run(run())


def test_what_the_work_raises_is_raised() -> None:
    async def work() -> None:
        raise KeyError("gone wrong")

    async def receive() -> dict[str, str]:
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    started = time.monotonic()
    with pytest.raises(KeyError):
        asyncio.run(_unless_gone(receive, work()))
    assert time.monotonic() - started < 5

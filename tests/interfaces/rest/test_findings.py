"""GET /v1/findings and POST /v1/findings/search: every filter, paging, fields, counts, scope, and what is recorded."""

import dataclasses
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.domain.access import Scope
from app.domain.decision import Severity, Stage
from app.domain.disposition import Action
from app.domain.encounter import CareType, InsuranceType
from app.domain.review import Review, ReviewState
from app.interfaces.rest.finding_query import FIELDS
from app.store.audit_log import NotRecorded
from app.store.store import Store
from app.trail.entry import Kind, Sealed
from tests.interfaces.rest.finding_desk import HEAD, LEAD, STAFF, Desk, person, problem, with_desk
from tests.store.reviewing import later, review

KEY = "ab" * 32
FULL = {
    "campus": "东院", "department": "外科", "practitioner": "D9", "patient_key": KEY, "encounter": "E9",
    "rule": "rule-9", "rule_class": "限定支付", "category": "重复收费", "severity": Severity.SLIGHTLY_SUSPECT,
    "stage": Stage.SETTLED, "state": ReviewState.CONFIRMED, "insurance_type": InsuranceType.EMPLOYEE,
    "care_type": CareType.INPATIENT, "doctor_answer": Action.PROCEED, "assignee": "staff-1", "amount_cents": 123_456,
    "deadline": date(2026, 5, 6), "first_found_at": later(3), "last_found_at": later(3), "title": "重复收取护理费",
    "facility": "F9",
}  # fmt: skip
REVIEWS = [review("f1"), review("f2", **FULL), review("f3", is_trial=True, amount_cents=None, deadline=None)]
BY_FILTER: list[tuple[dict[str, Any], str]] = [
    ({}, "f1 f2"),
    ({"trial": "include"}, "f1 f2 f3"),
    ({"trial": "only"}, "f3"),
    ({"found_from": "2026-03-03T00:00:00+08:00"}, "f2"),
    ({"found_before": "2026-03-03T00:00:00Z"}, "f1"),
    ({"facility": ["F9"]}, "f2"),
    ({"facility": ["F9", "F1"]}, "f1 f2"),
    ({"campus": ["东院"]}, "f2"),
    ({"department": ["外科"]}, "f2"),
    ({"practitioner": ["D9"]}, "f2"),
    ({"patient_key": [KEY]}, "f2"),
    ({"encounter": ["E9"]}, "f2"),
    ({"rule": ["rule-9"]}, "f2"),
    ({"rule_class": ["限定支付"]}, "f2"),
    ({"category": ["重复收费"]}, "f2"),
    ({"severity": ["slightly_suspect"]}, "f2"),
    ({"stage": ["settled"]}, "f2"),
    ({"state": ["confirmed"]}, "f2"),
    ({"insurance_type": ["employee"]}, "f2"),
    ({"care_type": ["inpatient"]}, "f2"),
    ({"answer": ["proceed"]}, "f2"),
    ({"has_answer": False}, "f1"),
    ({"assignee": ["staff-1"]}, "f2"),
    ({"assignee": [""]}, "f1"),
    ({"amount_from": "50.01"}, "f2"),
    ({"amount_to": "50"}, "f1"),
    ({"amount_from": "1234.56", "amount_to": "1234.56"}, "f2"),
    ({"deadline_from": "2026-05-06"}, "f2"),
    ({"deadline_to": "2026-04-30"}, "f1"),
    ({"q": "护理费"}, "f2"),
    ({"q": "cfsqhlf"}, "f2"),  # initials of its pinyin
    ({"q": "E9"}, "f2"),
    ({"q": "护理费 nk"}, ""),
    ({"department": ["外科"], "state": ["open"]}, ""),
]


def ids(answer: Any) -> str:
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return " ".join(sorted([one["id"] for one in answer.json()["findings"]]))


def as_parameters(told: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value).lower() if isinstance(value, bool) else value for name, value in told.items()}


def test_every_filter_by_address_and_by_body(tmp_path: Path) -> None:
    async def steps(desk: Desk) -> None:
        for told, expected in BY_FILTER:
            assert ids(await desk.ask(LEAD, "GET", "/v1/findings", params=as_parameters(told))) == expected, told
            assert ids(await desk.ask(LEAD, "POST", "/v1/findings/search", json=told)) == expected, told

    with_desk(tmp_path, REVIEWS, steps)


def test_a_patient_is_looked_up_and_never_in_an_address(tmp_path: Path) -> None:
    async def steps(desk: Desk) -> None:
        assert ids(await desk.ask(LEAD, "GET", "/v1/findings", headers={"x-patient-id": "P-7"})) == "f7"
        assert ids(await desk.ask(LEAD, "POST", "/v1/findings/search", json={"patient": ["P-7", "P-8"]})) == "f7 f8"
        problem(await desk.ask(LEAD, "GET", "/v1/findings?patient=P-7"), 422, "invalid-request")

    # A store without keys keeps what it is given in the place of the hash.
    with_desk(tmp_path, [review("f7", patient_key="P-7"), review("f8", patient_key="P-8"), review("f9")], steps)


@pytest.mark.parametrize("sort", ["time", "amount", "deadline", "severity"])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_hold_everything_once_in_order(sort: str, order: str, tmp_path: Path) -> None:
    made = [
        review(
            f"f{one:02}", amount_cents=(one * 7) % 5 * 100, first_found_at=later(one % 4), last_found_at=later(one % 4),
            severity=list(Severity)[one % 3], deadline=date(2026, 4, 1 + one % 6),
        )
        for one in range(25)
    ]  # fmt: skip
    keys = {
        "time": lambda one: one["first_found_at"],
        "amount": lambda one: float(one["amount"]),
        "deadline": lambda one: one["deadline"],
        "severity": lambda one: ["slightly_suspect", "highly_suspect", "definite"].index(one["severity"]),
    }

    async def steps(desk: Desk) -> None:
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            asked = {"sort": sort, "order": order, "limit": 7, **({"cursor": cursor} if cursor else {})}
            page = (await desk.ask(LEAD, "GET", "/v1/findings", params=asked)).json()
            found += page["findings"]
            if not (cursor := page["next"]):
                break
        assert sorted([one["id"] for one in found]) == sorted([one.id for one in made])
        told = list(map(keys[sort], found))
        assert told == sorted(told, reverse=order == "desc")

    with_desk(tmp_path, made, steps)


def test_fields_counts_and_sums(tmp_path: Path) -> None:
    async def steps(desk: Desk) -> None:
        asked = {"fields": ["id", "amount", "deadline"], "count": "true", "sums": "true", "trial": "include"}
        told = (await desk.ask(LEAD, "GET", "/v1/findings", params=asked)).json()
        assert told["count"] == {"value": 3, "is_more": False}
        assert told["sums"] == {"amount": "1284.56", "refund": "0.00"}
        assert told["next"] == ""
        by_id = {one["id"]: one for one in told["findings"]}
        assert by_id["f2"] == {"id": "f2", "amount": "1234.56", "deadline": "2026-05-06"}
        assert by_id["f3"] == {"id": "f3", "amount": None, "deadline": None}
        whole = (await desk.ask(LEAD, "GET", "/v1/findings")).json()
        assert set(whole) == {"findings", "next"}
        assert tuple(whole["findings"][0]) == FIELDS

    with_desk(tmp_path, REVIEWS, steps)


def test_only_what_the_caller_may_see(tmp_path: Path) -> None:
    own = person("doctor-9", *STAFF.roles, scope=Scope(practitioner="D9"))

    async def steps(desk: Desk) -> None:
        assert ids(await desk.ask(HEAD, "GET", "/v1/findings", params={"trial": "include"})) == "f1 f3"
        assert ids(await desk.ask(HEAD, "GET", "/v1/findings", params={"department": "外科"})) == ""
        assert ids(await desk.ask(own, "POST", "/v1/findings/search", json={"count": True})) == "f2"
        problem(await desk.ask(HEAD, "GET", "/v1/findings/f2"), 404, "not-found")

    with_desk(tmp_path, REVIEWS, steps)


NOT_UNDERSTOOD = (
    "nothing=1", "has_answer=yes", "has_answer=null", "limit=0", "limit=1001", "limit=7.0", "limit=7&limit=8",
    "amount_from=-1", "amount_from=1e3", "amount_from=0.001", "found_from=2026-03-01", "found_from=1700000000",
    "deadline_to=2026-02-30", "state=done", "fields=name", "sort=rule", "patient_key=P1", "q=%00",
    "found_from=2026-03-01T00:00:00", "trial=yes", "department=" + "x" * 201,
)  # fmt: skip


def test_what_cannot_be_understood_is_refused(tmp_path: Path) -> None:
    async def steps(desk: Desk) -> None:
        for query in NOT_UNDERSTOOD:
            document = problem(await desk.ask(LEAD, "GET", f"/v1/findings?{query}"), 422, "invalid-request")
            assert document["errors"][0]["pointer"].startswith("/" + query.partition("=")[0]), query

    with_desk(tmp_path, [], steps)


def test_a_cursor_belongs_to_its_query(tmp_path: Path) -> None:
    async def steps(desk: Desk) -> None:
        first = (await desk.ask(LEAD, "GET", "/v1/findings", params={"limit": 1})).json()
        for changed in ({"sort": "amount"}, {"department": "内科"}, {"order": "asc"}):
            asked = {"limit": 1, "cursor": first["next"], **changed}
            problem(await desk.ask(LEAD, "GET", "/v1/findings", params=asked), 422, "bad-cursor")
        problem(await desk.ask(LEAD, "GET", "/v1/findings", params={"cursor": "made up"}), 422, "bad-cursor")

    with_desk(tmp_path, REVIEWS, steps)


def test_what_is_read_is_recorded_first(tmp_path: Path) -> None:
    async def steps(desk: Desk) -> None:
        await desk.ask(LEAD, "GET", "/v1/findings", params={"department": "外科"})
        await desk.ask(LEAD, "GET", "/v1/findings", params={"department": "none"})
        (entry,) = await desk.told(Kind.READ)
        assert (entry.actor, entry.details) == ("lead-1", {"what": "GET /v1/findings", "rows": 1, "patients": 1})

    with_desk(tmp_path, REVIEWS, steps)


class FullDisk:
    """A trail that takes nothing."""

    async def append(self, entries: Sequence[Sealed]) -> None:
        raise NotRecorded


def without_trail(store: Store) -> Store:
    return dataclasses.replace(store, trail=FullDisk())  # type: ignore[arg-type]


def test_what_cannot_be_recorded_is_not_shown(tmp_path: Path) -> None:
    async def steps(desk: Desk) -> None:
        answer = await desk.ask(LEAD, "GET", "/v1/findings")
        problem(answer, 503, "not-recorded")
        assert "f1" not in answer.text
        made: list[Review] = [*REVIEWS]
        for one in made:
            assert one.title not in (await desk.ask(LEAD, "GET", f"/v1/findings/{one.id}")).text

    with_desk(tmp_path, REVIEWS, steps, store=without_trail)

"""/v1/views, /v1/worklists, /v1/departments and /v1/staff: what belongs to whom, and who gets what."""

from datetime import date
from pathlib import Path
from typing import Any

from app.domain.access import EVERYWHERE, Role, Scope
from app.domain.account import Account
from app.domain.review import ReviewState
from tests.interfaces.rest.finding_desk import HEAD, LEAD, OTHER, STAFF, Desk, person, problem, with_desk
from tests.store.reviewing import FOUND, review


def test_views_are_ones_own_and_shared(tmp_path: Path) -> None:
    told = {
        "name": "内科待审",
        "filter": {"department": ["内科"], "state": ["open"]},
        "sort": "deadline",
        "order": "asc",
    }

    async def steps(desk: Desk) -> None:
        made = await desk.ask(STAFF, "PUT", "/v1/views/mine", json=told)
        assert made.json() == {**told, "id": "mine", "fields": [], "is_shared": False, "is_mine": True}
        assert (await desk.ask(OTHER, "GET", "/v1/views")).json() == {"views": []}
        await desk.ask(STAFF, "PUT", "/v1/views/mine", json={**told, "is_shared": True})
        (shared,) = (await desk.ask(OTHER, "GET", "/v1/views")).json()["views"]
        assert (shared["id"], shared["is_mine"]) == ("mine", False)
        problem(await desk.ask(OTHER, "PUT", "/v1/views/mine", json=told), 409, "view-taken")
        problem(await desk.ask(STAFF, "PUT", "/v1/views/second", json=told), 409, "view-taken")
        problem(await desk.ask(OTHER, "DELETE", "/v1/views/mine"), 404, "not-found")
        problem(
            await desk.ask(STAFF, "PUT", "/v1/views/p", json={"name": "x", "filter": {"patient_key": ["ab" * 32]}}),
            422, "invalid-request",
        )  # fmt: skip
        assert (await desk.ask(STAFF, "DELETE", "/v1/views/mine")).status_code == 204
        assert (await desk.ask(STAFF, "GET", "/v1/views")).json() == {"views": []}

    with_desk(tmp_path, [], steps)


def account(name: str, *roles: Role, scope: Scope = EVERYWHERE, **changes: Any) -> Account:
    return Account(
        id=name,
        login=name,
        name=name,
        created_at=FOUND,
        changed_at=FOUND,
        roles=frozenset(roles),
        scope=scope,
        **changes,
    )


def test_findings_are_dealt_evenly_to_those_who_may(tmp_path: Path) -> None:
    elsewhere = Scope(facilities=frozenset({"F2"}))
    people = [
        account("staff-1", Role.AUDIT_STAFF), account("staff-2", Role.AUDIT_STAFF),
        account("staff-3", Role.AUDIT_STAFF, scope=elsewhere), account("staff-4", Role.AUDIT_STAFF, is_disabled=True),
        account("doctor-1", Role.DOCTOR),
    ]  # fmt: skip
    made = [review(f"f{at}", deadline=date(2026, 4, 1 + at)) for at in range(6)]
    made += [review("done", state=ReviewState.CLOSED), review("held", assignee="staff-1")]

    async def steps(desk: Desk) -> None:
        for one in people:
            assert await desk.store.accounts.add(one, [])
        deal = {"way": "round_robin", "filter": {"facility": ["F1"]}, "most": 5}
        told = (await desk.ask(LEAD, "POST", "/v1/worklists/assign", json=deal)).json()
        assert told["done"] == 5
        given = [(one["id"], one["finding"]["assignee"]) for one in told["results"]]
        assert sorted([who for _, who in given]) == ["staff-1", "staff-1", "staff-2", "staff-2", "staff-2"]
        assert {one for one, _ in given} == {"f0", "f1", "f2", "f3", "f4"}
        mine = (await desk.ask(STAFF, "GET", "/v1/worklists/mine", params={"limit": 2})).json()
        assert mine["count"] == {"value": 3, "is_more": False}
        assert len(mine["findings"]) == 2
        rest = await desk.ask(STAFF, "GET", "/v1/worklists/mine", params={"limit": 2, "cursor": mine["next"]})
        days = [one["deadline"] for one in (*mine["findings"], *rest.json()["findings"])]
        assert days == sorted(days)
        chosen = {"accounts": ["doctor-1"]}
        problem(await desk.ask(LEAD, "POST", "/v1/worklists/assign", json=chosen), 422, "step-refused")
        problem(await desk.ask(HEAD, "POST", "/v1/worklists/assign", json={}), 403, "step-forbidden")
        by_department = {"way": "by_department", "departments": {"staff-1": ["内科"]}}
        told = (await desk.ask(LEAD, "POST", "/v1/worklists/assign", json=by_department)).json()
        assert [(one["id"], one["finding"]["assignee"]) for one in told["results"]] == [("f5", "staff-1")]

    with_desk(tmp_path, made, steps)


def test_the_directory_names_codes(tmp_path: Path) -> None:
    departments = {"departments": [{"facility": "F1", "code": "内科", "name": "心血管内科", "head": "D1"}]}
    staff = {"staff": [{"facility": "F1", "code": "D1", "name": "王主任", "department": "内科", "title": "主任医师"}]}
    narrow = person("lead-2", Role.AUDIT_LEAD, scope=Scope(facilities=frozenset({"F2"})))

    async def steps(desk: Desk) -> None:
        assert (await desk.ask(LEAD, "PUT", "/v1/departments", json=departments)).json() == {"kept": 1}
        assert (await desk.ask(LEAD, "PUT", "/v1/staff", json=staff)).json() == {"kept": 1}
        told = (await desk.ask(HEAD, "GET", "/v1/departments", params={"facility": "F1"})).json()
        assert told["departments"] == [{**departments["departments"][0], "campus": ""}]
        told = (await desk.ask(HEAD, "GET", "/v1/staff", params={"facility": "F1", "code": ["D1", "D2"]})).json()
        assert told["staff"] == staff["staff"]
        found = (await desk.ask(LEAD, "GET", "/v1/findings", params={"q": "xxg wzr"})).json()["findings"]
        assert [one["id"] for one in found] == ["f1"]
        problem(await desk.ask(narrow, "PUT", "/v1/departments", json=departments), 403, "out-of-scope")
        problem(await desk.ask(narrow, "GET", "/v1/departments", params={"facility": "F1"}), 403, "out-of-scope")
        problem(
            await desk.ask(narrow, "GET", "/v1/staff", params={"facility": "F1", "code": "D1"}), 403, "out-of-scope"
        )

    with_desk(tmp_path, [review("f1")], steps)

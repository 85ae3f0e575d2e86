"""POST /v1/findings/{id}/steps and /v1/findings/steps: a finding from its first step to its last, by those who may."""

import asyncio
from pathlib import Path
from typing import Any

from app.domain.access import Role, Scope
from app.domain.decision import Severity
from app.domain.review import Review
from app.store.reviews import LARGEST_ATTACHMENT
from app.trail.entry import Kind
from tests.interfaces.rest.finding_desk import HEAD, OTHER, STAFF, Desk, person, problem, with_desk
from tests.store.reviewing import review

DOCTOR = person("doctor-1", Role.DOCTOR, scope=Scope(practitioner="D1"))
MILD = review(severity=Severity.HIGHLY_SUSPECT)
PDF = b"%PDF-1.7 proof"
PATH = "/v1/findings/f1"


async def step(desk: Desk, caller: Any, action: str, version: int, **given: Any) -> Any:
    body = {"action": action, "version": version, **given}
    return await desk.ask(caller, "POST", f"{PATH}/steps", json=body)


async def attached(desk: Desk, caller: Any, content: bytes = PDF, name: str = "") -> Any:
    headers = {"content-disposition": name} if name else {}
    return await desk.ask(caller, "POST", f"{PATH}/attachments", content=content, headers=headers)


def test_from_open_to_closed(tmp_path: Path) -> None:
    async def steps(desk: Desk) -> None:
        taken = await step(desk, STAFF, "take_up", 1)
        assert (taken.status_code, taken.headers["etag"], taken.json()["state"]) == (200, '"2"', "in_review")
        confirmed = await step(desk, STAFF, "confirm", 2, reason_code="policy_breached")
        assert (confirmed.json()["state"], confirmed.json()["deadline_step"]) == ("confirmed", "appeal")
        assert (await step(desk, HEAD, "accept", 3)).json()["version"] == 4
        ordered = await step(desk, STAFF, "order_rectification", 4, comment="退费并整改", working_days=3)
        assert ordered.json()["state"] == "rectifying", ordered.text
        proof = (await attached(desk, HEAD)).json()["id"]
        refused = await step(desk, HEAD, "report_rectified", 5, refund="12.345", attachments=[proof])
        problem(refused, 422, "invalid-request")
        reported = await step(
            desk, HEAD, "report_rectified", 5, refund="12.30", attachments=[proof], comment="其余已减免"
        )
        assert reported.status_code == 200, reported.text
        assert (reported.json()["state"], reported.json()["refund"]) == ("rectified", "12.30")
        assert (await step(desk, OTHER, "pass_recheck", 6)).json()["state"] == "closed"
        told = [one.details["action"] for one in await desk.told(Kind.REVIEWED) if "action" in one.details]
        assert told == [
            "take_up", "confirm", "accept", "order_rectification", "report_rectified", "pass_recheck",
        ]  # fmt: skip

    with_desk(tmp_path, [MILD], steps)


def test_a_lost_update_changes_nothing(tmp_path: Path) -> None:
    async def steps(desk: Desk) -> None:
        both = await asyncio.gather(step(desk, STAFF, "take_up", 1), step(desk, OTHER, "take_up", 1))
        assert sorted([one.status_code for one in both]) == [200, 409]
        lost = next(one for one in both if one.status_code == 409)
        assert lost.headers["etag"] == '"2"'
        assert "版本2" in problem(lost, 409, "finding-changed")["detail"]
        assert len(await desk.told(Kind.REVIEWED)) == 1

    with_desk(tmp_path, [MILD], steps)


def test_the_version_must_be_told(tmp_path: Path) -> None:
    async def steps(desk: Desk) -> None:
        bare = {"action": "take_up"}
        problem(await desk.ask(STAFF, "POST", f"{PATH}/steps", json=bare), 428, "version-needed")
        for told, version in (('"1"', 2), ("1", 1), ('"x"', 1), ("*", 1)):
            sent = {"json": {**bare, "version": version}, "headers": {"if-match": told}}
            problem(await desk.ask(STAFF, "POST", f"{PATH}/steps", **sent), 422, "invalid-request")
        done = await desk.ask(STAFF, "POST", f"{PATH}/steps", json=bare, headers={"if-match": '"1"'})
        assert done.status_code == 200

    with_desk(tmp_path, [MILD], steps)


def test_who_may_not_is_told_what_they_may(tmp_path: Path) -> None:
    async def steps(desk: Desk) -> None:
        document = problem(await step(desk, DOCTOR, "confirm", 1, reason_code="policy_breached"), 403, "step-forbidden")
        assert "没有" in document["detail"]
        assert {one["detail"].partition(":")[0] for one in document["errors"]} == {"comment", "answer"}
        document = problem(await step(desk, STAFF, "report_rectified", 1), 422, "step-refused")
        assert "可以改为" in document["detail"]
        problem(await step(desk, STAFF, "confirm", 1, reason_code="no-such-reason"), 422, "step-refused")
        problem(await step(desk, STAFF, "assign", 1, assignee="nobody"), 422, "step-refused")
        assert (await step(desk, STAFF, "assign", 1, assignee="staff-1")).json()["assignee"] == "staff-1"
        foreign = person("head-2", Role.DEPARTMENT_HEAD, scope=Scope(departments=frozenset({"外科"})))
        problem(await step(desk, foreign, "comment", 1, comment="x"), 404, "not-found")
        assert len(await desk.told(Kind.REVIEWED)) == 1

    with_desk(tmp_path, [MILD], steps)


def test_many_at_once_each_for_itself(tmp_path: Path) -> None:
    made: list[Review] = [MILD, review("f2", practitioner="D2"), review("f3")]

    async def steps(desk: Desk) -> None:
        assert (await desk.ask(STAFF, "POST", "/v1/findings/f3/steps", json={"action": "take_up", "version": 1})).json()
        named = [{"id": "f1", "version": 1}, {"id": "f2", "version": 9}, {"id": "f3"}, {"id": "f4"}]
        told = (
            await desk.ask(STAFF, "POST", "/v1/findings/steps", json={"action": "take_up", "findings": named})
        ).json()
        assert told["done"] == 1
        assert [one["id"] for one in told["results"]] == ["f1", "f2", "f3", "f4"]
        assert told["results"][0]["finding"]["state"] == "in_review"
        names = [one["problem"]["type"].rpartition(":")[2] for one in told["results"][1:]]
        assert names == ["finding-changed", "step-refused", "not-found"]

    with_desk(tmp_path, made, steps)


def test_attachments(tmp_path: Path) -> None:
    async def steps(desk: Desk) -> None:
        name = "attachment; filename*=UTF-8''%E7%97%85%E5%8E%86.exe"
        kept = (await attached(desk, HEAD, name=name)).json()
        assert (kept["name"], kept["type"], kept["size"]) == ("病历.exe.pdf", "application/pdf", len(PDF))
        path = f"{PATH}/attachments/{kept['id']}"
        read = await desk.ask(STAFF, "GET", path)
        assert (read.content, read.headers["content-type"]) == (PDF, "application/pdf")
        assert read.headers["content-disposition"].startswith("attachment;")
        (entry,) = await desk.told(Kind.READ)
        assert (entry.actor, entry.subject) == ("staff-1", "f1")
        problem(await desk.ask(STAFF, "GET", path.replace("f1", "f2")), 404, "not-found")
        problem(await desk.ask(STAFF, "GET", f"{PATH}/attachments/none"), 404, "not-found")
        for content in (b"", b"MZ\x90\x00", b"<svg/>\x00", b"PK\x03\x04broken"):
            problem(await attached(desk, HEAD, content), 422, "step-refused")
        problem(await attached(desk, HEAD, PDF + bytes(LARGEST_ATTACHMENT)), 413, "too-large")
        reader = person("key-1", Role.HIS_CLIENT)
        problem(await attached(desk, reader), 403, "step-forbidden")
        problem(await desk.ask(HEAD, "POST", "/v1/findings/f9/attachments", content=PDF), 404, "not-found")

    with_desk(tmp_path, [MILD, review("f2")], steps)

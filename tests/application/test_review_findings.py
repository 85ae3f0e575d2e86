import asyncio
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from app.application.review_findings import MOST_AT_ONCE, Result, ReviewDesk, UnknownReview
from app.domain.access import EVERYWHERE, Role, Scope
from app.domain.review import ReviewAction, ReviewState
from app.domain.review_command import Command, Ground, NotAllowed
from app.store.reviews import Attachment, Change, LostUpdate, ReviewStore
from app.store.store import Store
from app.trail.entry import Kind, read_body
from tests.application.reviewing import desk, with_reviews
from tests.domain.review_build import CALENDAR, HEAD, LEAD, NOW, OTHER_STAFF, STAFF, command, person, review

A = ReviewAction


def outcome(result: Result) -> str:
    if result.refusal is not None:
        return type(result.refusal).__name__
    assert result.review is not None
    return result.review.state.value


def test_a_course_is_kept_step_by_step_and_stands_on_the_trail(tmp_path: Path) -> None:
    async def steps(store: Store) -> None:
        at = desk(store)
        await at.act("F1", command(A.TAKE_UP, STAFF), version=1)
        made = await at.act("F1", command(A.CONFIRM, STAFF, comment="患者张某"), version=2)
        assert (made.state, made.version) == (ReviewState.CONFIRMED, 3)
        kept = await store.reviews.steps("F1", EVERYWHERE)
        assert [(step.number, step.action) for step in kept] == [(1, A.TAKE_UP), (2, A.CONFIRM)]
        entries = await store.trail.find("F1")
        assert [read_body(entry.body).kind for entry in entries] == [Kind.REVIEWED] * 2
        assert "张某" not in "".join(entry.body.decode() for entry in entries)

    with_reviews(tmp_path, [review()], steps)


def test_who_saw_an_earlier_version_is_told(tmp_path: Path) -> None:
    async def steps(store: Store) -> None:
        at = desk(store)
        await at.act("F1", command(A.COMMENT, STAFF), version=1)
        with pytest.raises(LostUpdate):
            await at.act("F1", command(A.CONFIRM, OTHER_STAFF), version=1)
        assert (await at.act("F1", command(A.CONFIRM, OTHER_STAFF), version=2)).decided_by == "staff-2"

    with_reviews(tmp_path, [review()], steps)


def test_of_many_at_once_one_decides(tmp_path: Path) -> None:
    people = [person(f"staff-{number}", Role.AUDIT_STAFF) for number in range(12)]

    async def steps(store: Store) -> None:
        at = desk(store)
        done = await asyncio.gather(
            *[at.act("F1", command(A.CONFIRM, by), version=1) for by in people], return_exceptions=True
        )
        assert sum(not isinstance(one, BaseException) for one in done) == 1
        assert {type(one) for one in done if isinstance(one, BaseException)} == {LostUpdate}
        assert len(await store.reviews.steps("F1", EVERYWHERE)) == 1

    with_reviews(tmp_path, [review()], steps)


def test_in_bulk_each_succeeds_or_says_why_not(tmp_path: Path) -> None:
    reviews = [review(id=f"F{number:03}") for number in range(230)]
    reviews += [
        review(id="closed", state=ReviewState.CLOSED),
        review(id="large", amount_cents=5_000_000),
        review(id="mine", practitioner="P9"),
        review(id="changed"),
    ]

    async def steps(store: Store) -> None:
        at = desk(store)
        await at.act("changed", command(A.COMMENT, LEAD))
        wanted: dict[str, int | None] = dict.fromkeys([*[one.id for one in reviews], "missing"])
        wanted["changed"] = 1
        results = await at.act_on_many(wanted, command(A.CONFIRM, STAFF, practitioner="P9"))
        assert [result.id for result in results] == list(wanted)
        told = {result.id: outcome(result) for result in results}
        assert {name: told.pop(name) for name in ("closed", "large", "mine", "changed", "missing")} == {
            "closed": "NotAllowed",
            "large": "awaiting_second",
            "mine": "NotAllowed",
            "changed": "LostUpdate",
            "missing": "UnknownReview",
        }
        assert set(told.values()) == {"confirmed"}
        kept = await store.reviews.get(["F000", "F229", "mine"], EVERYWHERE)
        assert [kept[name].state.value for name in ("F000", "F229", "mine")] == ["confirmed", "confirmed", "open"]

    with_reviews(tmp_path, reviews, steps)


class Meddled:
    """The store, where somebody else is quicker by one for each of these reviews."""

    def __init__(self, store: Store, quick: list[str]) -> None:
        self._store, self._quick = store.reviews, quick

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def save(self, changes: Sequence[Change], scope: Scope) -> None:
        while self._quick:
            await ReviewDesk(self._store, CALENDAR, now=lambda: NOW).act(self._quick.pop(), command(A.COMMENT, LEAD))
        await self._store.save(changes, scope)


def test_what_changes_meanwhile_is_lost_alone(tmp_path: Path) -> None:
    reviews = [review(id=f"F{number}") for number in range(6)]

    async def steps(store: Store) -> None:
        meddled: ReviewStore = Meddled(store, ["F2", "F4"])
        at = ReviewDesk(meddled, CALENDAR, now=lambda: NOW)
        results = await at.act_on_many(dict.fromkeys([one.id for one in reviews]), command(A.CONFIRM, STAFF))
        told = [outcome(result) for result in results]
        assert told == ["confirmed", "confirmed", "LostUpdate", "confirmed", "LostUpdate", "confirmed"]

    with_reviews(tmp_path, reviews, steps)


def test_beyond_the_scope_there_is_no_such_review(tmp_path: Path) -> None:
    far = person("far", Role.DEPARTMENT_HEAD, scope=Scope(departments=frozenset({"D2"})))

    async def steps(store: Store) -> None:
        with pytest.raises(UnknownReview):
            await desk(store).act("F1", command(A.ANSWER, far))

    with_reviews(tmp_path, [review()], steps)


def test_evidence_must_be_attached_to_this_finding(tmp_path: Path) -> None:
    digest = sha256(b"receipt").digest()

    def attachment(name: str, of: str) -> Attachment:
        return Attachment(name, of, NOW, "head-1", "application/pdf", 7, digest, "凭证.pdf")

    async def steps(store: Store) -> None:
        at = desk(store)
        await store.reviews.attach(attachment("T1", "F1"), b"receipt", EVERYWHERE)
        await store.reviews.attach(attachment("T2", "F2"), b"receipt", EVERYWHERE)
        with pytest.raises(NotAllowed) as raised:
            await at.act("F1", command(A.REPORT_RECTIFIED, HEAD, attachments=("T1", "T2")))
        assert raised.value.ground is Ground.INCOMPLETE
        made = await at.act("F1", command(A.REPORT_RECTIFIED, HEAD, attachments=("T1",)))
        assert made.state is ReviewState.RECTIFIED

    with_reviews(tmp_path, [review(id=name, state=ReviewState.RECTIFYING) for name in ("F1", "F2")], steps)


def test_each_has_a_command_of_its_own(tmp_path: Path) -> None:
    async def steps(store: Store) -> None:
        commands = {
            "F2": command(A.COMMENT, STAFF, comment="请补充病程记录"),
            "F1": command(A.CONFIRM, STAFF),
            "F9": command(A.TAKE_UP, STAFF),
        }
        results = await desk(store).act_on_each(commands)
        assert [outcome(result) for result in results] == ["open", "confirmed", "UnknownReview"]
        assert [step.comment for step in await store.reviews.steps("F2", EVERYWHERE)] == ["请补充病程记录"]
        with pytest.raises(ValueError, match="several people"):
            await desk(store).act_on_each({"F1": command(A.COMMENT, STAFF), "F2": command(A.COMMENT, OTHER_STAFF)})

    with_reviews(tmp_path, [review(), review(id="F2")], steps)


def test_a_dealt_list_is_assigned(tmp_path: Path) -> None:
    async def steps(store: Store) -> None:
        results = await desk(store).assign({"F1": "staff-1", "F2": "staff-2", "F3": "staff-1"}, LEAD)
        assert [result.review and result.review.assignee for result in results] == ["staff-1", "staff-2", None]
        assert isinstance(results[2].refusal, UnknownReview)
        assert await desk(store).assign({}, LEAD) == []

    with_reviews(tmp_path, [review(id="F1"), review(id="F2")], steps)


def test_too_many_at_once_are_refused(tmp_path: Path) -> None:
    async def steps(store: Store) -> None:
        wanted: dict[str, int | None] = dict.fromkeys(map(str, range(MOST_AT_ONCE + 1)))
        with pytest.raises(ValueError, match="give at most 500"):
            await desk(store).act_on_many(wanted, command(A.TAKE_UP, STAFF))

    with_reviews(tmp_path, [], steps)


def test_the_desk_says_what_may_be_done(tmp_path: Path) -> None:
    async def steps(store: Store) -> None:
        at = desk(store)
        offered = at.options(review(), STAFF)
        assert offered == (A.TAKE_UP, A.CONFIRM, A.DISMISS, A.EXCEPT, A.ASSIGN, A.COMMENT)
        assert at.options(review(), STAFF, "P1") == (A.COMMENT,)
        with pytest.raises(NotAllowed):
            await at.act("F1", Command(action=A.CONFIRM, by=STAFF))

    with_reviews(tmp_path, [review()], steps)

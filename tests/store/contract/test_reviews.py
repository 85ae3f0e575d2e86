"""Reviews: kept whole, changed once at a time with their step and its entry, found only by whom they concern."""

import asyncio
from hashlib import sha256
from typing import Any

import pytest
from msgspec.structs import replace

from app.domain.access import EVERYWHERE, Scope
from app.domain.disposition import Action
from app.domain.review import DeadlineStep, ReviewAction, ReviewState
from app.store.review_intake import Intaken, Pending
from app.store.reviews import LARGEST_ATTACHMENT, Attachment, LostUpdate, ReviewFilter
from app.store.store import Store
from app.trail.entry import Kind, read_body
from tests.store.contract.place import Place
from tests.store.reviewing import FOUND, later, put, review, step, stored


def test_a_review_is_kept_as_it_is(place: Place) -> None:
    full = review(
        "f2", state=ReviewState.RECTIFYING, campus="东院", rule_class="限定支付", doctor_answer=Action.PROCEED,
        is_answered=True, assignee="u7", proposed=ReviewState.CONFIRMED, decided_by="u1", approved_by="u2",
        reason_code="R1", deadline_step=DeadlineStep.RECTIFY, escalation=1, escalated_at=later(2), appeal_round=2,
        appeal_deciders=("u3", "u4"), refund_cents=0, amount_cents=None, is_trial=True, times_found=4,
        message='引号"与\n换行', lines=("L1", "L|2"),
    )  # fmt: skip

    async def steps(store: Store) -> None:
        await put(store, review(), full)
        found = await store.reviews.get(["f1", "f2", "f3"], EVERYWHERE)
        assert found == {"f1": review(), "f2": full}
        assert await store.reviews.get([], EVERYWHERE) == {}

    place.run(steps)


def test_what_cannot_be_stored_as_text_is_shown(place: Place) -> None:
    async def steps(store: Store) -> None:
        await put(store, review(title="a\0b", assignee="x\0"))
        assert (await stored(store, "f1")).title == "a␀b"

    place.run(steps)


def test_a_step_is_stored_with_the_review_and_its_entry(place: Place) -> None:
    async def steps(store: Store) -> None:
        await put(store, review())
        taken = step(review(), ReviewAction.TAKE_UP, ReviewState.IN_REVIEW, assignee="u1")
        await store.reviews.save([taken], EVERYWHERE)
        assert await stored(store, "f1") == taken.review
        assert await store.reviews.steps("f1", EVERYWHERE) == [taken.step]
        (entry,) = await store.trail.find("f1")
        body = read_body(entry.body)
        assert (body.kind, body.actor, body.details["to"]) == (Kind.REVIEWED, "u1", "in_review")
        assert "家属" not in entry.body.decode()
        assert "家属" in (await store.trail.private_of([entry.seq]))[entry.seq][1].decode()

    place.run(steps)


def test_of_two_changes_to_one_version_one_is_lost(place: Place) -> None:
    async def steps(store: Store) -> None:
        await put(store, review())
        taken = step(review(), ReviewAction.TAKE_UP, ReviewState.IN_REVIEW)
        done = await asyncio.gather(
            *[store.reviews.save([taken], EVERYWHERE) for _ in range(5)], return_exceptions=True
        )
        assert sorted([type(one).__name__ for one in done]) == ["LostUpdate"] * 4 + ["NoneType"]
        with pytest.raises(LostUpdate) as lost:
            await store.reviews.save([taken], EVERYWHERE)
        assert lost.value.ids == ("f1",)
        assert len(await store.reviews.steps("f1", EVERYWHERE)) == len(await store.trail.find("f1")) == 1

    place.run(steps)


def test_changes_are_stored_all_or_none(place: Place) -> None:
    async def steps(store: Store) -> None:
        await put(store, review(), review("f2"))
        old = step(review("f2", version=3), ReviewAction.TAKE_UP, ReviewState.IN_REVIEW)
        with pytest.raises(LostUpdate):
            await store.reviews.save([step(review(), ReviewAction.TAKE_UP, ReviewState.IN_REVIEW), old], EVERYWHERE)
        assert await stored(store, "f1") == review()
        assert await store.reviews.steps("f1", EVERYWHERE) == []

    place.run(steps)


def test_what_audits_say_meanwhile_is_not_undone_by_staff(place: Place) -> None:
    async def steps(store: Store) -> None:
        await put(store, review())
        before = (await store.intake.standing(["f1"], []))["f1"]
        seen = replace(review(), times_found=2, last_found_at=later(1), amount_cents=7000)
        decided = step(review(), ReviewAction.CONFIRM, ReviewState.CONFIRMED)
        assert await store.intake.take_in(Pending(0, 0, []), [Intaken(before, seen)], {})
        assert not await store.intake.take_in(Pending(0, 0, []), [Intaken(before, seen)], {})  # it was changed since
        await store.reviews.save([decided], EVERYWHERE)
        found = await stored(store, "f1")
        assert (found.state, found.times_found, found.amount_cents) == (ReviewState.CONFIRMED, 2, 7000)

    place.run(steps)


@pytest.mark.parametrize(
    "scope",
    [
        Scope(facilities=frozenset(["F2"])),
        Scope(facilities=frozenset()),
        Scope(campuses=frozenset(["西院"])),
        Scope(departments=frozenset(["外科"])),
        Scope(practitioner="D2"),
        Scope(facilities=frozenset(["F1"]), departments=frozenset(["外科"])),
        Scope(facilities=frozenset(["*"])),
    ],
)
def test_nothing_beyond_the_scope_is_found_or_changed(place: Place, scope: Scope) -> None:
    async def steps(store: Store) -> None:
        await put(store, review())
        taken = step(review(), ReviewAction.TAKE_UP, ReviewState.IN_REVIEW)
        await store.reviews.save([taken], EVERYWHERE)
        await store.reviews.attach(attachment(), b"PDF", EVERYWHERE)
        reviews = store.reviews
        assert await reviews.get(["f1"], scope) == {}
        assert (await reviews.page(ReviewFilter(), scope)).reviews == []
        assert (await reviews.totals(ReviewFilter(), scope)).count == 0
        assert await reviews.steps("f1", scope) == []
        assert await reviews.attachments("f1", scope) == []
        assert await reviews.attached("x1", scope) is None
        with pytest.raises(LookupError):
            await reviews.save([step(taken.review, ReviewAction.CONFIRM, ReviewState.CONFIRMED)], scope)
        with pytest.raises(LookupError):
            await reviews.attach(attachment(id="x2"), b"PDF", scope)

    place.run(steps)


def attachment(**changes: Any) -> Attachment:
    plain = Attachment("x1", "f1", FOUND, "u1", "application/pdf", 3, sha256(b"PDF").digest(), "张三的申诉.pdf")
    return plain._replace(**changes)


def test_an_attachment_comes_back_as_it_was_sent(place: Place) -> None:
    async def steps(store: Store) -> None:
        await put(store, review())
        await store.reviews.attach(attachment(), b"PDF", EVERYWHERE)
        within = Scope(facilities=frozenset(["F1"]), practitioner="D1")
        assert await store.reviews.attachments("f1", within) == [attachment()]
        assert await store.reviews.attached("x1", within) == (attachment(), b"PDF")
        (entry,) = await store.trail.find("f1")
        assert read_body(entry.body).details["digest"] == sha256(b"PDF").hexdigest()
        for wrong in (attachment(id="x2", digest=b"\0" * 32), attachment(id="x2", size=4)):
            with pytest.raises(ValueError, match=r"digest|bytes"):
                await store.reviews.attach(wrong, b"PDF", EVERYWHERE)
        large = bytes(LARGEST_ATTACHMENT + 1)
        too_large = attachment(size=len(large), digest=sha256(large).digest())
        with pytest.raises(ValueError, match="most"):
            await store.reviews.attach(too_large, large, EVERYWHERE)

    place.run(steps)


def test_steps_cannot_be_changed_behind_the_service(place: Place) -> None:
    async def steps(store: Store) -> None:
        await put(store, review())
        await store.reviews.save([step(review(), ReviewAction.TAKE_UP, ReviewState.IN_REVIEW)], EVERYWHERE)

    place.run(steps)
    for statement in ("DELETE FROM review_steps", "UPDATE review_steps SET actor = 'x'"):
        with pytest.raises(Exception, match="only added to"):
            asyncio.run(place.rows(statement))
    assert len(asyncio.run(place.rows("SELECT 1 FROM review_steps"))) == 1

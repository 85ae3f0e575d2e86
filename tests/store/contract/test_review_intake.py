"""What audits find becomes reviews: each finding once, in step with what later audits and doctors say of it."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.application.index_reviews import ReviewIndexer
from app.application.record_disposition import DispositionRecorder
from app.domain.access import EVERYWHERE
from app.domain.disposition import Action, Disposition
from app.domain.review import DeadlineStep, ReviewAction, ReviewState
from app.engine.ruleset import Ruleset
from app.store.reviews import Department, ReviewFilter, StaffMember
from app.store.store import Store
from app.trail.entry import Kind, read_body
from tests.application.build import request, rules
from tests.store.contract.place import Place
from tests.store.contract.ward import Ward, placed
from tests.store.reviewing import step, stored


@pytest.fixture(scope="module")
def ruleset(tmp_path_factory: pytest.TempPathFactory) -> Ruleset:
    return rules(Path(tmp_path_factory.mktemp("rules")))


def test_a_finding_becomes_a_review_with_all_that_staff_ask_by(place: Place, ruleset: Ruleset) -> None:
    async def steps(store: Store) -> None:
        ward = Ward(store, ruleset)
        line: dict[str, Any] = {"item_name": "男用药", "department": "0201", "practitioner": {"id": "D7"}}
        told = placed(request("D1", "X9", **line), campus="东院", department="0101")
        await ward.audit(told)
        one = await ward.only()
        assert (one.rule, one.facility, one.campus, one.department, one.practitioner) == (
            "definite", "F1", "东院", "0201", "D7",
        )  # fmt: skip
        assert (one.state, one.lines, one.amount_cents, one.times_found) == (ReviewState.OPEN, ("L1",), 1001, 1)
        assert (one.first_found_at, one.last_found_at) == (ward.at, ward.at)
        assert one.deadline_step is DeadlineStep.REVIEW
        assert one.patient_key == store.vault.lookup("P1")
        assert one.message

    place.run(steps)


def test_the_same_fault_again_is_the_same_review(place: Place, ruleset: Ruleset) -> None:
    async def steps(store: Store) -> None:
        ward = Ward(store, ruleset)
        await ward.audit(request("D1"))
        first = await ward.only()
        for _ in range(3):
            await ward.audit(request("D1", amount="20"))
        again = await ward.only()
        assert (again.times_found, again.amount_cents, again.version) == (4, 2000, first.version)
        assert again.last_found_at == ward.at > again.first_found_at == first.first_found_at

    place.run(steps)


def test_what_is_not_found_any_more_lapses_and_may_come_back(place: Place, ruleset: Ruleset) -> None:
    async def steps(store: Store) -> None:
        ward = Ward(store, ruleset)
        await ward.audit(request("D1", "D2"))
        await ward.audit(request("X1", "D2"))
        gone, stays = await ward.reviews()
        assert (gone.state, stays.state) == (ReviewState.LAPSED, ReviewState.OPEN)
        await ward.audit(request("D1", "D2"))
        back, _ = await ward.reviews()
        assert (back.state, back.times_found) == (ReviewState.OPEN, 2)
        done = await store.reviews.steps(back.id, EVERYWHERE)
        assert [(one.action, one.by) for one in done] == [
            (ReviewAction.VANISH, "system"),
            (ReviewAction.REAPPEAR, "system"),
        ]
        assert [read_body(one.body).kind for one in await store.trail.find(back.id)] == [Kind.REVIEWED] * 2

    place.run(steps)


def test_what_an_audit_did_not_look_at_stays(place: Place, ruleset: Ruleset) -> None:
    async def steps(store: Store) -> None:
        ward = Ward(store, ruleset)
        await ward.audit(request("D1"))
        others = [
            placed(request("X1"), id="E2"),  # another encounter
            placed(request("X1"), charge_lines=request("X1", "X2").encounter.charge_lines[1:]),  # without the line
            placed(request("D1"), patient=msgspec.structs.replace(request("D1").encounter.patient, sex="")),  # unknown
        ]
        for one in others:
            await ward.audit(one)
        assert (await ward.only()).state is ReviewState.OPEN

    place.run(steps)


def test_what_staff_work_on_does_not_lapse(place: Place, ruleset: Ruleset) -> None:
    async def steps(store: Store) -> None:
        ward = Ward(store, ruleset)
        await ward.audit(request("D1"))
        await store.reviews.save(
            [step(await ward.only(), ReviewAction.TAKE_UP, ReviewState.IN_REVIEW, assignee="u1")], EVERYWHERE
        )
        await ward.audit(request("X1"))
        assert (await ward.only()).state is ReviewState.IN_REVIEW

    place.run(steps)


def test_an_audit_that_was_recorded_late_undoes_nothing(place: Place, ruleset: Ruleset) -> None:
    async def steps(store: Store) -> None:
        ward = Ward(store, ruleset)
        await ward.audit(request("D1", amount="50"), minutes=60)
        first = await ward.only()
        await ward.audit(request("X1"), minutes=30, late=True)
        assert (await ward.only()).state is ReviewState.OPEN
        await ward.audit(request("D1", amount="7"), minutes=20, late=True)
        late = await ward.only()
        assert (late.amount_cents, late.times_found) == (5000, 2)
        assert late.first_found_at == first.first_found_at - timedelta(minutes=20)

    place.run(steps)


def test_rules_on_trial_are_marked(place: Place, ruleset: Ruleset) -> None:
    async def steps(store: Store) -> None:
        ward = Ward(store, ruleset)
        await ward.audit(request("T1", "D1"))
        trial, usual = await ward.reviews()
        assert (trial.is_trial, usual.is_trial) == (True, False)
        assert (trial.deadline, len((await store.reviews.page(ReviewFilter(), EVERYWHERE)).reviews)) == (None, 1)

    place.run(steps)


def test_what_doctors_answer_is_known(place: Place, ruleset: Ruleset) -> None:
    async def steps(store: Store) -> None:
        ward, recorder = Ward(store, ruleset), DispositionRecorder(store.dispositions)
        await ward.audit(request("D1"))
        finding = (await ward.only()).id
        for action in (Action.PROCEED, Action.REVISE):
            told = [Disposition(finding=name, action=action, reason="病情需要") for name in (finding, "unknown")]
            await recorder.record(told, caller="his")
        assert (await ward.only()).doctor_answer is Action.REVISE

    place.run(steps)


def test_several_workers_take_every_audit_in_once(place: Place, ruleset: Ruleset) -> None:
    async def steps(store: Store) -> None:
        ward = Ward(store, ruleset)
        for number in range(40):
            await ward.audit(placed(request("D1", "S2"), id=f"E{number % 10}"))
        workers = [ward.new_indexer(ruleset) for _ in range(3)]

        async def work(one: ReviewIndexer) -> None:
            while await one.take_turn(7):
                await asyncio.sleep(0)

        await asyncio.gather(*[work(one) for one in workers])
        found = await ward.reviews()
        assert len(found) == 20
        assert {one.times_found for one in found} == {4}

    place.run(steps)
    rows = asyncio.run(place.rows("SELECT sum(total) FROM review_counts WHERE axis = 1 AND period > 1000000"))
    assert [int(total) for (total,) in rows] == [20]


def test_staff_and_audits_at_once_lose_nothing(place: Place, ruleset: Ruleset) -> None:
    async def steps(store: Store) -> None:
        ward = Ward(store, ruleset)
        await ward.audit(request("D1"))
        one = await ward.only()

        async def audits() -> None:
            for _ in range(15):
                await ward.audit(request("D1"))
                await ward.indexer.catch_up()

        async def staff() -> None:
            told = one
            for _ in range(15):
                told = await stored(store, one.id)
                await store.reviews.save([step(told, ReviewAction.COMMENT, told.state)], EVERYWHERE)

        await asyncio.gather(audits(), staff())
        found = await ward.only()
        assert (found.times_found, found.version, found.steps) == (16, 16, 15)
        assert len(await store.reviews.steps(one.id, EVERYWHERE)) == 15

    place.run(steps)


def test_what_was_erased_makes_no_review(place: Place, ruleset: Ruleset) -> None:
    async def steps(store: Store) -> None:
        ward = Ward(store, ruleset)
        await ward.audit(request("D1"))
        ids = await store.log.latest_ids(1)
        await store.erasure.erase(ids, [])
        assert await ward.reviews() == []
        pending = await store.intake.pending(10)
        assert (pending.first, pending.told) == (pending.following, [])

    place.run(steps)


def test_search_finds_names_initials_and_ids(place: Place, ruleset: Ruleset) -> None:
    async def steps(store: Store) -> None:
        ward = Ward(store, ruleset)
        at = datetime(2026, 3, 1, tzinfo=UTC)
        line: dict[str, Any] = {"item_name": "阿莫西林胶囊", "department": "0201", "practitioner": {"id": "D7"}}
        await ward.audit(request("D1", **line))
        await ward.audit(placed(request("D2", item_name="氯化钠注射液100%_"), id="E2", department="0202"))
        named = [("F1", "0201", "普外科"), ("F2", "0202", "儿科")]
        departments = [Department(facility=facility, code=code, name=name) for facility, code, name in named]
        await store.directory.put_departments(departments, caller="u1", at=at)
        await store.directory.put_staff([StaffMember(facility="F1", code="D7", name="欧阳修")], caller="u1", at=at)
        await ward.reviews()
        first, second = {"E1"}, {"E2"}
        for text, expected in {
            "阿莫": first, "西": first, "amxl": first, "AMXL": first, "xl": first, "钠": second, "lhn": second,
            "普外": first, "pwk": first, "欧阳": first, "oyx": first, "E2": second, "e2": set(), "儿科": set(),
            "西林 普外": first, "西林 氯化": set(), "100%": second, "0%_": second, "%": second, "_": second,
            "zz": set(), "": first | second, "'": set(), "女": set(),
        }.items():  # fmt: skip
            page = await store.reviews.page(ReviewFilter(text=text), EVERYWHERE)
            assert {one.encounter for one in page.reviews} == expected, text
            assert (await store.reviews.totals(ReviewFilter(text=text), EVERYWHERE)).count == len(expected), text
        found = (await store.reviews.page(ReviewFilter(text="amxl"), EVERYWHERE)).reviews[0]
        assert (await store.reviews.page(ReviewFilter(text=found.id), EVERYWHERE)).reviews == [found]
        by_rule = await store.reviews.page(ReviewFilter(text=found.title[:2]), EVERYWHERE)
        assert len(by_rule.reviews) == 2

    place.run(steps)

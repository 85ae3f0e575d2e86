"""Overviews: appeals, last hits, what doctors were told and spared, and fees, within the scope of whoever asks."""

from datetime import date, datetime, timedelta

import msgspec
from msgspec.structs import replace

from app.domain.access import EVERYWHERE, Scope
from app.domain.alert import AlertOutcome, Answer, Tier
from app.domain.disposition import Action, Disposition
from app.domain.review import ReviewAction, ReviewState
from app.store.alerts import Alert, Answered
from app.store.history import HistoryWrite
from app.store.overviews import AppealSums, AuditSums, FeeSums, Told
from app.store.reviews import Overview
from app.store.store import Store
from tests.store.build import finding, record
from tests.store.contract.place import Place
from tests.store.reviewing import FOUND, later, put, review, step

F1, OUTSIDE = Scope(facilities=frozenset({"F1"})), Scope(facilities=frozenset({"F2"}))
MARCH = Overview(first=date(2026, 3, 1), last=date(2026, 3, 31))


def alert(finding: str, outcome: AlertOutcome, at: datetime = FOUND) -> Alert:
    return Alert("a1", finding, finding, "a-rule", "F1", "E1", "order-select", Tier.POPUP, outcome, at)


def test_appeals_are_counted_by_the_day_of_the_step(place: Place) -> None:
    async def steps(store: Store) -> None:
        await put(store, review("f1"), review("f2", department="外科"))
        for name, department, action, day in (
            ("f1", "内科", ReviewAction.APPEAL, 1), ("f1", "内科", ReviewAction.REJECT, 2),
            ("f1", "内科", ReviewAction.GRANT, 3), ("f2", "外科", ReviewAction.GRANT_EXCEPTION, 4),
            ("f2", "外科", ReviewAction.APPEAL, 40), ("f2", "外科", ReviewAction.TAKE_UP, 5),
        ):  # fmt: skip
            one = (await store.reviews.get([name], EVERYWHERE))[name]
            change = step(one, action, ReviewState.IN_REVIEW)
            await store.reviews.save([change._replace(step=replace(change.step, at=later(day)))], EVERYWHERE)
            assert one.department == department
        appeals = store.overviews.appeals
        assert await appeals(MARCH, EVERYWHERE) == AppealSums(1, 2, 1)
        assert await appeals(MARCH, F1) == AppealSums(1, 2, 1)
        assert await appeals(MARCH, OUTSIDE) == AppealSums()
        assert await appeals(MARCH, Scope(departments=frozenset({"外科"}))) == AppealSums(0, 1, 0)
        assert await appeals(replace(MARCH, departments=("内科",)), EVERYWHERE) == AppealSums(1, 1, 1)
        april = Overview(first=date(2026, 4, 1), last=date(2026, 4, 30))
        assert await appeals(april, EVERYWHERE) == AppealSums(1, 0, 0)

    place.run(steps)


def test_the_last_hit_of_each_rule(place: Place) -> None:
    async def steps(store: Store) -> None:
        await put(store, review("f1"), review("f2", first_found_at=later(3)), review("f3", rule="other-rule"))
        asked = ["a-rule", "other-rule", "never"]
        hits = store.overviews.last_hits
        assert await hits(asked, EVERYWHERE) == {"a-rule": "2026-03-04", "other-rule": "2026-03-01"}
        assert await hits(asked, F1) == {"a-rule": "2026-03", "other-rule": "2026-03"}
        assert await hits(["other-rule"], Scope(practitioner="D1")) == {"other-rule": "2026-03-01"}
        assert await hits(asked, Scope(practitioner="D9")) == {}
        assert await store.overviews.last_hits(asked, OUTSIDE) == {}
        assert await store.overviews.last_hits([], EVERYWHERE) == {}

    place.run(steps)


def test_what_a_doctor_was_told_and_answered(place: Place) -> None:
    async def steps(store: Store) -> None:
        await put(store, review("f1"), review("f2"), review("f3"))
        alerts = [alert("f1", AlertOutcome.SHOWN), alert("f1", AlertOutcome.SHOWN), alert("f1", AlertOutcome.REPEATED)]
        await store.alerts.append([*alerts, alert("f2", AlertOutcome.LIMIT)])
        answered = Answered("f1", Answer.OVERRIDDEN, "risk-benefit-ratio", FOUND + timedelta(seconds=9))
        await store.alerts.answer([answered], later(1))
        told = await store.overviews.told(["f1", "f2", "f3"], EVERYWHERE)
        assert set(told) == {"f1", "f2"}
        assert told["f1"] == Told(
            AlertOutcome.SHOWN, Tier.POPUP, 2, Action.PROCEED, "risk-benefit-ratio", FOUND + timedelta(seconds=9), 9000
        )
        assert told["f2"] == Told(AlertOutcome.LIMIT, Tier.POPUP)
        assert await store.overviews.told([], EVERYWHERE) == {}

    place.run(steps)


def test_an_answer_through_another_interface_is_told_with_its_reason(place: Place) -> None:
    async def steps(store: Store) -> None:
        await store.log.append(record(findings=[finding("f1")]))
        said = [
            Disposition(finding="f1", action=Action.REVISE),
            Disposition(finding="f1", action=Action.PROCEED, reason="病情需要，家属已签字"),
            Disposition(finding="f9", action=Action.REVISE),  # a finding that was never made
        ]
        await store.dispositions.append(said, caller="his", at=later(1))
        told = await store.overviews.told(["f1", "f9"], EVERYWHERE)
        assert told == {
            "f1": Told(action=Action.PROCEED, reason="病情需要，家属已签字", answered_at=later(1)),
        }

    place.run(steps)


def test_what_doctors_were_spared_page_by_page(place: Place) -> None:
    async def steps(store: Store) -> None:
        await put(store, review("f1"), review("f2", department="外科", rule="a-rule"))
        spared = [alert("f1", AlertOutcome.SILENT), alert("f2", AlertOutcome.LIMIT, later(1))]
        await store.alerts.append([*spared, alert("f1", AlertOutcome.SHOWN)])
        ask = store.overviews.kept_back
        latest, first = await ask(EVERYWHERE, size=10)
        assert (latest.finding, latest.why, latest.department, latest.at) == (
            "f2", AlertOutcome.LIMIT, "外科", later(1),
        )  # fmt: skip
        assert (first.finding, first.why, first.tier, first.patient_key) == (
            "f1", AlertOutcome.SILENT, Tier.POPUP, "k1",
        )  # fmt: skip
        assert await ask(EVERYWHERE, before=latest.seq, size=10) == [first]
        assert await ask(Scope(departments=frozenset({"外科"})), size=10) == [latest]
        assert await ask(EVERYWHERE, rule="other", size=10) == []
        assert await ask(OUTSIDE, size=10) == []

    place.run(steps)


def test_fees_add_up_by_month(place: Place) -> None:
    def line(name: str, day: str, *, is_charge: bool = True, **fields: str) -> tuple[str, str, str, bool, str, str]:
        return name, day, "X1", is_charge, "", msgspec.json.encode({"id": name, **fields}).decode()

    async def steps(store: Store) -> None:
        lines = [
            line("L1", "2026-03-01", amount="10.50", formulary_class="a"),
            line("L2", "2026-03-02", unit_price="2.25", quantity="4", formulary_class="c"),
            line("L3", "2026-03-03", unit_price="1"),
            line("L4", "2026-03-04", formulary_class="b"),
            line("L5", "2026-03-05", is_charge=False, amount="99"),
            line("L6", "2026-04-01", amount="7", formulary_class="c"),
            line("L7", "2026-05-01", amount="7", formulary_class="c"),
        ]
        write = HistoryWrite(
            facility="F1", encounter="E1", patient="P1", header="{}", month=202603, last_date="2026-05-01",
            has_death=False, lines=lines,
        )  # fmt: skip
        await store.history.put([write])
        await store.history.withdraw("F1", "E1", "L7", caller="his", at=FOUND)
        fees, spring = store.overviews.fees, (date(2026, 3, 1), date(2026, 5, 31))
        told = [FeeSums(202603, 2050, 900, 100), FeeSums(202604, 700, 700, 0)]
        assert await fees(*spring, (), EVERYWHERE) == told
        assert await fees(*spring, ("F1",), F1) == told
        assert await fees(*spring, (), OUTSIDE) == []
        assert await fees(*spring, ("F2",), EVERYWHERE) == []
        assert await fees(*spring, (), Scope(departments=frozenset({"内科"}))) == []

    place.run(steps)


def test_audits_are_counted_since_a_moment(place: Place) -> None:
    async def steps(store: Store) -> None:
        for name, facility, decision, day in (
            ("a1", "F1", "block", 0), ("a2", "F1", "warn", 2), ("a3", "F1", "block", 2), ("a4", "F2", "block", 3),
        ):  # fmt: skip
            told = {"id": name, "facility": facility, "decision": decision, "recorded_at": later(day)}
            await store.log.append(msgspec.structs.replace(record(name), **told))
        audits = store.overviews.audits
        assert await audits(FOUND, EVERYWHERE) == AuditSums(4, 3)
        assert await audits(later(1), EVERYWHERE) == AuditSums(3, 2)
        assert await audits(later(1), F1) == AuditSums(2, 1)
        assert await audits(later(4), F1) == AuditSums(0, 0)
        assert await audits(FOUND, Scope(departments=frozenset({"内科"}))) is None

    place.run(steps)

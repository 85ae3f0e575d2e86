"""Alerts: what was shown and what was kept back is found again, answers stand where they belong, and counts add up."""

from datetime import datetime, timedelta
from typing import Any

from app.domain.alert import AlertOutcome, Answer, Tier
from app.domain.disposition import Action, Disposition
from app.store.alerts import Alert, Answered
from app.store.store import Store
from tests.store.build import AT
from tests.store.contract.place import Place


def alert(finding: str = "f1", lead: str = "f1", **changes: Any) -> Alert:
    plain = Alert("a1", finding, lead, "a-rule", "F1", "E1", "order-sign", Tier.POPUP, AlertOutcome.SHOWN, AT)
    return plain._replace(**changes)


def kept(finding: str, outcome: AlertOutcome, **changes: Any) -> Alert:
    return alert(finding, "", outcome=outcome, **changes)


def answer(finding: str, reason: str = "", after: float = 5.0, answer: Answer = Answer.OVERRIDDEN) -> Answered:
    return Answered(finding, answer, reason, AT + timedelta(seconds=after))


async def dispose(store: Store, finding: str, action: Action, at: datetime = AT) -> None:
    await store.dispositions.append([Disposition(finding=finding, action=action, reason="理由")], caller="his", at=at)


def test_members_are_those_of_the_latest_card(place: Place) -> None:
    async def steps(store: Store) -> None:
        await store.alerts.append([alert(), alert("f2"), alert("f3", "f3"), kept("f4", AlertOutcome.SILENT)])
        assert await store.alerts.members(["f1", "f3", "f2", "f4", "", "x\0"]) == {"f1": ("f1", "f2"), "f3": ("f3",)}
        await store.alerts.append([alert(audit="a2"), alert("f5", audit="a2")])
        assert await store.alerts.members(["f1"]) == {"f1": ("f1", "f5")}
        assert await store.alerts.members([]) == {}

    place.run(steps)


def test_what_was_kept_back_is_found_by_its_encounter(place: Place) -> None:
    async def steps(store: Store) -> None:
        repeated, limit = kept("f1", AlertOutcome.REPEATED), kept("f2", AlertOutcome.LIMIT, facility="F\0")
        await store.alerts.append([repeated, limit._replace(facility="F1"), alert("f3", "f3"), limit])
        await store.alerts.append([kept("f4", AlertOutcome.SILENT, encounter="E2")])
        found = await store.alerts.kept_back("F1", "E1", 10)
        assert found == [limit._replace(facility="F1"), repeated]
        assert await store.alerts.kept_back("F1", "E1", 1) == found[:1]
        assert await store.alerts.kept_back("F1", "E3", 10) == []

    place.run(steps)


def test_what_was_shown_after_all_was_not_kept_back(place: Place) -> None:
    async def steps(store: Store) -> None:
        await store.alerts.append(
            [kept("f1", AlertOutcome.REPEATED), kept("f1", AlertOutcome.REPEATED, audit="a2"), alert("f1")]
        )
        assert [one.audit for one in await store.alerts.kept_back("F1", "E1", 10)] == ["a2"]

    place.run(steps)


def test_an_answer_with_a_reason_stands_until_its_time_is_up_or_it_is_taken_back(place: Place) -> None:
    async def steps(store: Store) -> None:
        await dispose(store, "f1", Action.PROCEED)
        await dispose(store, "f2", Action.EXCEPTED)
        await dispose(store, "f3", Action.REVISE)
        await dispose(store, "f4", Action.PROCEED)
        await dispose(store, "f4", Action.REVISE)
        await dispose(store, "f5", Action.PROCEED, AT - timedelta(hours=1))
        every = ["f1", "f2", "f3", "f4", "f5", "f6"]
        assert await store.alerts.standing(every, AT) == {"f1", "f2"}
        assert await store.alerts.standing(every, AT - timedelta(hours=1)) == {"f1", "f2", "f5"}
        assert await store.alerts.standing(every, AT + timedelta(microseconds=1)) == frozenset()
        assert await store.alerts.standing(["f2"], AT) == {"f2"}
        assert await store.alerts.standing([], AT) == frozenset()

    place.run(steps)


def test_counts_of_a_rule(place: Place) -> None:
    async def steps(store: Store) -> None:
        shown = [alert(f"f{number}", f"f{number}") for number in range(6)]
        await store.alerts.append([*shown, kept("g1", AlertOutcome.REPEATED), kept("g2", AlertOutcome.SILENT)])
        await store.alerts.append([alert("h1", "h1", rule="another"), alert("h2", "h2", recorded_at=AT - timedelta(1))])
        await store.alerts.answer(
            [answer("f0", "x", 1), answer("f1", "x", 2), answer("f2"), answer("f3", "", -5, Answer.ACCEPTED)], AT
        )
        await store.alerts.answer([answer("g1", "x"), answer("unknown", "x"), answer("h1", "y")], AT)
        await store.alerts.answer([Answered("f4", Answer.ACCEPTED, "", None)], AT + timedelta(seconds=9))
        found = await store.alerts.of_rule("a-rule", AT)
        assert found.outcomes == {"repeated": 1, "shown": 6, "silent": 1}
        assert (found.accepted, found.overridden) == (2, {"": 1, "x": 2})
        assert sorted(found.waits) == [0, 1000, 2000, 5000, 9000]
        assert (await store.alerts.of_rule("a-rule", AT - timedelta(2))).outcomes["shown"] == 7
        assert await store.alerts.of_rule("none", AT) == ({}, 0, {}, [])

    place.run(steps)


def test_an_answer_belongs_to_the_latest_showing_and_the_latest_answer_holds(place: Place) -> None:
    async def steps(store: Store) -> None:
        await store.alerts.append([alert(), alert(audit="a2", recorded_at=AT + timedelta(seconds=60))])
        await store.alerts.answer([answer("f1", "x", 61), answer("f1", "y", 63)], AT)
        await store.alerts.answer([answer("f1", "z", 64)], AT)
        found = await store.alerts.of_rule("a-rule", AT)
        assert (found.overridden, found.waits) == ({"z": 1}, [4000])

    place.run(steps)


def test_they_outlive_a_restart(place: Place) -> None:
    async def write(store: Store) -> None:
        await store.alerts.append([alert(), kept("f2", AlertOutcome.LIMIT)])

    async def read(store: Store) -> None:
        assert (await store.alerts.of_rule("a-rule", AT)).outcomes == {"limit": 1, "shown": 1}

    place.run(write)
    place.run(read)

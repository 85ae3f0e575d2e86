"""Dispositions: every one is kept, the latest holds, and what is said again is not stored again."""

import asyncio
from collections.abc import Awaitable

from app.domain.disposition import Action, Disposition
from app.store.dispositions import Recorded
from app.store.store import Store
from tests.store.build import AT, finding, record
from tests.store.contract.place import Place


def proceed(finding_id: str = "f1", reason: str = "确需使用", practitioner: str = "D1") -> Disposition:
    return Disposition(finding=finding_id, action=Action.PROCEED, reason=reason, practitioner=practitioner)


def revise(finding_id: str = "f1") -> Disposition:
    return Disposition(finding=finding_id, action=Action.REVISE)


def said(store: Store, *dispositions: Disposition, caller: str = "his") -> Awaitable[list[Recorded]]:
    return store.dispositions.append(list(dispositions), caller=caller, at=AT)


def test_known_and_unknown_findings(place: Place) -> None:
    async def steps(store: Store) -> None:
        await store.log.append(record(findings=[finding("f1"), finding("f2")]))
        assert await said(store, proceed("f1"), revise("f2"), revise("f3")) == [
            Recorded(True, None),
            Recorded(True, None),
            Recorded(False, None),
        ]
        assert await said(store) == []
        assert await place.rows("SELECT finding, is_known, caller FROM dispositions ORDER BY seq") == [
            ("f1", True, "his"),
            ("f2", True, "his"),
            ("f3", False, "his"),
        ]

    place.run(steps)


def test_what_is_said_again_is_not_stored_twice(place: Place) -> None:
    async def steps(store: Store) -> None:
        assert await said(store, proceed()) == [Recorded(False, None)]
        assert await said(store, proceed()) == [Recorded(False, proceed())]
        assert await said(store, revise(), revise(), proceed()) == [
            Recorded(False, proceed()),
            Recorded(False, revise()),
            Recorded(False, revise()),
        ]
        assert await said(store, proceed(), caller="someone") == [Recorded(False, proceed())]
        assert await place.rows("SELECT action, caller FROM dispositions ORDER BY seq") == [
            ("proceed", "his"),
            ("revise", "his"),
            ("proceed", "his"),
            ("proceed", "someone"),
        ]

    place.run(steps)


def test_latest_of_anyone_and_of_a_caller(place: Place) -> None:
    async def steps(store: Store) -> None:
        await said(store, proceed("f1"), proceed("f2"))
        await said(store, revise("f1"), caller="someone")
        latest = store.dispositions.latest
        assert await latest(["f1", "f2", "f3"]) == {"f1": revise("f1"), "f2": proceed("f2")}
        assert await latest(["f1", "f2"], "his") == {"f1": proceed("f1"), "f2": proceed("f2")}
        assert await latest(["f2"], "someone") == {}
        assert await latest([]) == {}

    place.run(steps)


def test_two_workers_that_say_the_same_at_once(place: Place) -> None:
    async def steps(one: Store) -> None:
        async with place.opened() as two:
            for number in range(20):
                await asyncio.gather(*[said(store, proceed(f"f{number}")) for store in (one, two, one, two)])
        assert await place.rows("SELECT count(*) FROM dispositions") == [(20,)]

    place.run(steps)

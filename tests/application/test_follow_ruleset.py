"""Follow the ruleset in force: taken up soon, from wherever it is nearest, and held where nothing can be asked."""

import asyncio
import gc
import weakref
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from app.application import follow_ruleset as module
from app.application.audit_encounter import EncounterAuditor
from app.application.patient_history import PatientHistory
from app.domain.case import Case
from app.domain.decision import DecisionPolicy, Stage
from app.engine.kind import On
from app.store.rulesets import Move
from tests.application.build import Kept, request
from tests.application.library import NOW, World, compiled, following, put_of_another_version, seconds_until

CODE = "001"  # that both generations' rule is about


def test_a_move_is_found_in_the_database(within: Callable[..., None]) -> None:
    async def act(world: World) -> None:
        one, other = world.follower(), world.follower()
        await one.open(publish=True)
        await other.open(publish=False)
        async with following(one), following(other):
            for number in (1, 2, 1):
                await world.put(number)
                for follower in (one, other):
                    await seconds_until(lambda: follower.current().revision == world.names[number], 2.0)  # noqa: B023
        assert one.state() == (world.names[1], world.names[1], "")

    within(act)


def test_an_announced_move_is_taken_up_at_once(within: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY", 60)

    async def act(world: World) -> None:
        follower = world.follower()
        await follower.open(publish=True)
        async with following(follower):
            await world.put(1)
            assert await seconds_until(lambda: follower.current().revision == world.names[1]) < 1
        assert world.store.reads == 0  # what was announced was there too

    within(act, announced=True)


def test_a_broken_copy_is_passed_over(within: Callable[..., None]) -> None:
    async def act(world: World) -> None:
        assert world.announcer is not None
        await world.put(1)
        world.announcer.kept[world.names[1]] = world.announcer.kept[world.names[1]][:-1]
        follower = world.follower()
        await follower.open(publish=False)
        assert follower.state() == (world.names[1], world.names[1], "")

    within(act, announced=True)


def test_processes_share_one_file(within: Callable[..., None]) -> None:
    async def act(world: World) -> None:
        await world.put(1)
        for _ in range(3):
            follower = world.follower()
            await follower.open(publish=False)
            assert follower.current().revision == world.names[1]
        assert world.store.reads == 1

    within(act)


def test_with_neither_it_goes_on(
    within: Callable[..., None], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY", 0.01)

    async def act(world: World) -> None:
        follower = world.follower()
        await follower.open(publish=True)
        world.store.is_away = True
        async with following(follower):
            await seconds_until(lambda: "does not tell" in follower.state().fault)
            await asyncio.sleep(0.1)
            assert follower.current().revision == world.names[0]
            world.store.is_away = False
            await world.put(1)
            await seconds_until(lambda: follower.state() == (world.names[1], world.names[1], ""))
        assert len([one for one in caplog.records if "does not tell" in one.message]) == 1

    within(act)


def test_an_announcement_alone_moves_nothing(within: Callable[..., None]) -> None:
    """It may be of others, who share the Redis and not the database."""

    async def act(world: World) -> None:
        follower = world.follower()
        await follower.open(publish=True)
        async with following(follower):
            assert world.announcer is not None
            await world.announcer.put(*compiled(world.packs[1]))
            await world.announcer.announce(Move(2, world.names[1], "publish", "a", "", NOW))
            await asyncio.sleep(0.2)
            assert follower.state() == (world.names[0], world.names[0], "")

    within(act, announced=True)


def test_what_cannot_be_opened_is_not_taken_up(
    within: Callable[..., None], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY", 0.01)

    async def act(world: World) -> None:
        follower = world.follower()
        await follower.open(publish=True)
        async with following(follower):
            await put_of_another_version(world, 1)
            await seconds_until(lambda: follower.state().wanted == world.names[1])
            await asyncio.sleep(0.1)
            assert follower.current().revision == world.names[0]
            assert "cannot be opened here" in follower.state().fault
            await world.put(2)
            await seconds_until(lambda: follower.state() == (world.names[2], world.names[2], ""))
        assert len([one for one in caplog.records if "cannot be opened here" in one.message]) == 1
        assert world.store.reads < 4  # it is not read again every time

    within(act)


def test_the_new_ruleset_is_warm(within: Callable[..., None]) -> None:
    """What the old one had in use is prepared before anybody asks for it."""

    async def act(world: World) -> None:
        follower = world.follower()
        await follower.open(publish=True)
        follower.current().audit(Case(request(CODE, "S1").encounter, Stage.SETTLING))
        await world.put(1)
        await follower.refresh()
        (view,) = follower.current().views.values()
        assert view.met(On.ITEM) == [CODE, "S1"]

    within(act)


def test_a_few_stay_open_and_the_others_are_let_go(within: Callable[..., None]) -> None:
    """Without the collector of cycles, which looks seldom."""

    async def act(world: World) -> None:
        follower = world.follower()
        await follower.open(publish=True)
        first = follower.current()
        first.audit(Case(request(CODE).encounter, Stage.SETTLING))
        gone, first = weakref.ref(first), None  # type: ignore[assignment]
        opened_before: list[int] = []
        for number in (1, 2, 3):
            await world.put(number)
            await follower.refresh()
            opened_before.append(id(follower.current()))
        await world.publisher.activate(world.names[0], caller="a", reason="")
        await follower.refresh()
        assert follower.current() is gone()
        for number in (1, 4, 5):
            await world.put(number)
            await follower.refresh()
            if number == 1:
                assert id(follower.current()) == opened_before[0]
        assert gone() is not None
        gc.disable()
        try:
            for number in (2, 3):
                await world.put(number)
                await follower.refresh()
            await asyncio.sleep(0)
            assert gone() is None
        finally:
            gc.enable()

    within(act)


def test_an_audit_is_by_one_revision(within: Callable[..., None]) -> None:
    """Published while the past is fetched: who began by the old revision ends by it."""

    async def act(world: World) -> None:
        follower = world.follower()
        await follower.open(publish=True)

        async def fetch(_: Any) -> list[Any]:
            await world.put(1)
            await follower.refresh()
            return []

        store: Any = SimpleNamespace(fetch=fetch)
        auditor = EncounterAuditor(follower.current, Kept(), DecisionPolicy({}), history=PatientHistory(store))
        judged = await auditor.judge(request(CODE))
        assert follower.current().revision == world.names[1]
        assert judged.audit.ruleset == judged.ruleset.revision == world.names[0]
        assert [one.message[:3] for one in judged.audit.findings] == ["第0版"]
        assert {one.ruleset for one in judged.audit.findings} == {world.names[0]}

    within(act)

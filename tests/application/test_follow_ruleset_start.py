"""What a process judges by at its start: the pointer, the packs at hand, or whatever else can be opened."""

import shutil
from collections.abc import Callable
from typing import Any

import pytest

from app.application import follow_ruleset as module
from app.application.follow_ruleset import RulesetFollower
from app.knowledge.pack import PackError
from tests.application.library import World, following, put_of_another_version, seconds_until


def test_the_pointer_decides_at_a_start(within: Callable[..., None]) -> None:
    async def act(world: World) -> None:
        await world.put(0)
        await world.put(1)
        await world.publisher.roll_back(caller="a", reason="误报")
        follower = world.follower(packs=1)
        await follower.open(publish=True)
        assert follower.current().revision == world.names[0]
        assert len(await world.store.moves()) == 3

    within(act)


@pytest.mark.parametrize("publish", [True, False])
def test_new_packs_at_a_start(within: Callable[..., None], publish: bool) -> None:
    async def act(world: World) -> None:
        await world.put(0)
        follower = world.follower(packs=1)
        await follower.open(publish=publish)
        assert follower.current().revision == world.names[1 if publish else 0]

    within(act)


def test_without_a_publication_the_packs_at_hand_hold(within: Callable[..., None]) -> None:
    async def act(world: World) -> None:
        follower = world.follower()
        await follower.open(publish=False)
        assert follower.current().revision == world.names[0]
        assert await world.store.current() is None

    within(act)


def test_a_start_with_the_database_away(within: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    """The packs at hand hold, and are published as soon as that can be."""
    monkeypatch.setattr(module, "LOOK_EVERY", 0.01)

    async def act(world: World) -> None:
        await world.put(1)
        world.store.is_away = True
        follower = world.follower()
        await follower.open(publish=True)
        assert follower.current().revision == world.names[0]
        assert "published" in follower.state().fault or "does not tell" in follower.state().fault
        world.store.is_away = False
        async with following(follower):
            await seconds_until(lambda: follower.state() == (world.names[0], world.names[0], ""))

    within(act)


@pytest.mark.parametrize("cause", ["packs", "pointer"])
def test_a_start_with_something_broken(within: Callable[..., None], cause: str) -> None:
    """The packs at hand cannot be used, or what is in force cannot: the other holds, and what is wrong is told."""

    async def act(world: World) -> None:
        await world.put(0)
        follower = world.follower(packs=1)
        if cause == "packs":
            shutil.rmtree(world.packs[1] / "national")
            (world.packs[1] / "national").write_text("", "utf-8")
        else:
            await put_of_another_version(world, 2)
        await follower.open(publish=cause == "packs")
        assert follower.current().revision == world.names[0 if cause == "packs" else 1]
        assert follower.state().fault

    within(act)


def test_with_all_at_hand_broken_what_was_in_force_before_holds(within: Callable[..., None]) -> None:
    async def act(world: World) -> None:
        await world.put(0)
        await put_of_another_version(world, 1)
        follower = RulesetFollower(world.store, None, world.cache, unfit)
        await follower.open(publish=True)
        assert follower.current().revision == world.names[0]
        assert follower.state().wanted == world.names[1]

    within(act)


def unfit() -> Any:
    raise PackError("rule.yaml: 不是规则")


def test_with_nothing_to_judge_by_there_is_no_start(within: Callable[..., None]) -> None:
    async def act(world: World) -> None:
        with pytest.raises(PackError, match="不是规则"):
            await RulesetFollower(world.store, None, world.cache, unfit).open(publish=True)

    within(act)

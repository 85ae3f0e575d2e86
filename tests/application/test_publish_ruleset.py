"""Publish and roll back: what is put in force, what is refused, and what is said of it afterwards."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from app.application.load_ruleset import load_ruleset
from app.application.publish_ruleset import (
    NothingBefore,
    RulesetPublisher,
    UnknownRevision,
    UnreadableRevision,
)
from app.knowledge.pack import PackError
from app.store.rulesets import RulesetStore
from tests.application.library import NOW, compiled, generation, opened

Act = Callable[[RulesetPublisher, RulesetStore], Awaitable[None]]


@pytest.fixture
def within(tmp_path: Path) -> Callable[[Act], None]:
    def run(act: Act) -> None:
        async def whole() -> None:
            async with opened(tmp_path) as store:
                await act(RulesetPublisher(store, now=lambda: NOW), store)

        asyncio.run(whole())

    return run


async def put(publisher: RulesetPublisher, folder: Path) -> str:
    return (await publisher.publish(folder, caller="审核员", reason="更新")).move.revision


def test_what_is_published_is_in_force(within: Callable[[Act], None], tmp_path: Path) -> None:
    folder = generation(tmp_path, 1)

    async def act(publisher: RulesetPublisher, store: RulesetStore) -> None:
        moved = await publisher.publish(folder, caller="审核员", reason="本周清单")
        revision, content = compiled(folder)
        assert moved.is_new
        assert moved.move == await store.current()
        assert (moved.move.revision, moved.move.action, moved.move.caller) == (revision, "publish", "审核员")
        assert (moved.move.reason, moved.move.at) == ("本周清单", NOW)
        assert await store.read(revision) == content

    within(act)


def test_to_publish_the_same_again_moves_nothing(within: Callable[[Act], None], tmp_path: Path) -> None:
    folder = generation(tmp_path, 1)

    async def act(publisher: RulesetPublisher, store: RulesetStore) -> None:
        first = await publisher.publish(folder, caller="a", reason="")
        again = await publisher.publish(folder, caller="b", reason="")
        assert (again.move, again.is_new) == (first.move, False)
        assert len(await store.moves()) == 1

    within(act)


def test_faults_refuse_all(within: Callable[[Act], None], tmp_path: Path) -> None:
    """Shape, examples and lock: every one is told, and nothing is stored."""
    folder = generation(tmp_path, 1)
    file = folder / "national/item-for-other-sex/rule.yaml"
    file.write_text(file.read_text("utf-8").replace('- "L1"', '- "L9"', 1), "utf-8")

    async def act(publisher: RulesetPublisher, store: RulesetStore) -> None:
        with pytest.raises(PackError) as raised:
            await publisher.publish(folder, caller="a", reason="")
        assert "must hit ['L9']" in str(raised.value)
        assert "lock" in str(raised.value)
        assert await store.current() is None
        assert await store.stored() == []

    within(act)


def test_rollbacks_go_back_further_each_time(within: Callable[[Act], None], tmp_path: Path) -> None:
    """Never forward to what was rolled back, and past what was published twice."""
    folders = [generation(tmp_path, number) for number in (1, 2, 3)]

    async def act(publisher: RulesetPublisher, store: RulesetStore) -> None:
        first, second, third = [await put(publisher, folder) for folder in folders]
        found = [(await publisher.roll_back(caller="a", reason="误报")).move for _ in range(2)]
        assert [(one.revision, one.action) for one in found] == [(second, "rollback"), (first, "rollback")]
        with pytest.raises(NothingBefore):
            await publisher.roll_back(caller="a", reason="误报")
        assert await put(publisher, folders[2]) == third
        assert (await publisher.roll_back(caller="a", reason="误报")).move.revision == first

    within(act)


def test_nothing_before_the_first(within: Callable[[Act], None]) -> None:
    async def act(publisher: RulesetPublisher, _: RulesetStore) -> None:
        with pytest.raises(NothingBefore):
            await publisher.roll_back(caller="a", reason="误报")

    within(act)


def test_activate_goes_anywhere(within: Callable[[Act], None], tmp_path: Path) -> None:
    folders = [generation(tmp_path, number) for number in (1, 2, 3)]

    async def act(publisher: RulesetPublisher, store: RulesetStore) -> None:
        first, _, third = [await put(publisher, folder) for folder in folders]
        back = await publisher.activate(first, caller="a", reason="误报")
        assert (back.move.revision, back.move.action, back.is_new) == (first, "rollback", True)
        forth = await publisher.activate(third, caller="a", reason="已修正")
        assert (await store.current(), forth.move.revision) == (forth.move, third)
        assert not (await publisher.activate(third, caller="a", reason="再来")).is_new

    within(act)


def test_what_is_only_stored_can_be_activated(within: Callable[[Act], None], tmp_path: Path) -> None:
    revision, content = compiled(generation(tmp_path, 1))

    async def act(publisher: RulesetPublisher, store: RulesetStore) -> None:
        await store.put(revision, content, caller="a", at=NOW)
        assert (await publisher.activate(revision, caller="a", reason="启用")).move.action == "publish"

    within(act)


def broken(content: bytes) -> dict[str, bytes]:
    return {
        "another format": b"MJRULES9" + content[8:],
        "cut off": content[:-1],
        "another revision": content,
        "not of this version's kinds": content.replace(b"\xa9item_code", b"\xa9item_cods"),
    }


@pytest.mark.parametrize("kind", broken(b""))
def test_what_cannot_be_read_is_not_put_in_force(within: Callable[[Act], None], tmp_path: Path, kind: str) -> None:
    revision, content = compiled(generation(tmp_path, 1))
    name = "0" * 32 if kind == "another revision" else revision
    assert (broken(content)[kind] == content) is (kind == "another revision")

    async def act(publisher: RulesetPublisher, store: RulesetStore) -> None:
        await store.put(name, broken(content)[kind], caller="a", at=NOW)
        with pytest.raises(UnreadableRevision):
            await publisher.activate(name, caller="a", reason="启用")
        with pytest.raises(UnknownRevision):
            await publisher.activate("f" * 32, caller="a", reason="启用")
        assert await store.current() is None
        (listed,) = await publisher.revisions(10)
        assert (listed.is_readable, listed.rules, listed.points) == (False, None, None)

    within(act)


def test_revisions_are_listed(within: Callable[[Act], None], tmp_path: Path) -> None:
    folders = [generation(tmp_path, number) for number in (1, 2)]

    async def act(publisher: RulesetPublisher, store: RulesetStore) -> None:
        first, second = [await put(publisher, folder) for folder in folders]
        await publisher.roll_back(caller="a", reason="误报")
        listed = {one.revision: one for one in await publisher.revisions(10)}
        assert {name: one.is_in_force for name, one in listed.items()} == {first: True, second: False}
        assert {(one.rules, one.points, one.is_readable) for one in listed.values()} == {(1, 2, True)}
        assert [one.revision for one in await publisher.revisions(1)] == [next(iter(listed))]
        assert [one.action for one in await publisher.moves(2)] == ["rollback", "publish"]

    within(act)


def test_of_many_that_start_at_once_one_publishes(tmp_path: Path) -> None:
    """Each with a store of its own, as a process has."""
    rules = load_ruleset(generation(tmp_path, 1))

    async def start() -> bool:
        async with opened(tmp_path) as store:
            return await RulesetPublisher(store).publish_first(rules, caller="start") is not None

    async def all_at_once() -> list[bool]:
        return await asyncio.gather(*[start() for _ in range(8)])

    assert sorted(asyncio.run(all_at_once())) == [False] * 7 + [True]


def test_a_start_does_not_undo_a_rollback(within: Callable[[Act], None], tmp_path: Path) -> None:
    folders = [generation(tmp_path, number) for number in (1, 2)]

    async def act(publisher: RulesetPublisher, store: RulesetStore) -> None:
        first, _ = [await put(publisher, folder) for folder in folders]
        await publisher.roll_back(caller="a", reason="误报")
        assert await publisher.publish_first(load_ruleset(folders[1]), caller="start") is None
        current = await store.current()
        assert current is not None
        assert current.revision == first

    within(act)


def test_a_start_ends_what_a_crash_began(within: Callable[[Act], None], tmp_path: Path) -> None:
    """Stored, and killed before the pointer was moved."""
    folder = generation(tmp_path, 1)
    revision, content = compiled(folder)

    async def act(publisher: RulesetPublisher, store: RulesetStore) -> None:
        await store.put(revision, content, caller="start", at=NOW)
        move = await publisher.publish_first(load_ruleset(folder), caller="start")
        assert move is not None
        assert move == await store.current()

    within(act)

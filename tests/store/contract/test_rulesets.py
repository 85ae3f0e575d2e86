"""Rulesets: revisions are kept for good, and the last move tells which one is in force."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app.store.rulesets import Move, StoredRuleset
from app.store.store import Store
from tests.store.build import AT
from tests.store.contract.place import Place

A, B = "a" * 32, "b" * 32
COMPILED = b"MJRULES1" + bytes(range(256)) * 400


async def stored(store: Store, *revisions: str) -> None:
    for number, revision in enumerate(revisions):
        assert await store.rulesets.put(revision, COMPILED + revision.encode(), caller="adm", at=later(number))


def later(seconds: int) -> datetime:
    return AT + timedelta(seconds=seconds)


def test_a_revision_is_kept_as_it_is(place: Place) -> None:
    async def steps(store: Store) -> None:
        assert await store.rulesets.read(A) is None
        await stored(store, A, B)
        assert not await store.rulesets.put(A, b"MJRULES1other", caller="someone", at=AT)
        assert await store.rulesets.read(A) == COMPILED + A.encode()
        assert await store.rulesets.stored() == [
            StoredRuleset(B, "MJRULES1", len(COMPILED) + 32, later(1), "adm"),
            StoredRuleset(A, "MJRULES1", len(COMPILED) + 32, AT, "adm"),
        ]

    place.run(steps)


def test_moves(place: Place) -> None:
    async def steps(store: Store) -> None:
        rulesets = store.rulesets
        assert await rulesets.current() is None
        await stored(store, A, B)
        assert await rulesets.current() is None
        first = await rulesets.move(A, action="publish", caller="adm", reason="", at=AT)
        second = await rulesets.move(B, action="publish", caller="adm", reason="新版", at=later(1))
        third = await rulesets.move(A, action="rollback", caller="ops", reason="误报", at=later(2))
        assert third == Move(third.seq, A, "rollback", "ops", "误报", later(2))
        assert await rulesets.current() == third
        assert await rulesets.moves() == [third, second, first]
        assert await rulesets.moves(2) == [third, second]
        assert first.seq < second.seq < third.seq
        with pytest.raises(LookupError):
            await rulesets.move("c" * 32, action="publish", caller="adm", reason="", at=AT)
        assert await rulesets.current() == third

    place.run(steps)


def test_the_first_move_is_made_once(place: Place) -> None:
    """However many workers start at once, and though others were published since."""

    async def steps(one: Store) -> None:
        await stored(one, A, B)
        async with place.opened() as two:
            asked = [each.rulesets.move_first(A, caller="start", reason="", at=AT) for each in (one, two) * 5]
            made = [move for move in await asyncio.gather(*asked) if move is not None]
            assert [(move.revision, move.action) for move in made] == [(A, "publish")]
            await two.rulesets.move(B, action="publish", caller="adm", reason="", at=AT)
            assert await one.rulesets.move_first(A, caller="start", reason="", at=AT) is None
            assert await one.rulesets.move_first("c" * 32, caller="start", reason="", at=AT) is None
            current = await one.rulesets.current()
            assert current is not None
            assert current.revision == B

    place.run(steps)


def test_moves_of_two_workers_are_numbered_in_their_order(place: Place) -> None:
    async def steps(one: Store) -> None:
        await stored(one, A, B)
        async with place.opened() as two:
            moves = [
                each.rulesets.move(A, action="publish", caller="adm", reason=str(number), at=datetime.now(UTC))
                for number in range(10)
                for each in (one, two)
            ]
            made = await asyncio.gather(*moves)
            assert len({move.seq for move in made}) == 20
            current = await one.rulesets.current()
            assert current is not None
            assert current.seq == max(move.seq for move in made)

    place.run(steps)

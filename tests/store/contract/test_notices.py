"""Notices: queued with the change they tell of or not at all, told once to each webhook, tried by one at a time."""

import asyncio
import json
from datetime import timedelta

import pytest

from app.domain.access import EVERYWHERE, Scope
from app.domain.notice import DeliveryState, NoticeKind, Webhook
from app.domain.review import ReviewAction, ReviewState
from app.store.reviews import LostUpdate
from app.store.store import Store
from app.store.webhooks import LEASE
from tests.store.contract.place import Place, PostgresPlace
from tests.store.reviewing import FOUND, put, review, step

NOW = FOUND
ALL = frozenset(NoticeKind)


def hook(name: str = "wh1", kinds: frozenset[NoticeKind] = ALL, scope: Scope = EVERYWHERE) -> Webhook:
    return Webhook(id=name, url="https://a.example/x", kinds=kinds, created_at=NOW, created_by="u1", scope=scope)


def test_a_change_is_queued_with_itself(place: Place) -> None:
    async def steps(store: Store) -> None:
        await put(store, review(), review("f2", is_trial=True))
        await store.reviews.save([step(review(), ReviewAction.TAKE_UP, ReviewState.IN_REVIEW)], EVERYWHERE)
        late = step(review(version=2, steps=1), ReviewAction.ESCALATE, ReviewState.OPEN, escalation=1)
        await store.reviews.save([late], EVERYWHERE)
        found = await store.notices.after(0)
        assert [one.kind for one in found] == ["finding.found", "finding.moved", "finding.deadline"]
        told = json.loads(found[0].body)
        assert (told["id"], told["type"]) == (found[0].id, "finding.found")
        assert (
            told["data"] | {"finding": "f1", "amount": "50", "deadline": "2026-04-01", "department": "内科"}
            == told["data"]
        )
        assert not {"patient", "patient_key", "encounter", "practitioner", "message", "comment"} & set(told["data"])
        assert json.loads(found[1].body)["data"]["previous_state"] == "open"

    place.run(steps)


def test_what_is_refused_is_not_told(place: Place) -> None:
    async def steps(store: Store) -> None:
        await put(store, review())
        before = await store.notices.latest()
        stale = step(review(version=5), ReviewAction.TAKE_UP, ReviewState.IN_REVIEW)
        with pytest.raises(LostUpdate):
            await store.reviews.save([stale], EVERYWHERE)
        assert await store.notices.latest() == before

    place.run(steps)


def test_notices_reach_as_far_as_the_scope(place: Place) -> None:
    async def steps(store: Store) -> None:
        await put(store, review(), review("f2", facility="F2"), review("f3", department="外科", practitioner="D2"))
        for scope, names in [
            (EVERYWHERE, ["f1", "f2", "f3"]),
            (Scope(facilities=frozenset({"F1"})), ["f1", "f3"]),
            (Scope(departments=frozenset({"外科"})), ["f3"]),
            (Scope(practitioner="D1"), ["f1", "f2"]),
            (Scope(facilities=frozenset()), []),
        ]:
            found = await store.notices.after(0, scope)
            assert sorted(json.loads(one.body)["data"]["finding"] for one in found) == names

    place.run(steps)


def test_the_wall_stands_where_a_query_forgets(place: Place) -> None:
    if not isinstance(place, PostgresPlace):
        pytest.skip("SQLite has no row-level security")

    async def steps(store: Store) -> None:
        await put(store, review())
        found = await place.rows("SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = 'notices'")
        assert found == [(True, True)]

    place.run(steps)


def test_each_webhook_is_told_once_of_what_it_wants(place: Place) -> None:
    async def steps(store: Store) -> None:
        await put(store, review("f0"))
        await store.webhooks.add(hook(), b"s" * 32, [])
        await store.webhooks.add(hook("wh2", frozenset({NoticeKind.MOVED})), b"t" * 32, [])
        await store.webhooks.add(hook("wh3", scope=Scope(facilities=frozenset({"F9"}))), b"u" * 32, [])
        await put(store, review())
        await store.reviews.save([step(review(), ReviewAction.TAKE_UP, ReviewState.IN_REVIEW)], EVERYWHERE)
        made = await asyncio.gather(*[store.webhooks.make_deliveries(NOW) for _ in range(4)])
        assert max(made) == 3  # the one of before the webhooks too
        assert await store.webhooks.make_deliveries(NOW) == 0
        kinds = {name: [one.kind for one in await store.webhooks.deliveries(name)] for name in ("wh1", "wh2", "wh3")}
        assert kinds == {"wh1": ["finding.moved", "finding.found"], "wh2": ["finding.moved"], "wh3": []}
        assert await store.webhooks.secret("wh1") == b"s" * 32
        assert sorted(await store.webhooks.due(NOW)) == ["wh1", "wh2"]

    place.run(steps)


def test_a_secret_is_not_stored_as_it_is(place: Place) -> None:
    async def steps(store: Store) -> None:
        await store.webhooks.add(hook(), b"s" * 32, [])
        ((kept,),) = await place.rows("SELECT secret FROM webhooks")
        assert b"ssss" not in bytes(kept)

    place.run(steps)


def test_a_delivery_is_tried_by_one_at_a_time(place: Place) -> None:
    async def steps(store: Store) -> None:
        await store.webhooks.add(hook(), b"s" * 32, [])
        await put(store, *[review(f"f{number}") for number in range(12)])
        await store.webhooks.make_deliveries(NOW)
        taken = await asyncio.gather(*[store.webhooks.take("wh1", NOW, 3) for _ in range(6)])
        ids = [one.id for some in taken for one in some]
        assert len(ids) == len(set(ids)) == 12
        assert await store.webhooks.take("wh1", NOW, 3) == []
        first = taken[0][0]
        again = await store.webhooks.take("wh1", NOW + LEASE, 100)
        assert {one.tries for one in again} == {2}
        done = DeliveryState.DELIVERED
        assert not await store.webhooks.settle(first, done, NOW, due_at=NOW)
        mine = next(one for one in again if one.id == first.id)
        assert await store.webhooks.settle(mine, done, NOW, due_at=NOW, status=200)
        assert (await store.webhooks.counts())["wh1"] == {"delivered": 1, "pending": 11}

    place.run(steps)


def test_dead_ones_are_sent_again_when_asked_for(place: Place) -> None:
    async def steps(store: Store) -> None:
        await store.webhooks.add(hook(), b"s" * 32, [])
        await put(store, review(), review("f2"))
        await store.webhooks.make_deliveries(NOW)
        for one in await store.webhooks.take("wh1", NOW, 10):
            await store.webhooks.settle(one, DeliveryState.DEAD, NOW, due_at=NOW, status=500, fault="answered 500")
        dead = await store.webhooks.deliveries("wh1", DeliveryState.DEAD)
        assert [(one.status, one.fault) for one in dead] == [(500, "answered 500")] * 2
        assert await store.webhooks.send_again("wh1", [dead[0].id], NOW, []) == 1
        assert await store.webhooks.send_again("wh1", [], NOW, []) == 1
        assert await store.webhooks.send_again("wh1", [], NOW, []) == 0
        assert [one.tries for one in await store.webhooks.take("wh1", NOW, 10)] == [1, 1]

    place.run(steps)


def test_what_is_cleared_away_frees_no_number(place: Place) -> None:
    async def steps(store: Store) -> None:
        await store.webhooks.add(hook(), b"s" * 32, [])
        await put(store, review())
        latest = await store.notices.latest()
        await store.webhooks.make_deliveries(NOW)
        far = NOW + timedelta(days=3650)
        while await store.webhooks.clear(far):
            pass
        assert await store.notices.after(0) == []
        await put(store, review("f2"))
        assert [one.seq for one in await store.notices.after(0)] == [latest + 1]
        assert await store.webhooks.make_deliveries(NOW) == 1

    place.run(steps)

"""Keys in the store: changed one after the other, numbered in the order of their commits, each with its entry."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from app.application.hold_keys import KeyHolder
from app.application.manage_keys import KeyDesk, KeyRequest
from app.domain.access import Caller, Role, Scope
from app.domain.api_key import ApiKey, KeyToken, digest_of
from app.store.api_keys import key_entry
from app.store.store import Store
from app.trail.entry import Kind, read_body
from tests.store.build import AT
from tests.store.contract.place import Place

BY = Caller(id="security", roles=frozenset({Role.SECURITY_ADMINISTRATOR}))


def key(key_id: str = "k1", **changes: Any) -> ApiKey:
    told: dict[str, Any] = {
        "id": key_id, "name": "收费系统", "roles": frozenset({Role.HIS_CLIENT}), "digest": b"d" * 32,
        "not_before": AT, "expires_at": AT + timedelta(days=365), "issued_at": AT, "issued_by": "security",
        "scope": Scope(facilities=frozenset({"H2", "H1"})),
    }  # fmt: skip
    return ApiKey(**{**told, **changes})


def put(store: Store, one: ApiKey, was: int = 0) -> Any:
    return store.keys.put(one, was, key_entry(one, "issue", caller="security", at=AT, reason="新系统"))


def test_nothing_is_stored_at_first(place: Place) -> None:
    async def steps(store: Store) -> None:
        assert (await store.keys.revision(), await store.keys.read()) == (0, [])

    place.run(steps)


def test_what_is_put_is_read_and_has_an_entry_that_names_no_system_and_no_secret(place: Place) -> None:
    async def steps(store: Store) -> None:
        one = key()
        assert await put(store, one) == 1
        assert await store.keys.revision() == 1
        (found,) = await store.keys.read()
        assert (found.key, found.revision, found.last_used_at) == (one, 1, None)
        (entry,) = await store.trail.find("k1")
        body = read_body(entry.body)
        assert (body.kind, body.actor) == (Kind.KEY_CHANGED, "security")
        assert body.details["facilities"] == "H1,H2"
        assert body.details["roles"] == "his_client"
        assert "收费系统" not in entry.body.decode()
        assert one.digest.hex() not in entry.body.decode()

    place.run(steps)


def test_a_change_of_what_was_changed_meanwhile_is_none(place: Place) -> None:
    async def steps(store: Store) -> None:
        assert await put(store, key()) == 1
        assert await put(store, key()) is None, "the id is taken"
        assert await put(store, key(name="a"), 1) == 2
        assert await put(store, key(name="b"), 1) is None
        assert await put(store, key("other"), 7) is None, "what was never there cannot be changed"
        (found,) = await store.keys.read()
        assert (found.key.name, found.revision) == ("a", 2)
        assert len(await store.trail.find("k1")) == 2, "what is not done leaves no entry"

    place.run(steps)


def test_changes_of_two_workers_are_numbered_one_after_the_other(place: Place) -> None:
    async def steps(one: Store) -> None:
        async with place.opened() as two:
            stores, ids = (one, two), [f"k{number}" for number in range(20)]
            numbers = await asyncio.gather(*[put(stores[at % 2], key(name)) for at, name in enumerate(ids)])
            assert sorted(numbers) == list(range(1, 21))
            assert [each.revision for each in await two.keys.read()] == list(range(1, 21))

    place.run(steps)


def test_use_is_noted_apart_and_never_goes_back(place: Place) -> None:
    async def steps(store: Store) -> None:
        await put(store, key())
        await store.keys.touch({"k1": 50, "unknown": 7})
        await store.keys.touch({"k1": 40})
        (found,) = await store.keys.read()
        assert (found.last_used_at, found.revision, await store.keys.revision()) == (50, 1, 1)

    place.run(steps)


def opens(holder: KeyHolder, token: str, now: float) -> bool:
    _, key_id, secret = token.split(".")
    held = holder.get(key_id)
    return held is not None and held.opens(digest_of(secret), "10.0.0.1", now)


def test_what_one_worker_issues_and_revokes_the_other_takes_up(place: Place) -> None:
    async def steps(one: Store) -> None:
        async with place.opened() as two:
            desk, holder = KeyDesk(one.keys), KeyHolder(two.keys)
            await holder.open()
            following = asyncio.create_task(holder.follow())
            issued = await desk.issue(KeyRequest("HIS"), BY)
            now = datetime.now(UTC).timestamp()
            await holder.look_at_once()
            assert opens(holder, issued.token, now + 1)
            rotated = await desk.rotate(issued.key.id, BY, timedelta(days=1))
            await holder.look_at_once()
            assert opens(holder, rotated.token, now + 1)
            assert opens(holder, issued.token, now + 1)
            assert not opens(holder, issued.token, now + 86_500)
            began = asyncio.get_running_loop().time()
            await desk.revoke(issued.key.id, BY)
            while opens(holder, rotated.token, now + 1):
                await asyncio.sleep(0.05)
                assert asyncio.get_running_loop().time() - began < 5, "within five seconds in every worker"
            following.cancel()
            await holder.note_use()
            (found,) = await one.keys.read()
            assert found.last_used_at is None, "what is revoked is not noted any more"

    place.run(steps)


def test_a_token_is_what_its_parts_say() -> None:
    assert str(KeyToken("abc", "secret")) == "mj.abc.secret"

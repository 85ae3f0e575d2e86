"""Audits: what is appended is found again, byte for byte; one key means one record, in however many workers."""

import asyncio

import msgspec
import pytest

from app.store.audit_log import IdempotencyConflict, IdempotencyKey, NotRecorded, Unstorable
from app.store.store import Store
from tests.store.build import AT, finding, record
from tests.store.contract.place import Place


def test_round_trip(place: Place) -> None:
    one = record(body=bytes(range(256)), hidden=b"[hidden]", sent=b"<sent/>", audit="审核".encode(), facts=b"facts")

    async def steps(store: Store) -> None:
        assert await store.log.append(one) == (b"<sent/>", False)
        found = await store.log.find("a1")
        assert found is not None
        assert (found.id, found.caller, found.facility, found.ruleset) == ("a1", "local", "F1", "r" * 32)
        assert (found.request, found.audit, found.hidden) == (one.request, one.audit, one.hidden)
        assert (found.sent, found.facts) == (one.sent, one.facts)
        assert await store.log.find("a2") is None
        assert await store.log.find("a\0") is None

    place.run(steps)


def test_what_others_may_query(place: Place) -> None:
    """The columns, as the tables say; a large record is small on disk."""
    findings = [finding("f1"), finding("f2", amount_cents=None, is_current=False, visibility="trial")]

    async def steps(store: Store) -> None:
        await store.log.append(record(body=b"{}" * 100_000, findings=findings))
        (row,) = await place.rows("SELECT recorded_at, encounter, stage, decision, length(content) FROM audits")
        assert row[:4] == (int(AT.timestamp() * 1_000_000), "E1", "settling", "block")
        assert row[4] < 2_000
        stored = await place.rows(
            "SELECT position, id, amount_cents, is_current, visibility, lines FROM findings ORDER BY position"
        )
        assert stored == [(0, "f1", 5000, True, "shown", "L1|L2"), (1, "f2", None, False, "trial", "L1|L2")]
        joined = (
            "SELECT count(*) FROM findings f JOIN audits a ON a.seq = f.audit_seq AND a.recorded_at = f.recorded_at"
        )
        assert await place.rows(joined) == [(2,)]

    place.run(steps)


def test_same_key_gives_the_first_answer(place: Place) -> None:
    async def steps(store: Store) -> None:
        log = store.log
        assert await log.append(record("a1", key="k")) == (b'{"id":"a1"}', False)
        assert await log.append(record("a2", key="k")) == (b'{"id":"a1"}', True)
        assert await log.append(record("a3", key="other")) == (b'{"id":"a3"}', False)
        other_caller = msgspec.structs.replace(record("a4"), key=IdempotencyKey("someone", "k"))
        assert await log.append(other_caller) == (b'{"id":"a4"}', False)
        with pytest.raises(IdempotencyConflict):
            await log.append(record("a5", key="k", body=b"another"))
        assert await log.find("a2") is None
        assert await log.find("a5") is None
        assert await log.latest_ids(10) == ["a4", "a3", "a1"]

    place.run(steps)


def test_replay_repeats_what_was_sent(place: Place) -> None:
    async def steps(store: Store) -> None:
        await store.log.append(record("a1", key="k", sent=b"<first/>"))
        assert await store.log.append(record("a2", key="k", sent=b"<second/>")) == (b"<first/>", True)

    place.run(steps)


def test_key_outlives_the_store(place: Place) -> None:
    place.run(lambda store: store.log.append(record("a1", key="k")))
    assert place.run(lambda store: store.log.append(record("a2", key="k"))) == (b'{"id":"a1"}', True)


def test_same_key_within_one_batch(place: Place) -> None:
    async def steps(store: Store) -> None:
        records = [record(f"a{number}", key="k") for number in range(50)]
        other = record("other", key="k", body=b"another")
        outcomes = await asyncio.gather(*map(store.log.append, [*records, other]), return_exceptions=True)
        assert isinstance(outcomes.pop(), IdempotencyConflict)
        assert len({answer for answer, _ in outcomes}) == 1
        assert sum(not replayed for _, replayed in outcomes) == 1
        assert await place.rows("SELECT count(*) FROM audits") == [(1,)]

    place.run(steps)


def test_one_key_in_two_workers(place: Place) -> None:
    """Whichever comes first, both give its answer; and several keys at once leave nobody waiting in a circle."""

    async def steps(one: Store) -> None:
        async with place.opened() as two:
            for number in range(25):
                keys = [f"k{number}-{part}" for part in range(8)]
                first = [one.log.append(record(f"one-{key}", key=key)) for key in keys]
                second = [two.log.append(record(f"two-{key}", key=key)) for key in reversed(keys)]
                answers = await asyncio.gather(*first, *second)
                for (answer, again), (same, too) in zip(answers[:8], reversed(answers[8:]), strict=True):
                    assert answer == same
                    assert again != too
        assert await place.rows("SELECT count(*) FROM audits") == [(200,)]
        assert await place.rows("SELECT count(*) FROM idempotency_keys") == [(200,)]

    place.run(steps)


@pytest.mark.parametrize(
    "bad",
    [
        record("a1"),  # an id that is taken
        record("bad", caller=None),
        record("bad", findings=[finding("f1"), finding("f2", rule=None)]),
        record("bad", key="k", findings=[finding("f1", id=None)]),
    ],
)
def test_bad_record_fails_alone(place: Place, bad: object) -> None:
    async def steps(store: Store) -> None:
        await store.log.append(record("a1"))
        good = [record(f"good-{number}", key=f"k{number}") for number in range(20)]
        outcomes = await asyncio.gather(*map(store.log.append, [*good[:10], bad, *good[10:]]), return_exceptions=True)
        assert isinstance(outcomes.pop(10), Unstorable)
        assert outcomes == [(one.audit, False) for one in good]
        assert await place.rows("SELECT count(*) FROM audits") == [(21,)]
        assert await place.rows("SELECT count(*) FROM findings") == [(21,)]  # none is left of the bad one
        assert await place.rows("SELECT count(*) FROM idempotency_keys") == [(20,)]

    place.run(steps)


def test_latest_ids(place: Place) -> None:
    async def steps(store: Store) -> None:
        assert await store.log.latest_ids(3) == []
        for number in range(5):
            await store.log.append(record(f"a{number}"))
        assert await store.log.latest_ids(3) == ["a4", "a3", "a2"]
        assert await store.log.latest_ids(3, before="a2") == ["a1", "a0"]
        assert await store.log.latest_ids(3, before="a0") == []

    place.run(steps)


def test_not_open_and_closed(place: Place) -> None:
    async def steps() -> None:
        store = await asyncio.to_thread(place.new_store)
        with pytest.raises(NotRecorded):
            await store.log.append(record())
        await store.open()
        await store.check()
        await store.log.append(record())
        await store.close()
        with pytest.raises(NotRecorded):
            await store.log.append(record("a2"))

    asyncio.run(steps())
    assert asyncio.run(place.rows("SELECT id FROM audits")) == [("a1",)]


def test_close_writes_what_waits(place: Place) -> None:
    async def steps(store: Store) -> list[tuple[bytes, bool]]:
        waiting = [asyncio.create_task(store.log.append(record(f"a{number}"))) for number in range(600)]
        while not await place.rows("SELECT 1 FROM audits LIMIT 1"):
            await asyncio.sleep(0)
        await store.close()
        return await asyncio.gather(*waiting)

    assert len(place.run(steps)) == 600
    assert asyncio.run(place.rows("SELECT count(*) FROM audits")) == [(600,)]


def test_cancelled_request_keeps_its_record(place: Place) -> None:
    async def steps(store: Store) -> None:
        await store.log.append(record("a0"))
        task = asyncio.create_task(store.log.append(record("a1")))
        await asyncio.sleep(0)
        task.cancel()
        await store.log.append(record("a2"))
        assert await store.log.latest_ids(5) == ["a2", "a1", "a0"]

    place.run(steps)

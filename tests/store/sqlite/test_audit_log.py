"""What is appended is found again, byte for byte; one key means one record, in however many processes."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from app.store.audit_log import IdempotencyConflict, IdempotencyKey, NotRecorded
from app.store.sqlite.audit_log import SqliteAuditLog
from tests.store.build import AT, database, finding, opened, record, rows


def test_round_trip(tmp_path: Path) -> None:
    path = database(tmp_path)
    one = record(body=bytes(range(256)), hidden=b"[hidden]", sent=b"<sent/>", audit="审核".encode())

    async def run() -> None:
        async with opened(path) as log:
            assert await log.append(one) == (b"<sent/>", False)
            found = await log.find("a1")
            assert found is not None
            assert (found.id, found.caller, found.facility) == ("a1", "local", "F1")
            assert (found.request, found.audit, found.hidden, found.sent) == (
                one.request, one.audit, one.hidden, one.sent,
            )  # fmt: skip
            assert await log.find("a2") is None

    asyncio.run(run())


def test_what_others_may_query(tmp_path: Path) -> None:
    """The columns, as the tables say; a large record is small on disk."""
    path = database(tmp_path)
    findings = [finding("f1"), finding("f2", amount_cents=None, is_current=False, visibility="trial")]

    async def run() -> None:
        async with opened(path) as log:
            await log.append(record(body=b"{}" * 100_000, findings=findings))

    asyncio.run(run())
    (row,) = rows(path, "SELECT recorded_at, encounter, stage, decision, length(content) FROM audits")
    assert row[:4] == (int(AT.timestamp() * 1_000_000), "E1", "settling", "block")
    assert row[4] < 2_000
    stored = rows(
        path, "SELECT position, id, amount_cents, is_current, visibility, lines FROM findings ORDER BY position"
    )
    assert stored == [(0, "f1", 5000, 1, "shown", "L1|L2"), (1, "f2", None, 0, "trial", "L1|L2")]


def test_same_key_gives_the_first_answer(tmp_path: Path) -> None:
    path = database(tmp_path)

    async def run() -> None:
        async with opened(path) as log:
            assert await log.append(record("a1", key="k")) == (b'{"id":"a1"}', False)
            assert await log.append(record("a2", key="k")) == (b'{"id":"a1"}', True)
            assert await log.append(record("a3", key="other")) == (b'{"id":"a3"}', False)
            other_caller = msgspec.structs.replace(record("a4"), key=IdempotencyKey("someone", "k"))
            assert await log.append(other_caller) == (b'{"id":"a4"}', False)
            with pytest.raises(IdempotencyConflict):
                await log.append(record("a5", key="k", body=b"another"))
            assert await log.find("a2") is None
            assert await log.find("a5") is None

    asyncio.run(run())
    assert rows(path, "SELECT id FROM audits ORDER BY seq") == [("a1",), ("a3",), ("a4",)]


def test_replay_repeats_what_was_sent(tmp_path: Path) -> None:
    path = database(tmp_path)

    async def run() -> None:
        async with opened(path) as log:
            await log.append(record("a1", key="k", sent=b"<first/>"))
            assert await log.append(record("a2", key="k", sent=b"<second/>")) == (b"<first/>", True)

    asyncio.run(run())


def test_same_key_within_one_batch(tmp_path: Path) -> None:
    path = database(tmp_path)

    async def run() -> None:
        async with opened(path) as log:
            answers = await asyncio.gather(*(log.append(record(f"a{number}", key="k")) for number in range(50)))
            assert len({answer for answer, _ in answers}) == 1
            assert sum(not replayed for _, replayed in answers) == 1

    asyncio.run(run())
    assert rows(path, "SELECT count(*) FROM audits") == [(1,)]


def test_one_key_in_two_logs_on_one_file(tmp_path: Path) -> None:
    """Two workers: whichever comes first, both give its answer."""
    path = database(tmp_path)

    async def run() -> None:
        async with opened(path) as one, opened(path) as two:
            for number in range(40):
                (first, again), (second, too) = await asyncio.gather(
                    one.append(record(f"one-{number}", key=f"k{number}")),
                    two.append(record(f"two-{number}", key=f"k{number}")),
                )
                assert first == second
                assert again != too

    asyncio.run(run())
    assert rows(path, "SELECT count(*) FROM audits") == [(40,)]
    assert rows(path, "SELECT count(*) FROM idempotency_keys") == [(40,)]


@pytest.mark.parametrize(
    "bad",
    [
        record("a1"),  # an id that is taken
        record("bad", caller=None),
        record("bad", findings=[finding("f1"), finding("f2", rule=None)]),
    ],
)
def test_bad_record_fails_alone(tmp_path: Path, bad: object) -> None:
    path = database(tmp_path)

    async def run() -> None:
        async with opened(path) as log:
            await log.append(record("a1"))
            good = [record(f"good-{number}") for number in range(20)]
            outcomes = await asyncio.gather(*map(log.append, [*good[:10], bad, *good[10:]]), return_exceptions=True)
            refused = outcomes.pop(10)
            assert isinstance(refused, NotRecorded)
            assert outcomes == [(one.audit, False) for one in good]

    asyncio.run(run())
    assert rows(path, "SELECT count(*) FROM audits") == [(21,)]
    assert rows(path, "SELECT count(*) FROM findings") == [(21,)]  # none is left of the bad one


def test_not_open(tmp_path: Path) -> None:
    log = SqliteAuditLog(database(tmp_path))
    with pytest.raises(NotRecorded):
        asyncio.run(log.append(record()))
    log.close()  # does not wait for a thread that never ran

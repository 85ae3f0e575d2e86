"""Spooled audits: keys, order, what is done and what is not, and who takes over."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from app.store.audit_log import AuditRecord, IdempotencyConflict, NotRecorded
from app.store.history import HistoryWrite
from app.store.spooled import Spooled, Unreadable, pack_spooled, unpack_spooled
from tests.application.spooling import spooling
from tests.store.build import finding, record

HISTORY = HistoryWrite(
    facility="F1", encounter="E1", patient="P1", header="{}", month=202603, last_date="2026-03-01", has_death=False,
    lines=[("L1", "2026-03-01", "001", True, "", "{}")],
)  # fmt: skip


def test_record_is_kept_whole() -> None:
    whole = record(
        key="k", history=HISTORY, sent=b"sent", hidden=b"[]", facts=b"\x00\xff", findings=[finding(amount_cents=None)]
    )
    spooled = Spooled(id="a1", record=whole, is_open=True)
    assert unpack_spooled(pack_spooled(spooled)) == spooled


@pytest.mark.parametrize("payload", [b"", b"nothing", pack_spooled(Spooled(id="a"))[:-2]])
def test_unreadable_payload(payload: bytes) -> None:
    with pytest.raises(Unreadable):
        unpack_spooled(payload)


def test_same_key_same_answer(tmp_path: Path) -> None:
    async def run() -> None:
        async with spooling(tmp_path) as spool:
            first = record("a1", key="k", sent=b"the answer")
            second = record("a2", key="k")
            answers = await asyncio.gather(*[spool.keep(one, is_open=False) for one in (first, second)])
            assert answers == [(b"the answer", False), (b"the answer", True)]
            assert await spool.keep(record("a3", key="k"), is_open=False) == (b"the answer", True)
            with pytest.raises(IdempotencyConflict):
                await spool.keep(record("a4", key="k", body=b"other"), is_open=False)
            assert await spool.keep(record("a5"), is_open=False) == (record("a5").audit, False)
            assert [one.id for one in spool.records(10)] == ["a1", "a5"]
            await spool.stored(spool.records(10))
            assert spool.earlier(second) is None  # from now on the database knows

    asyncio.run(run())


def test_failed_record_leaves_its_key_free(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "spool").write_text("no folder")

    async def run() -> None:
        async with spooling(tmp_path) as spool:
            with pytest.raises(NotRecorded):
                await spool.keep(record("a1", key="k"), is_open=True)
            (tmp_path / "spool").unlink()
            assert await spool.keep(record("a2", key="k"), is_open=True) == (record("a2").audit, False)
            assert spool.record_count == spool.open_count == 1

    asyncio.run(run())


def test_found_before_it_is_stored(tmp_path: Path) -> None:
    async def run() -> None:
        async with spooling(tmp_path) as spool:
            await spool.keep(record("a1", facts=b"facts"), is_open=True)
            found = spool.find("a1")
            assert found is not None
            assert (found.id, found.audit, found.facts) == ("a1", record("a1").audit, b"facts")
            assert spool.find("a2") is None
            await spool.stored(spool.records(1))
            assert spool.find("a1") is None

    asyncio.run(run())


def test_file_goes_when_all_of_it_is_done(tmp_path: Path) -> None:
    """Stored, and audited again: then, and not before."""

    async def run() -> None:
        async with spooling(tmp_path) as spool:
            await spool.keep(record("a1"), is_open=True)
            await spool.keep_open("a0")
            assert spool.since is not None
            assert spool.open(10) == []  # the record comes first
            await spool.stored(spool.records(10))
            assert [one.id for one in spool.open(10)] == ["a1", "a0"]
            await spool.audited_again(spool.open(1))
            assert spool.size
            await spool.audited_again(spool.open(10))
            assert (spool.size, spool.since) == (0, None)
            assert list((tmp_path / "spool").iterdir()) == []

    asyncio.run(run())


def test_put_off(tmp_path: Path) -> None:
    async def run() -> None:
        async with spooling(tmp_path) as spool:
            for name in ("a1", "a2"):
                await spool.keep_open(name)
            assert spool.put_off(spool.open(1)[0]) == 1
            assert [one.id for one in spool.open(10)] == ["a2", "a1"]

    asyncio.run(run())


def test_taken_over(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Another process gives the same answers, and knows what is left to do, in order."""

    async def before() -> None:
        async with spooling(tmp_path) as spool:
            for number in range(5):
                await spool.keep(record(f"a{number}", key=f"k{number}"), is_open=number % 2 == 0)
            await spool.stored(spool.records(2))
            await spool.keep_open("b")

    async def after() -> None:
        async with spooling(tmp_path) as spool:
            again = record("new", key="k3")
            assert await spool.keep(again, is_open=False) == (record("a3").audit, True)
            assert [one.id for one in spool.records(10)] == [f"a{number}" for number in range(5)]
            assert all(one.is_adopted for one in spool.records(10))
            await spool.stored(spool.records(10))
            assert [one.id for one in spool.open(10)] == ["a0", "a2", "a4", "b"]
            await spool.audited_again(spool.open(10))
            assert list((tmp_path / "spool").iterdir()) == []

    asyncio.run(before())
    asyncio.run(after())


def test_frame_of_another_version_is_set_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Its checksum is right, and nobody can read it: it is kept, and does not stop the others."""

    async def before() -> None:
        async with spooling(tmp_path) as spool:
            await spool.keep(record("a1"), is_open=False)
            await spool._spool.append(b"of the future")
            await spool.keep(record("a2"), is_open=False)

    async def after() -> None:
        async with spooling(tmp_path) as spool:
            assert [one.id for one in spool.records(10)] == ["a1", "a2"]
            assert spool.set_aside == 1
            await spool.stored(spool.records(10))
        (kept,) = (tmp_path / "spool").iterdir()
        assert kept.read_bytes() == b"of the future"

    asyncio.run(before())
    asyncio.run(after())


def test_fields_of_a_later_version_do_not_hinder(tmp_path: Path) -> None:
    payload = msgspec.to_builtins(record("a1"), builtin_types=(bytes,))
    assert msgspec.convert({**payload, "later": 1}, AuditRecord) == record("a1")

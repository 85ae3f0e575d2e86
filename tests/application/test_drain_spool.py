"""Draining: everything gets where it belongs, in order, and nothing that is at fault holds up the rest."""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.application.audit_encounter import EncounterAuditor
from app.application.deadline import Deadline
from app.application.patient_history import PatientHistory
from app.application.reaudit import following_id
from app.application.safety_net import SafetyNet
from app.domain.audit import AuditRequest
from app.domain.decision import SAFE_POLICY
from app.engine.ruleset import Ruleset
from app.store.audit_log import NotRecorded
from app.store.history import Unavailable
from app.store.store import Store
from tests.application.build import request, rules
from tests.application.spooling import storing
from tests.store.build import finding, record, rows


@pytest.fixture(scope="module")
def ruleset(tmp_path_factory: pytest.TempPathFactory) -> Ruleset:
    return rules(tmp_path_factory.mktemp("rules"))


class Opened:
    """The safety net over a real store, with an auditor that fetches history through it."""

    def __init__(self, folder: Path, store: Store, ruleset: Ruleset) -> None:
        self.store, self.net = store, SafetyNet(store, folder / "spool")
        self.auditor = EncounterAuditor(
            lambda: ruleset,
            store.log,
            SAFE_POLICY,
            history=PatientHistory(store.history),
            recorder=self.net.recorder,
            history_breaker=self.net.history_breaker,
        )

    async def audit(self, asked: AuditRequest, **more: Any) -> dict[str, Any]:
        body = msgspec.json.encode(asked)
        deadline = Deadline(time.monotonic() + 1, 1.0)
        answer, _ = await self.auditor.audit(asked, body, caller="local", deadline=deadline, **more)
        told: dict[str, Any] = msgspec.json.decode(answer)
        return told

    async def drained(self) -> None:
        until = time.monotonic() + 20
        while self.net.spool.record_count or self.net.spool.open_count:
            assert time.monotonic() < until, "the spool is not drained"
            await asyncio.sleep(0.01)


def run(folder: Path, ruleset: Ruleset, job: Callable[[Opened], Any]) -> None:
    async def whole() -> None:
        async with storing(folder) as store:
            opened = Opened(folder, store, ruleset)
            try:
                await job(opened)
            finally:
                await opened.net.close()

    asyncio.run(whole())


def break_down(breaker: Any) -> None:
    while breaker.is_closed:
        breaker.failed(NotRecorded())


def test_stored_in_order_without_what_is_at_fault(
    tmp_path: Path, ruleset: Ruleset, caplog: pytest.LogCaptureFixture
) -> None:
    async def job(opened: Opened) -> None:
        for number in range(300):
            bad = {"findings": [finding(rule=None)]} if number == 7 else {}
            await opened.net.spool.keep(record(f"a{number:03d}", **bad), is_open=number == 7)
        await opened.net.open(opened.auditor)
        await opened.drained()
        assert opened.net.spool.set_aside == 1

    run(tmp_path, ruleset, job)
    stored = [name for (name,) in rows(tmp_path / "mingjian.sqlite3", "SELECT id FROM audits ORDER BY seq")]
    assert stored == [f"a{number:03d}" for number in range(300) if number != 7]
    (kept,) = (tmp_path / "spool").iterdir()
    assert kept.suffix == ".aside"
    assert any(one.levelno == logging.ERROR and "set aside" in one.getMessage() for one in caplog.records)


def test_made_again_with_the_past(tmp_path: Path, ruleset: Ruleset) -> None:
    """Also where the record itself was stored at once; and whoever asks twice gets it once."""

    async def job(opened: Opened) -> None:
        break_down(opened.net.history_breaker)
        first = await opened.audit(request("D1", "X1"))
        assert first["degraded"] == ["history"]
        assert "follows" not in first
        await opened.net.open(opened.auditor)
        await opened.drained()
        found = await opened.store.log.find(following_id(first["id"]))
        assert found is not None
        again = msgspec.json.decode(found.audit)
        assert (again["follows"], again["degraded"]) == (first["id"], [])
        assert again["decision"] == "block"  # which it may not while anything is degraded
        assert again["findings"] == [{**one, "decision": "block"} for one in first["findings"]]
        assert found.request == msgspec.json.encode(request("D1", "X1"))

    run(tmp_path, ruleset, job)
    assert rows(tmp_path / "mingjian.sqlite3", "SELECT count(*) FROM audits") == [(2,)]
    assert rows(tmp_path / "mingjian.sqlite3", "SELECT count(*) FROM history_lines") == [(2,)]


def test_made_again_once_though_the_process_ends_in_between(tmp_path: Path, ruleset: Ruleset) -> None:
    """It was stored, and the promise of it was not yet crossed out."""

    async def before(opened: Opened) -> None:
        break_down(opened.net.history_breaker)
        await opened.audit(request("D1"))
        spooled = (tmp_path / "spool").glob("*.spool")
        kept = [(path, path.read_bytes()) for path in spooled]
        await opened.net.open(opened.auditor)
        await opened.drained()
        for path, content in kept:
            path.write_bytes(content)

    async def after(opened: Opened) -> None:
        await opened.net.open(opened.auditor)
        await opened.drained()

    run(tmp_path, ruleset, before)
    made = rows(tmp_path / "mingjian.sqlite3", "SELECT id, content FROM audits ORDER BY seq")
    run(tmp_path, ruleset, after)
    assert rows(tmp_path / "mingjian.sqlite3", "SELECT id, content FROM audits ORDER BY seq") == made


def test_one_whose_past_cannot_be_read_does_not_hold_up_the_others(
    tmp_path: Path, ruleset: Ruleset, caplog: pytest.LogCaptureFixture
) -> None:
    async def job(opened: Opened) -> None:
        break_down(opened.net.history_breaker)
        audits = [await opened.audit(msgspec.convert(_about(name), AuditRequest, strict=False)) for name in "abc"]
        with closing(sqlite3.connect(tmp_path / "mingjian.sqlite3")) as connection, connection:
            connection.execute("UPDATE history_lines SET content = '{' WHERE encounter = 'a'")
        await opened.store.history.put([])
        await opened.net.open(opened.auditor)
        await opened.drained()
        made = [await opened.store.log.find(following_id(one["id"])) for one in audits]
        assert [one is not None for one in made] == [False, True, True]

    run(tmp_path, ruleset, job)
    assert "failed 5 times" in caplog.text


def _about(encounter: str) -> dict[str, Any]:
    """The first line was told with an earlier message, and is not told again."""
    asked: dict[str, Any] = msgspec.to_builtins(request("D1"))
    asked["encounter"] |= {"id": encounter, "patient": {"id": encounter}}
    return asked


def test_database_that_is_gone_is_waited_for(tmp_path: Path, ruleset: Ruleset) -> None:
    """Whatever is tried meanwhile fails, and nothing is lost or put off for it."""

    async def job(opened: Opened) -> None:
        for number in range(3):
            await opened.net.spool.keep(record(f"a{number}"), is_open=False)
        other = sqlite3.connect(tmp_path / "mingjian.sqlite3", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        await opened.net.open(opened.auditor)
        await asyncio.sleep(0.5)
        assert opened.net.spool.record_count == 3
        other.execute("ROLLBACK")
        other.close()
        await opened.drained()
        assert opened.net.spool.set_aside == 0

    run(tmp_path, ruleset, job)
    assert rows(tmp_path / "mingjian.sqlite3", "SELECT id FROM audits ORDER BY seq") == [("a0",), ("a1",), ("a2",)]


def test_open_breakers_ask_nobody(tmp_path: Path, ruleset: Ruleset) -> None:
    async def job(opened: Opened) -> None:
        told = []
        for number in range(20):
            break_down(opened.net.history_breaker)  # again: the store answers, so a probe closes them
            break_down(opened.net.record_breaker)
            told.append(await opened.audit(request("D1"), key=f"k{number}"))
        assert {tuple(one["degraded"]) for one in told} == {("history", "record")}
        again = await opened.audit(request("D1"), key="k3")
        assert again == told[3]

    run(tmp_path, ruleset, job)


def test_unavailable_is_said_as_such(tmp_path: Path, ruleset: Ruleset) -> None:
    """The probe of the past asks the store itself."""

    async def job(opened: Opened) -> None:
        await opened.net._probe_history()
        await opened.store.close()
        (tmp_path / "mingjian.sqlite3").write_bytes(b"no database" * 1000)
        for left in tmp_path.glob("mingjian.sqlite3-*"):
            left.unlink()
        with pytest.raises(Unavailable):
            await opened.net._probe_history()

    run(tmp_path, ruleset, job)

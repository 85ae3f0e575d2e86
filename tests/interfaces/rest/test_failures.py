"""When the service itself fails: a problem with a reference, nothing of the cause for the caller, and it goes on."""

import asyncio
import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from app.engine.ruleset import Ruleset
from app.interfaces.asgi import Application
from app.main import create_app
from app.settings import Settings
from app.store.sqlite import writer as sqlite_writer
from app.store.sqlite.audit_log import SqliteAuditLog
from app.store.sqlite.writer import connect
from tests.application.build import packs
from tests.service import KEY, check_problem, encoded, problem_of, request, serving


@pytest.fixture
def app(tmp_path: Path) -> Application:
    rules = packs(tmp_path / "rules")
    return create_app(Settings(data_dir=tmp_path / "data", rules_dir=rules, api_key=SecretStr(KEY), decisions={}))


def ask(app: Application, method: str, path: str, content: bytes = b"") -> httpx.Response:
    """Straight into the application, whose store has not been started."""

    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        headers = {"authorization": f"Bearer {KEY}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://x", headers=headers) as client:
            return await client.request(method, path, content=content)

    return asyncio.run(run())


def test_not_recorded_is_not_acknowledged(app: Application, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The database is not open, and where the spool should be stands something else."""
    (tmp_path / "data/spool").write_text("a file")
    problem_of(ask(app, "POST", "/v1/audits", encoded(request())), 503, "not-recorded")


def test_not_recorded_lines(app: Application) -> None:
    answer = ask(app, "POST", "/v1/audits/bulk", encoded(request()) + b"\n{\n" + encoded(request()))
    documents = [json.loads(line) for line in answer.content.splitlines()]
    assert [one["status"] for one in documents] == [503, 400, 503]
    check_problem(documents[0], 503, "not-recorded")


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every audit of encounter "bad" fails, and every look-up."""
    judge = Ruleset.audit

    def audit(self: Ruleset, case: Any, *rest: Any) -> Any:
        if case.encounter.id == "bad":
            raise RuntimeError("the cause is secret")
        return judge(self, case, *rest)

    def find(self: SqliteAuditLog, audit_id: str) -> None:
        raise sqlite3.OperationalError("the cause is secret")

    monkeypatch.setattr(Ruleset, "audit", audit)
    monkeypatch.setattr(SqliteAuditLog, "_find", find)


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/audits"), ("GET", "/v1/audits/x")])
def test_internal_error(app: Application, method: str, path: str, caplog: pytest.LogCaptureFixture) -> None:
    answer = ask(app, method, path, encoded(request(id="bad")))
    problem = problem_of(answer, 500, "internal-error")
    assert "secret" not in answer.text
    found = re.search("reference ([0-9a-f]{12})", problem["detail"])
    assert found is not None
    logged = [record for record in caplog.records if found[1] in record.getMessage()]
    assert logged
    assert "the cause is secret" in caplog.text


@pytest.mark.usefixtures("broken")
def test_broken_line_does_not_stop_the_others(app: Application, tmp_path: Path) -> None:
    with serving(app, tmp_path / "data") as service:
        first, bad, last = service.bulk(request(id="first"), request(id="bad"), request(id="last"))
        assert (first["encounter"], last["encounter"]) == ("first", "last")
        check_problem(bad, 500, "internal-error")
        assert "secret" not in json.dumps(bad)
        problem_of(service.client.get("/v1/audits/x"), 500, "internal-error")
        assert service.audit(request()).status_code == 200


def test_locked_database_is_told_and_heals(app: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process holds the lock for longer than the service waits: lines of a bulk request are not recorded."""

    def impatient(path: Path, *more: Any) -> sqlite3.Connection:
        connection = connect(path, *more)
        connection.execute("PRAGMA busy_timeout = 1000")
        return connection

    monkeypatch.setattr(sqlite_writer, "connect", impatient)
    with serving(app, tmp_path / "data") as service:
        other = sqlite3.connect(tmp_path / "data/mingjian.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        (line,) = service.bulk(request())
        check_problem(line, 503, "not-recorded")
        other.execute("ROLLBACK")
        other.close()
        (line,) = service.bulk(request())
        assert line["degraded"] == []


def test_records_outlive_the_service(app: Application, tmp_path: Path) -> None:
    with serving(app, tmp_path / "data") as service:
        answer = service.audit(request(), "k")
    settings = Settings(data_dir=tmp_path / "data", rules_dir=tmp_path / "rules", api_key=SecretStr(KEY), decisions={})
    with serving(create_app(settings), tmp_path / "data") as service:
        assert service.client.get(f"/v1/audits/{answer.json()['id']}").content == answer.content
        assert service.audit(request(), "k").content == answer.content

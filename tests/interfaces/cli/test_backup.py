"""`mingjian backup`: made under writes, put back, and drilled; SQLite and PostgreSQL."""

import json
import sqlite3
import stat
import time
from contextlib import closing
from pathlib import Path

import pytest

from app.trail.entry import Kind
from tests.interfaces.cli.backup_place import Installation, Writing, elsewhere, filled, keys_of
from tests.servers import Postgres
from tests.service import request


def test_a_backup_under_writes_holds_what_was_acknowledged_and_goes_back(
    here: Installation, tmp_path: Path, passphrase: Path, postgres: Postgres
) -> None:
    folder, there = tmp_path / "backup", elsewhere(here, postgres)
    with here.serving() as service, Writing(service) as writing:
        while len(writing.acknowledged) < 50:
            pass
        before = list(writing.acknowledged)
        made = here.backup("create", folder, "--passphrase-file", passphrase)
    assert made.exit_code == 0, made.output
    assert len(writing.acknowledged) > len(before)
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()} == {0o600}
    restored = there.backup("restore", folder, "--passphrase-file", passphrase)
    assert restored.exit_code == 0, restored.output
    assert "sound\n" in restored.output
    assert set(before) <= set(there.sql(postgres, "SELECT id FROM audits").splitlines())
    assert there.run("trail", "verify").exit_code == 0
    assert stat.S_IMODE((there.data / "trail/checkpoint-key").stat().st_mode) == 0o600
    with there.serving() as service:
        assert service.client.get(f"/v1/audits/{before[0]}").status_code == 200
        assert service.audit(request()).status_code == 200
    assert there.run("trail", "verify").exit_code == 0


def test_the_trail_tells_of_backups_and_of_what_was_put_back(
    here: Installation, tmp_path: Path, passphrase: Path, postgres: Postgres
) -> None:
    folder, there = filled(here, tmp_path / "backup", passphrase), elsewhere(here, postgres)
    told = f"SELECT kind FROM trail_entries WHERE kind IN ('{Kind.BACKED_UP}', '{Kind.RESTORED}') ORDER BY seq"
    assert here.sql(postgres, told) == Kind.BACKED_UP
    assert there.backup("restore", folder, "--passphrase-file", passphrase).exit_code == 0
    assert there.sql(postgres, told) == Kind.RESTORED, "a backup does not hold the entry that tells of it"


def test_secrets_left_out_are_told_and_taken_from_where_they_are_kept(alone: Installation, tmp_path: Path) -> None:
    folder, there = filled(alone, tmp_path / "backup", None), alone._replace(data=tmp_path / "elsewhere")
    assert (alone.data / "trail/checkpoint-key").read_bytes() not in b"".join(
        path.read_bytes() for path in folder.rglob("*") if path.is_file()
    )
    assert "data/trail/checkpoint-key" in json.loads((folder / "manifest.json").read_text())["secrets"]
    (tmp_path / "empty").mkdir()
    lacking = there.backup("restore", folder, "--secrets", tmp_path / "empty")
    assert (lacking.exit_code, there.data.exists()) == (1, False)
    assert "lacks data/" in lacking.output
    found = there.backup("restore", folder, "--secrets", keys_of(alone, tmp_path))
    assert found.exit_code == 0, found.output
    key = "trail/checkpoint-key"
    assert (there.data / key).read_bytes() == (alone.data / key).read_bytes()


def test_settings_that_are_files_are_kept_and_put_apart(
    alone: Installation, tmp_path: Path, passphrase: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "profiles.yaml").write_text("{}")
    folder = filled(alone, tmp_path / "first", passphrase)
    monkeypatch.setenv("MINGJIAN_NHSA_PROFILES", str(tmp_path / "profiles.yaml"))
    folder = tmp_path / "second"
    assert alone.backup("create", folder, "--passphrase-file", passphrase).exit_code == 0
    there = alone._replace(data=tmp_path / "elsewhere")
    found = there.backup("restore", folder, "--passphrase-file", passphrase)
    assert found.exit_code == 0
    assert "to be put where they belong" in found.output
    assert (there.data / "restored/settings/nhsa_profiles/profiles.yaml").read_text() == "{}"
    assert (there.data / "restored/rules/national/definite/rule.yaml").is_file()


def test_a_restored_log_must_lead_to_the_checkpoint_that_was_kept_elsewhere(
    here: Installation, tmp_path: Path, passphrase: Path, postgres: Postgres
) -> None:
    folder, there = filled(here, tmp_path / "backup", passphrase), elsewhere(here, postgres)
    early = tmp_path / "early"
    early.write_text(json.loads((folder / "manifest.json").read_text())["checkpoint"])
    with here.serving() as service:
        service.audit(request())
    assert here.run("trail", "export", tmp_path / "export").exit_code == 0
    late = tmp_path / "export" / "checkpoint"
    found = there.backup("restore", folder, "--passphrase-file", passphrase, "--checkpoint", late)
    assert found.exit_code == 1
    assert "a checkpoint kept elsewhere has" in found.output
    assert not there.data.exists()
    again = elsewhere(here, postgres)
    assert again.backup("restore", folder, "--passphrase-file", passphrase, "--checkpoint", early).exit_code == 0


def test_the_drill_tells_how_long_it_took_and_leaves_nothing(
    here: Installation, tmp_path: Path, postgres: Postgres
) -> None:
    (tmp_path / "room").mkdir()
    with here.serving() as service, Writing(service) as writing:
        while len(writing.acknowledged) < 20:
            pass
        found = here.backup("drill", "--folder", tmp_path / "room")
    assert found.exit_code == 0, found.output
    assert "RTO " in found.output
    assert "RPO       0 entries" in found.output
    assert list((tmp_path / "room").iterdir()) == []
    left = postgres.sql("SELECT count(*) FROM pg_database WHERE datname LIKE 'mingjian_drill%'")
    assert left == "0"
    told = f"SELECT count(*) FROM trail_entries WHERE kind = '{Kind.BACKED_UP}'"
    assert here.sql(postgres, told) == "1"


def test_what_waits_in_the_spool_is_in_the_backup_and_is_stored_after_a_restore(
    alone: Installation, tmp_path: Path, passphrase: Path
) -> None:
    folder, there = tmp_path / "backup", alone._replace(data=tmp_path / "elsewhere")
    with alone.serving() as service:
        assert service.audit(request()).status_code == 200
        with closing(sqlite3.connect(alone.data / "mingjian.sqlite3", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")  # somebody writes for long: the database takes no record
            waiting = service.audit(request(id="E-waits")).json()
            assert "record" in waiting["degraded"]
            made = alone.backup("create", folder, "--passphrase-file", passphrase)
            assert (made.exit_code, folder.is_dir()) == (1, True)
            assert "the trail could not tell" in made.output
    assert there.backup("restore", folder, "--passphrase-file", passphrase).exit_code == 0
    with there.serving() as service:
        until = time.monotonic() + 20
        while service.client.get("/healthz").json()["spool"]["records"]:
            assert time.monotonic() < until
            time.sleep(0.1)
        assert service.client.get(f"/v1/audits/{waiting['id']}").status_code == 200
    with closing(sqlite3.connect(there.data / "mingjian.sqlite3")) as connection:
        stored = connection.execute("SELECT id FROM audits WHERE id = ?", (waiting["id"],)).fetchall()
    assert stored == [(waiting["id"],)]
    assert there.run("trail", "verify").exit_code == 0

"""`mingjian backup` where something is wrong: damage, forgery, a full disk, what is refused."""

import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from tests.application.build import packs
from tests.interfaces.cli.backup_place import Installation, elsewhere, filled, keys_of
from tests.servers import Postgres
from tests.service import request


def test_whatever_is_damaged_nothing_is_restored(
    here: Installation, tmp_path: Path, passphrase: Path, postgres: Postgres
) -> None:
    folder, there = filled(here, tmp_path / "backup", passphrase), elsewhere(here, postgres)
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert {"manifest.json", "secrets.sealed"} < set(names)
    for name in names:
        whole = (folder / name).read_bytes()
        middle = len(whole) // 2
        flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
        for what, content in {"flipped": flipped, "cut": whole[:middle], "empty": b"", "missing": None}.items():
            (folder / name).unlink()
            if content is not None:
                (folder / name).write_bytes(content)
            found = there.backup("restore", folder, "--passphrase-file", passphrase)
            assert found.exit_code == 1, (name, what, found.output)
            assert "Error: " in found.output
            assert not there.data.exists(), (name, what)
            (folder / name).write_bytes(whole)
    assert there.backup("restore", folder, "--passphrase-file", passphrase).exit_code == 0


def test_no_part_of_a_sealed_manifest_can_be_changed(alone: Installation, tmp_path: Path, passphrase: Path) -> None:
    folder, there = filled(alone, tmp_path / "backup", passphrase), alone._replace(data=tmp_path / "elsewhere")
    manifest = json.loads((folder / "manifest.json").read_text())
    changes = {"id": "x", "made_at": "2020-01-01T00:00:00Z", "version": "9", "size": 1, "checkpoint": None}
    for name, value in {**changes, "secrets": [], "has_secrets": False}.items():
        (folder / "manifest.json").write_text(json.dumps(manifest | {name: value}))
        found = there.backup("restore", folder, "--passphrase-file", passphrase)
        assert found.exit_code == 1, (name, found.output)
        assert not there.data.exists()


def test_what_was_changed_together_with_its_digest_is_found_by_the_trail(alone: Installation, tmp_path: Path) -> None:
    folder, there = filled(alone, tmp_path / "backup", None), alone._replace(data=tmp_path / "elsewhere")
    database = folder / "database.sqlite3"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("DROP TRIGGER audits_fixed")
        connection.execute("UPDATE audits SET facility = 'F9' WHERE seq = 3")
        connection.commit()
    manifest = json.loads((folder / "manifest.json").read_text())
    content = database.read_bytes()
    manifest["files"]["database.sqlite3"] = {"size": len(content), "sha256": sha256(content).hexdigest()}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    found = there.backup("restore", folder, "--secrets", keys_of(alone, tmp_path))
    assert found.exit_code == 1
    assert "was changed" in found.output
    assert found.output.endswith("NOT SOUND\n")
    assert not there.data.exists()
    accepted = there.backup("restore", folder, "--secrets", keys_of(alone, tmp_path), "--accept-faults")
    assert accepted.exit_code == 0
    assert "NOT SOUND" in accepted.output
    assert there.run("trail", "verify").exit_code == 1


def test_what_is_refused(alone: Installation, tmp_path: Path, passphrase: Path) -> None:
    folder = filled(alone, tmp_path / "backup", passphrase)
    there = alone._replace(data=tmp_path / "elsewhere")
    other, short = tmp_path / "other", tmp_path / "short"
    other.write_text("another passphrase altogether")
    short.write_text("short")
    for one, arguments, reason in (
        (alone, ["create", tmp_path / "x"], "say what becomes of the keys"),
        (alone, ["create", tmp_path / "x", "--passphrase-file", short], "too short"),
        (alone, ["create", folder, "--passphrase-file", passphrase], "is not empty"),
        (alone, ["restore", folder, "--passphrase-file", passphrase], "is not empty"),
        (there, ["restore", folder], "sealed secrets"),
        (there, ["restore", folder, "--passphrase-file", other], "do not open"),
        (there, ["restore", tmp_path, "--passphrase-file", passphrase], "manifest.json cannot be read"),
        (there, ["restore", folder, "--passphrase-file", passphrase, "--checkpoint", other], "cannot be read"),
        (there._replace(url="postgresql://nobody@127.0.0.1:1/x"), ["restore", folder, "--passphrase-file", passphrase],
         "the backup is of sqlite"),
        (there, ["create", tmp_path / "x", "--without-secrets"], "no database to copy"),
    ):  # fmt: skip
        found = one.backup(*arguments)
        assert found.exit_code in (1, 2), arguments
        assert reason in found.output
        assert not (tmp_path / "x").exists()
        assert not there.data.exists()
        assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".partial")] == []


def test_the_drill_fails_where_the_trail_does_not_hold(here: Installation, tmp_path: Path, postgres: Postgres) -> None:
    with here.serving() as service:
        assert service.audit(request()).status_code == 200
    if here.url is None:
        here.sql(postgres, "DROP TRIGGER audits_fixed")
        here.sql(postgres, "UPDATE audits SET facility = 'F9'")
    else:
        here.sql(postgres, "ALTER TABLE audits DISABLE TRIGGER USER; UPDATE audits SET facility = 'F9'")
    found = here.backup("drill", "--folder", tmp_path)
    assert found.exit_code == 1
    assert "NOT SOUND" in found.output


def test_a_database_that_is_not_empty_is_left_alone(tmp_path: Path, passphrase: Path, postgres: Postgres) -> None:
    here = Installation(tmp_path / "data", packs(tmp_path / "rules"), postgres.new_database())
    folder, there = filled(here, tmp_path / "backup", passphrase), elsewhere(here, postgres)
    there.sql(postgres, "CREATE TABLE theirs (one int)")
    found = there.backup("restore", folder, "--passphrase-file", passphrase)
    assert found.exit_code == 1
    assert "the database is not empty" in found.output
    assert not there.data.exists()
    tables = (
        "SELECT string_agg(relname, ',') FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    assert there.sql(postgres, tables) == "theirs"


def test_no_password_stands_in_the_arguments_of_a_program(
    tmp_path: Path, passphrase: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = postgres.new_database()
    here = Installation(tmp_path / "data", packs(tmp_path / "rules"), plain.replace("mingjian@", "mingjian:s%40fe@"))
    (tmp_path / "bin").mkdir()
    spy = tmp_path / "bin" / "pg_dump"
    spy.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\nexec {shutil.which("pg_dump")} "$@"\n')
    spy.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}")
    filled(here, tmp_path / "backup", passphrase)
    arguments = (tmp_path / "arguments").read_text()
    assert "--dbname=postgresql://mingjian@127.0.0.1" in arguments
    assert "fe@" not in arguments


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, with room for less than a backup."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    folder = tmp_path / "disk"
    folder.mkdir()
    tried = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", folder], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"no file system can be mounted here: {tried.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_leaves_nothing_half_written(
    here: Installation, tmp_path: Path, passphrase: Path, postgres: Postgres, small_disk: Path
) -> None:
    folder = filled(here, tmp_path / "backup", passphrase)
    (small_disk / "fill").write_bytes(bytes(60_000))
    made = here.backup("create", small_disk / "backup", "--passphrase-file", passphrase)
    assert made.exit_code == 1
    assert "no backup was made" in made.output
    there = elsewhere(here, postgres)._replace(data=small_disk / "data")
    if here.url is None:
        restored = there.backup("restore", folder, "--passphrase-file", passphrase)
        assert restored.exit_code == 1
        assert "nothing was restored" in restored.output
    assert [path.name for path in small_disk.iterdir()] == ["fill"]
    assert here.run("trail", "verify").exit_code == 0

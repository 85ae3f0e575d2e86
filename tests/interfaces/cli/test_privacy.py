"""`mingjian privacy` (隐私保护): keys are listed, changed and forgotten; retention keeps to the law."""

import asyncio
import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result

from app.store.opening import store_at
from app.trail.entry import Kind, TrailEntry, seal

Run = Callable[..., Result]


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With one entry of the trail that has a private part."""
    for name in ("DATABASE_URL", "REDIS_URL", "MINGJIAN_DATA_KEYS", "MINGJIAN_DATA_KEY_FILE"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("MINGJIAN_DATA_DIR", str(tmp_path))
    monkeypatch.setattr("app.application.rotate_data_key._TAKEN_UP", 0.0)

    async def fill() -> None:
        store = store_at(None, tmp_path / "mingjian.sqlite3")
        await store.open()
        entry = TrailEntry(kind=Kind.READ, subject="a1", at=datetime.now(UTC), actor="u1", private=b"whose")
        await store.trail.append([seal(entry)])
        await store.close()

    asyncio.run(fill())
    return tmp_path


def names(told: str) -> list[str]:
    return [line.split()[0] for line in told.splitlines()]


def test_a_life_of_keys(run: Run, data_dir: Path) -> None:
    (old,) = names(run("privacy", "keys").output)
    rotated = run("privacy", "rotate", "--new-key")
    assert rotated.exit_code == 0, rotated.output
    assert "done: 2 rows encrypted anew" in rotated.output  # the lookup secret and the entry
    listed = run("privacy", "keys").output
    first, second = listed.splitlines()
    assert first.split() == [old, "older", "nothing"]
    assert "newest" in second
    assert "trail_private.content 1" in second
    assert "trail_private.content 1" in run("privacy", "keys").output
    secret = (data_dir / "data-keys").read_text().splitlines()[-1]
    assert secret not in listed + rotated.output
    refused = run("privacy", "forget", names(second)[0])
    assert (refused.exit_code, "in use yet" in refused.output) == (2, True)
    assert run("privacy", "forget", old).exit_code == 0
    assert names(run("privacy", "keys").output) == names(second)
    assert run("privacy", "forget", "ffffffff").exit_code == 2
    assert run("privacy", "forget", "no key").exit_code == 2


def test_keys_of_the_environment(run: Run, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = (data_dir / "data-keys").read_text().splitlines()[-1]
    new = base64.b64encode(bytes(32)).decode()
    monkeypatch.setenv("MINGJIAN_DATA_KEYS", f"{held},{new}")
    monkeypatch.setenv("MINGJIAN_DATA_CIPHER", "sm4")
    (data_dir / "data-keys").unlink()
    assert run("privacy", "rotate").exit_code == 0
    refused = run("privacy", "rotate", "--new-key")
    assert (refused.exit_code, "MINGJIAN_DATA_KEYS" in refused.output) == (2, True)
    monkeypatch.setenv("MINGJIAN_DATA_KEYS", new)
    assert len(names(run("privacy", "keys").output)) == 1
    monkeypatch.setenv("MINGJIAN_DATA_KEYS", held)
    lost = run("privacy", "keys")
    assert lost.exit_code == 1
    assert "MINGJIAN_DATA_KEYS" in lost.output
    assert held not in lost.output


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        ((), 0, "erased: the contents of 0 audits"),
        (("--dry-run",), 0, "to erase: the contents of 0 audits"),
        (("--days", 180), 0, "erased"),
        (("--days", 179), 2, "180 days"),
        (("--before", (datetime.now(UTC) - timedelta(days=100)).date()), 2, "180 days"),
        (("--before", "2020-01-01", "--days", 200), 2, "not both"),
    ],
)
def test_retention(run: Run, data_dir: Path, options: tuple[object, ...], code: int, told: str) -> None:
    found = run("privacy", "retention", *options)
    assert found.exit_code == code, found.output
    assert told in found.output

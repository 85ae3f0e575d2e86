"""`mingjian keys`: what a key is from its issue to its end, and that its secret is told once."""

import re
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from app.interfaces.cli.keys import keys

Run = Callable[..., Result]
TOKEN = re.compile(r"Bearer (mj\.([a-z0-9]{12})\.[A-Za-z0-9_-]{43})\n")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("MINGJIAN_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    group: click.Group = keys
    return lambda *arguments: CliRunner().invoke(group, [str(one) for one in arguments])


def test_from_its_issue_to_its_end(run: Run) -> None:
    made = run("create", "收费系统", "--facility", "H1", "--network", "10.1.0.0/16", "--days", "30")
    assert made.exit_code == 0, made.output
    found = TOKEN.search(made.output)
    assert found is not None
    token, key_id = found[1], found[2]
    listed = run("list").output
    assert key_id in listed
    assert "收费系统" in listed
    assert token.rpartition(".")[2] not in listed
    rotated = run("rotate", key_id, "--overlap-days", "3", "--reason", "到期更换")
    assert TOKEN.search(rotated.output)
    assert token not in rotated.output
    assert "goes on until" in rotated.output
    assert "旧密钥并用至" in run("list").output
    assert "is revoked" in run("revoke", key_id).output
    assert key_id not in run("list").output
    assert "已吊销" in run("list", "--all").output


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("create", " "), "the name"),
        (("create", "x", "--network", "here"), "no network"),
        (("create", "x", "--certificate", "mine"), "no certificate"),
        (("create", "x", "--role", "security_administrator"), "Invalid value"),
        (("create", "x", "--days", "0"), "Invalid value"),
        (("create", "x", "--starts", "2020-01-01"), "after today"),
        (("rotate", "unknown"), "no key unknown"),
        (("revoke", "unknown"), "no key unknown"),
    ],
)
def test_what_cannot_be_done_says_so(arguments: tuple[str, ...], why: str, run: Run) -> None:
    told = run(*arguments)
    assert told.exit_code == 2
    assert why in told.output


def test_what_is_revoked_stays_so(run: Run) -> None:
    found = TOKEN.search(run("create", "x").output)
    assert found is not None
    assert run("revoke", found[2]).exit_code == 0
    for command in ("revoke", "rotate"):
        told = run(command, found[2])
        assert told.exit_code == 2
        assert "issue a new one" in told.output

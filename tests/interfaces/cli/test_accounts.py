"""`mingjian accounts`: what the operator does at the machine, and the trail that it leaves."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.interfaces.cli import main


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MINGJIAN_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["accounts", *words])


def test_an_account_is_made_shut_out_let_in_and_given_another_password(folder: Path) -> None:
    made = run("create", "Zhang", "--name", "张医生", "--role", "doctor", "--facility", "F1", "--practitioner", "D1")
    assert made.exit_code == 0, made.output
    password = made.output.split()[2]
    assert run("list").output.split() == ["zhang", "张医生", "doctor"]
    assert run("disable", "zhang").output == "zhang is disabled\n"
    assert run("list").output.strip().endswith("disabled")
    assert run("disable", "zhang", "--enable").exit_code == 0
    again = run("reset-password", "zhang", "--remove-otp")
    assert again.exit_code == 0, again.output
    assert again.output.split()[2] != password
    with closing(sqlite3.connect(folder / "mingjian.sqlite3")) as connection:
        bodies = [json.loads(body) for (body,) in connection.execute("SELECT body FROM trail_entries ORDER BY seq")]
        kept = "\n".join(connection.iterdump())
    actions = ["created", "changed", "changed", "otp_removed", "password_reset"]
    assert [one["details"]["action"] for one in bodies] == actions
    assert {one["actor"] for one in bodies} == {"command line"}
    assert password not in kept


BAD = [
    (("create", "x", "--name", "x"), "a login name has"),
    (("create", "zhang", "--name", " "), "a display name has"),
    (("create", "zhang", "--name", "x", "--role", "king"), "there is no such role"),
    (
        ("create", "zhang", "--name", "x", "--role", "log_auditor", "--role", "security_administrator"),
        "log_auditor and security_administrator",
    ),
    (("reset-password", "nobody"), "there is no account 'nobody'"),
    (("disable", "nobody"), "there is no account 'nobody'"),
]


@pytest.mark.parametrize(("words", "told"), BAD)
def test_what_cannot_be_is_told(words: tuple[str, ...], told: str) -> None:
    refused = run(*words)
    assert refused.exit_code == 2
    assert told in refused.output


def test_a_login_is_taken_once() -> None:
    assert run("create", "zhang", "--name", "x").exit_code == 0
    assert "there is an account 'zhang' already" in run("create", "ZHANG", "--name", "x").output


def test_evaluation_accounts_are_printed_once() -> None:
    first = run("evaluation")
    assert first.exit_code == 0, first.output
    assert len(first.output.splitlines()) == 11
    assert "all of them are there already" in run("evaluation").output

"""`mingjian feeds import`: files into the store, all of a file or nothing."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from app.domain.feed import FEEDS
from app.interfaces.cli.feeds import NAMES
from tests.store.build import rows

Run = Callable[..., Result]
HEADER = "facility,month,amount,spent,spent_until\n"
ROW = '{"facility":"F","month":"2026-04","amount":9,"spent":1,"spent_until":"2026-04-09"}\n'


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MINGJIAN_DATA_DIR", str(tmp_path / "var"))
    return tmp_path / "var"


def written(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text, "utf-8")
    return file


def test_the_names_are_those_of_the_feeds() -> None:
    assert tuple(FEEDS) == NAMES


def test_csv_and_json_lines_are_told_by_their_suffix(run: Run, tmp_path: Path, data_dir: Path) -> None:
    first = run("feeds", "import", "budgets", written(tmp_path, "a.CSV", HEADER + "F,2026-03,9,1,2026-03-09\n"))
    assert first.output == "budgets: 1 rows read: 1 added, 0 changed, 0 unchanged; the feed holds 1 records\n"
    second = run("feeds", "import", "budgets", written(tmp_path, "b.jsonl", ROW))
    assert second.exit_code == 0
    assert "holds 2 records" in second.output
    assert (
        rows(data_dir / "mingjian.sqlite3", "SELECT feed, caller FROM feed_loads") == [("budgets", "command line")] * 2
    )


def test_faults_are_told_by_file_and_line_and_nothing_is_stored(run: Run, tmp_path: Path, data_dir: Path) -> None:
    file = written(tmp_path, "bad.csv", HEADER + "F,2026-03,9,1,2026-03-09\n" + "F,2026-03,9,1,soon\n" * 30)
    done = run("feeds", "import", "budgets", file)
    assert done.exit_code == 2
    assert f"{file} line 3: spent_until is 'soon'" in done.output
    assert "… and 10 more" in done.output
    assert rows(data_dir / "mingjian.sqlite3", "SELECT count(*) FROM feed_records") == [(0,)]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("weather", "a.csv"), "weather"),
        (("budgets", "none.csv"), "none.csv"),
        (("budgets", "a.xlsx"), ".csv or .ndjson"),
    ],
)
@pytest.mark.usefixtures("data_dir")
def test_what_cannot_be_used(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, str], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, "a.csv", HEADER)
    written(tmp_path, "a.xlsx", "PK")
    done = run("feeds", "import", *arguments)
    assert done.exit_code == 2
    assert told in done.output


def test_a_store_that_cannot_be_written_is_told(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> None:
    from app.store.audit_log import NotRecorded
    from app.store.sqlite.feeds import SqliteFeeds

    async def refuse(*_: object) -> None:
        await asyncio.sleep(0)
        raise NotRecorded("disk full")

    monkeypatch.setattr(SqliteFeeds, "put", refuse)
    done = run("feeds", "import", "budgets", written(tmp_path, "a.csv", HEADER))
    assert done.exit_code == 1
    assert "disk full" in done.output
    assert data_dir.exists()

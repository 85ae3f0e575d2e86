"""`mingjian rules publish | rollback | revisions`."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.application.library import compiled, generation

Run = Callable[..., Result]


@pytest.fixture
def packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    monkeypatch.setenv("MINGJIAN_DATA_DIR", str(tmp_path / "data"))
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.setenv(name, "")
    return [generation(tmp_path, number) for number in range(3)]


def publish(run: Run, folder: Path) -> str:
    done = run("rules", "publish", "--rules-dir", folder, "--reason", "本周清单")
    assert done.exit_code == 0, done.output
    revision = compiled(folder)[0]
    assert f"{revision} is in force from now on" in done.output
    return revision


def in_force(run: Run) -> str:
    done = run("rules", "revisions")
    assert done.exit_code == 0, done.output
    found = re.findall(r"^(\w{32}) .* 现行$", done.output, re.MULTILINE)
    assert len(found) == 1
    return str(found[0])


def test_publish_and_roll_back(run: Run, packs: list[Path]) -> None:
    names = [publish(run, folder) for folder in packs]
    assert in_force(run) == names[2]
    for expected in (names[1], names[0]):
        done = run("rules", "rollback", "--reason", "误报太多")
        assert done.exit_code == 0, done.output
        assert in_force(run) == expected
    done = run("rules", "rollback", "--reason", "误报太多")
    assert done.exit_code == 2
    assert "no other ruleset" in done.output
    assert run("rules", "rollback", names[2], "--reason", "已修正").exit_code == 0
    assert in_force(run) == names[2]


def test_revisions_tell_who_and_why(run: Run, packs: list[Path]) -> None:
    name = publish(run, packs[0])
    told = run("rules", "revisions").output
    stored, moved = told.split("\n\n")
    assert re.search(rf"^{name} .*command line\)? +1 +2 +现行$", stored, re.MULTILINE)
    assert re.search(rf"发布 +{name} .*本周清单$", moved, re.MULTILINE)


def test_publish_again(run: Run, packs: list[Path]) -> None:
    publish(run, packs[0])
    done = run("rules", "publish", "--rules", packs[0])
    assert (done.exit_code, "already" in done.output) == (0, True)


def test_every_fault_refuses(run: Run, packs: list[Path]) -> None:
    publish(run, packs[0])
    shutil.rmtree(packs[1] / "national/item-for-other-sex")
    generation_again = packs[1] / "national/item-for-other-sex"
    shutil.copytree(packs[2] / "national/item-for-other-sex", generation_again)
    (generation_again / "knowledge.csv").write_text("point,item_code,item_name,sex\nK1,001,甲,man\n", "utf-8")
    done = run("rules", "publish", "--rules", packs[1])
    assert done.exit_code == 2
    assert "nothing was published" in done.output
    assert "knowledge.csv" in done.output
    assert "lock" in done.output
    assert in_force(run) == compiled(packs[0])[0]


def test_unknown_revision(run: Run, packs: list[Path]) -> None:
    publish(run, packs[0])
    done = run("rules", "rollback", "f" * 32, "--reason", "误报")
    assert done.exit_code == 2
    assert "mingjian rules revisions" in done.output


def test_a_rollback_needs_a_reason(run: Run, packs: list[Path]) -> None:
    assert run("rules", "rollback").exit_code == 2


def test_nothing_is_stored_yet(run: Run, packs: list[Path]) -> None:
    assert run("rules", "revisions").exit_code == 0
    assert run("rules", "rollback", "--reason", "误报").exit_code == 2

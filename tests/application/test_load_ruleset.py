"""The compiled file of a ruleset: made once, opened after that, replaced when it is broken, never served stale."""

from pathlib import Path

import pytest

from app.application import load_ruleset as module
from app.application.load_ruleset import load_ruleset
from app.domain.case import Case
from app.knowledge.pack import PackError
from tests.application.build import packs, request
from tests.knowledge.build import write_rule


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return packs(tmp_path / "rules")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "data" / "cache"


def files(cache: Path) -> list[Path]:
    return sorted(cache.iterdir())


def never(*_: object) -> bytes:
    raise AssertionError("compiled again")


def test_second_load_opens_the_file(root: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_ruleset(root, cache)
    (file,) = files(cache)
    assert file.stem == first.revision
    monkeypatch.setattr(module, "compile_rules", never)
    second = load_ruleset(root, cache)
    assert second.header == first.header
    case = Case(request("D1", "S1").encounter)
    assert second.audit(case) == first.audit(case)
    monkeypatch.undo()
    assert second.audit(case) == load_ruleset(root).audit(case)


@pytest.mark.parametrize("share", [0, 0.001, 0.01, 0.3, 0.6, 0.9, 0.999])
def test_broken_file_is_replaced(root: Path, cache: Path, share: float) -> None:
    """Cut off anywhere, as a full disk leaves it."""
    load_ruleset(root, cache)
    (file,) = files(cache)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(share * len(whole))])
    ruleset = load_ruleset(root, cache)
    assert files(cache) == [file]
    assert file.read_bytes() == whole
    assert [one.rule for one in ruleset.audit(Case(request("D1").encounter)).findings] == ["definite"]


@pytest.mark.parametrize(
    "content", [b"\0" * 5_000, b"MJRULES1", b"MJRULES1" + b"\xff" * 5_000, b"MJRULES0" + b"x" * 5_000]
)
def test_strange_file_is_replaced(root: Path, cache: Path, content: bytes) -> None:
    load_ruleset(root, cache)
    (file,) = files(cache)
    file.write_bytes(content)
    assert set(load_ruleset(root, cache).rules) == {"definite", "suspect", "on-trial"}
    assert file.read_bytes() != content


def test_changed_rule_gives_another_file(root: Path, cache: Path) -> None:
    first = load_ruleset(root, cache)
    write_rule(root, "definite", rows=("K1,E*,项目,male",))
    second = load_ruleset(root, cache)
    assert second.revision != first.revision
    assert {file.stem for file in files(cache)} == {first.revision, second.revision}
    assert not second.audit(Case(request("D1").encounter)).findings
    assert second.audit(Case(request("E1").encounter)).findings


def test_overlay_gives_another_file(root: Path, cache: Path) -> None:
    first = load_ruleset(root, cache)
    (root / "hospitals/F1").mkdir(parents=True)
    (root / "hospitals/F1/exceptions.csv").write_text(
        "rule,point,department,start,end,reason,approved_by\ndefinite,,,2026-01-01,2026-12-31,试点,医保办\n", "utf-8"
    )
    second = load_ruleset(root, cache)
    assert second.revision != first.revision
    (finding,) = second.audit(Case(request("D1").encounter)).findings
    assert finding.visibility == "excepted"


def test_restored_rule_gives_the_first_file_again(root: Path, cache: Path) -> None:
    first = load_ruleset(root, cache).revision
    kept = (root / "national/definite/knowledge.csv").read_bytes()
    write_rule(root, "definite", rows=("K1,E*,项目,male",), severity="definite")
    load_ruleset(root, cache)
    (root / "national/definite/knowledge.csv").write_bytes(kept)
    assert load_ruleset(root, cache).revision == first
    assert len(files(cache)) == 2


def test_no_half_file_is_left(root: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash before the rename leaves the name free, and the next start makes the file."""
    monkeypatch.setattr(module.os, "fsync", never)
    with pytest.raises(AssertionError, match="compiled again"):
        load_ruleset(root, cache)
    assert not [file for file in files(cache) if file.suffix != ".tmp"]
    monkeypatch.undo()
    assert load_ruleset(root, cache).rules


def test_every_fault_is_told(root: Path, cache: Path) -> None:
    write_rule(root, "definite", kind="no_such_kind")
    write_rule(root, "suspect", rows=("K1,S 1,项目,male",))
    with pytest.raises(PackError) as raised:
        load_ruleset(root, cache)
    assert "no_such_kind" in str(raised.value)
    assert "S 1" in str(raised.value)
    assert not cache.exists()


def test_without_cache_nothing_is_written(root: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert set(load_ruleset(root).rules) == {"definite", "suspect", "on-trial"}
    assert sorted(tmp_path.rglob("*")) == before

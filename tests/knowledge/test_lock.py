"""The lock: nothing changes, vanishes or comes back unnoticed, and a broken lock is never left behind."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from app.knowledge.lock import Locked, lock_faults, read_lock, read_retired, write_lock
from app.knowledge.pack import PackError, read_packs
from tests.knowledge.build import ROWS, write_csv, write_rule

RETIRED = "rule,retired_on,reason,replaced_by"


def faults(root: Path) -> list[str]:
    return lock_faults(read_packs(root), read_lock(root), read_retired(root))


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    """Two rules, locked as they stand."""
    write_rule(tmp_path, "first-rule")
    write_rule(tmp_path, "second-rule", rows=ROWS[:1])
    write_lock(tmp_path, read_packs(tmp_path))
    return tmp_path


def remove(root: Path, name: str) -> None:
    for file in (root / "national" / name).iterdir():
        file.unlink()
    (root / "national" / name).rmdir()


def test_the_lock_lists_every_rule_by_id(locked: Path) -> None:
    first, second = read_packs(locked)
    assert (locked / "lock.csv").read_text() == (
        f"rule,version,sha256\nfirst-rule,1,{first.content_hash}\nsecond-rule,1,{second.content_hash}\n"
    )
    assert read_lock(locked)["first-rule"] == Locked(rule="first-rule", version=1, sha256=first.content_hash)
    assert faults(locked) == []


def test_locking_twice_changes_nothing(locked: Path) -> None:
    before = (locked / "lock.csv").read_bytes()
    write_lock(locked, list(reversed(read_packs(locked))))
    assert (locked / "lock.csv").read_bytes() == before
    assert sorted(path.name for path in locked.iterdir()) == ["lock.csv", "national"]


def test_a_raised_version_asks_for_the_lock_and_gets_it(locked: Path) -> None:
    write_rule(locked, "first-rule", version="2")
    (fault,) = faults(locked)
    assert "first-rule: version 2 is not in lock.csv yet; run `mingjian rules lock`" in fault
    write_lock(locked, read_packs(locked))
    assert faults(locked) == []


def test_a_new_rule_asks_for_the_lock_and_gets_it(locked: Path) -> None:
    write_rule(locked, "third-rule", rows=ROWS[1:])
    (fault,) = faults(locked)
    assert "third-rule: not in lock.csv yet; run `mingjian rules lock`" in fault
    write_lock(locked, read_packs(locked))
    assert list(read_lock(locked)) == ["first-rule", "second-rule", "third-rule"]


def change_message(root: Path) -> None:
    write_rule(root, "first-rule", message="{item}不可用。")


def change_knowledge(root: Path) -> None:
    write_rule(root, "first-rule", rows=ROWS[:1])


def lower_version(root: Path) -> None:
    write_rule(root, "first-rule", version="5")
    write_lock(root, read_packs(root))
    write_rule(root, "first-rule", version="4")


def take_away(root: Path) -> None:
    remove(root, "first-rule")


def use_a_retired_id(root: Path) -> None:
    write_csv(root / "retired.csv", RETIRED, "first-rule,2026-01-31,并入新规则,second-rule")


def replace_by_nothing(root: Path) -> None:
    write_csv(root / "retired.csv", RETIRED, "older-rule,2026-01-31,并入新规则,no-such-rule")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (change_message, "changed since version 1 was locked; write version: 2 and run `mingjian rules lock`"),
        (change_knowledge, "changed since version 1 was locked; write version: 2 and run `mingjian rules lock`"),
        (lower_version, "version 4 is lower than 5, which lock.csv holds; write version: 6"),
        (take_away, "the rule 'first-rule' has vanished; put its folder back, or give it a row in retired.csv"),
        (use_a_retired_id, "the id 'first-rule' was retired on 2026-01-31; take a new id"),
        (replace_by_nothing, "'older-rule' is replaced by 'no-such-rule', which is no rule"),
    ],
)
def test_what_people_must_mend_is_told_and_not_locked(locked: Path, change: Callable[[Path], None], told: str) -> None:
    change(locked)
    before = (locked / "lock.csv").read_bytes()
    (fault,) = faults(locked)
    assert told in fault
    with pytest.raises(PackError, match=r"first-rule|older-rule"):
        write_lock(locked, read_packs(locked))
    assert (locked / "lock.csv").read_bytes() == before


def test_a_rule_that_is_retired_leaves_the_lock(locked: Path) -> None:
    remove(locked, "first-rule")
    write_csv(locked / "retired.csv", RETIRED, "first-rule,2026-01-31,政策废止,")
    (fault,) = faults(locked)
    assert "still holds 'first-rule', which is retired; run `mingjian rules lock`" in fault
    write_lock(locked, read_packs(locked))
    assert list(read_lock(locked)) == ["second-rule"]
    assert faults(locked) == []


def test_a_retired_rule_may_keep_its_folder(locked: Path) -> None:
    write_csv(locked / "retired.csv", RETIRED, "first-rule,2026-01-31,政策废止,")
    write_rule(locked, "first-rule", version="2", status="retired")
    write_lock(locked, read_packs(locked))
    assert faults(locked) == []


def test_without_a_lock_every_rule_is_asked_for(tmp_path: Path) -> None:
    write_rule(tmp_path)
    assert read_lock(tmp_path) == {}
    assert len(faults(tmp_path)) == 1


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (["rule,version"], "line 1: the column 'sha256' is missing; the columns are rule,version,sha256"),
        (["rule,version,sha256,by"], "line 1: unknown column 'by'"),
        (["rule,version,sha256", f"a,one,{'0' * 64}"], "line 2: version is 'one'"),
        (["rule,version,sha256", f"a,0,{'0' * 64}"], "line 2: version is '0'"),
        (["rule,version,sha256", f"a,1,{'0' * 63}"], "line 2: sha256 is"),
        (["rule,version,sha256", f"a,,{'0' * 64}"], "line 2: the cell 'version' is blank; fill it"),
        (["rule,version,sha256", *[f"a,1,{'0' * 64}"] * 2], "line 3: 'a' stands above already"),
    ],
)
def test_a_broken_lock_is_told_by_line(tmp_path: Path, rows: list[str], told: str) -> None:
    write_csv(tmp_path / "lock.csv", *rows)
    with pytest.raises(PackError) as caught:
        read_lock(tmp_path)
    assert str(caught.value).startswith(str(tmp_path / "lock.csv"))
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (",2026-01-31,废止,", "line 2: the cell 'rule' is blank"),
        ("a,,废止,", "line 2: the cell 'retired_on' is blank"),
        ("a,2026-01-31,,", "line 2: the cell 'reason' is blank"),
        ("a,31.1.2026,废止,", "line 2: retired_on is '31.1.2026'"),
    ],
)
def test_a_retired_rule_needs_a_date_and_a_reason(tmp_path: Path, row: str, told: str) -> None:
    write_csv(tmp_path / "retired.csv", RETIRED, row)
    with pytest.raises(PackError) as caught:
        read_retired(tmp_path)
    assert told in str(caught.value)


def test_a_write_that_fails_leaves_the_old_lock_and_nothing_else(locked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (locked / "lock.csv").read_bytes()
    write_rule(locked, "third-rule", rows=ROWS[1:])

    def fail(*_: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="no space"):
        write_lock(locked, read_packs(locked))
    assert (locked / "lock.csv").read_bytes() == before
    assert sorted(path.name for path in locked.iterdir()) == ["lock.csv", "national"]

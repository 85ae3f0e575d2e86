"""The self-check finds every fault of a folder of rules, whatever kind of fault it is, and none where all is well."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.engine.kinds import KINDS
from app.engine.self_check import self_check
from app.knowledge.lock import write_lock
from app.knowledge.pack import read_packs
from tests.knowledge.build import ROWS, rule_document, write_csv, write_rule

HIT, MISS = rule_document()["examples"]
WHEN = "2026-01-01,2026-06-30,专科医院,李主任"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_rule(tmp_path, "first-rule")
    write_rule(tmp_path, "second-rule", rows=ROWS[:1])
    write_lock(tmp_path, read_packs(tmp_path))
    return tmp_path


def faults(root: Path) -> list[str]:
    return self_check(root, every_kind=False)


def rewrite(root: Path, **changes: object) -> None:
    """Change the first rule and lock the change, so that nothing but its content is at fault."""
    write_rule(root, "first-rule", version="2", **changes)  # type: ignore[arg-type]
    write_lock(root, read_packs(root))


def test_sound_rules_have_no_faults(root: Path) -> None:
    assert faults(root) == []


def test_every_kind_must_be_used(root: Path) -> None:
    found = self_check(root)
    assert len(found) == len(KINDS) - 1
    assert any("no rule is of kind 'quantity_limit'" in fault for fault in found)
    assert not any("'restricted_use'" in fault for fault in found)


def unlocked(root: Path) -> None:
    write_rule(root, "first-rule", message="{item}另有说法。")


def broken_lock(root: Path) -> None:
    write_csv(root / "lock.csv", "rule")


def broken_overlay(root: Path) -> None:
    header = "rule,point,department,start,end,reason,approved_by"
    write_csv(root / "hospitals/H43/exceptions.csv", header, f"no-such-rule,,,{WHEN}")


def twin(root: Path) -> None:
    rewrite(root, rows=ROWS[:1])


def uncompilable(root: Path) -> None:
    rewrite(root, kind="no_such_kind")


def uncompilable_draft(root: Path) -> None:
    rewrite(root, kind="no_such_kind", status="draft")


def no_examples(root: Path) -> None:
    rewrite(root, examples=[])


def no_near_miss(root: Path) -> None:
    rewrite(root, examples=[HIT])


def failing_example(root: Path) -> None:
    rewrite(root, examples=[HIT, {**HIT, "hits": []}, MISS])


def failing_example_of_a_retired_rule(root: Path) -> None:
    rewrite(root, status="retired", examples=[HIT, {**MISS, "hits": ["L1"]}, MISS])


def wrong_amount(root: Path) -> None:
    rewrite(root, examples=[{**HIT, "amount": "12.50"}, MISS])


def unreadable_amount(root: Path) -> None:
    rewrite(root, examples=[{**HIT, "amount": "十元"}, MISS])


def unreadable_encounter(root: Path) -> None:
    rewrite(root, examples=[{**HIT, "encounter": {"patient": {"sex": "other"}}}, MISS])


def undeclared_missing_fact(root: Path) -> None:
    unknown = {**MISS, "encounter": {**MISS["encounter"], "patient": {}}}
    rewrite(root, examples=[HIT, MISS, unknown])


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (unlocked, "first-rule: changed since version 1 was locked"),
        (broken_lock, "lock.csv line 1: the column 'version' is missing"),
        (broken_overlay, "exceptions.csv line 2: there is no rule 'no-such-rule'"),
        (twin, "second-rule: has the same points as first-rule"),
        (uncompilable, "there is no kind 'no_such_kind'"),
        (uncompilable_draft, "there is no kind 'no_such_kind'"),
        (no_examples, "first-rule: no example that must hit"),
        (no_near_miss, "first-rule: no example that must not hit"),
        (failing_example, "first-rule: 女性患者使用\n  must hit []\n  did hit  ['L1']"),
        (failing_example_of_a_retired_rule, "first-rule: 男性患者使用\n  must hit ['L1']\n  did hit  []"),
        (wrong_amount, "amount must be 12.50\n  amount is      0"),
        (unreadable_amount, "first-rule: 女性患者使用\n  cannot be read"),
        (unreadable_encounter, "first-rule: 女性患者使用\n  cannot be read: Invalid enum value 'other'"),
        (undeclared_missing_fact, "must miss facts []\n  did miss       ['patient.sex']"),
    ],
)
def test_each_fault_is_found_alone(root: Path, spoil: Callable[[Path], None], told: str) -> None:
    spoil(root)
    (fault,) = faults(root)
    assert told in fault


def test_packs_that_cannot_be_read_are_told_line_by_line(root: Path) -> None:
    write_rule(root, "first-rule", title=None)
    write_rule(root, "second-rule", rows=("K1,001",))
    assert len(faults(root)) == 2


def test_faults_of_all_kinds_are_told_at_once(root: Path) -> None:
    write_rule(root, "first-rule", version="2", examples=[HIT], rows=ROWS[:1])
    broken_overlay(root)
    assert len(faults(root)) == 4

"""Compiling: the same rules give the same bytes, faults are told all at once, and broken bytes are not opened."""

import random
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.domain.decision import Severity
from app.engine.compiled import MAGIC, compile_rules, revision_of
from app.engine.ruleset import Ruleset, open_ruleset
from app.knowledge.overlay import Adjustment, RuleException
from app.knowledge.pack import PackError, read_packs
from app.knowledge.rule import Status
from tests.knowledge.build import HEADER, ROWS, write_rule

LOCAL: dict[str, Any] = {"start": date(2026, 1, 1), "end": date(2026, 6, 30), "reason": "x", "approved_by": "y"}
EXCEPTIONS = [
    RuleException(rule="first-rule", facility="H43", **LOCAL),
    RuleException(rule="second-rule", area="430700", **LOCAL),
    RuleException(rule="first-rule", area="430700", point="K1", **LOCAL),
]
ADJUSTMENTS = [
    Adjustment(rule="first-rule", facility="H43", status=Status.DRAFT, **LOCAL),
    Adjustment(rule="second-rule", facility="H43", severity=Severity.SLIGHTLY_SUSPECT, **LOCAL),
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_rule(tmp_path, "first-rule")
    write_rule(tmp_path, "second-rule", rows=ROWS[:1])
    write_rule(tmp_path, "third-rule", place="areas/430700", status="trial")
    return tmp_path


def test_compiling_twice_gives_the_same_bytes_in_any_order(root: Path) -> None:
    folders, exceptions, adjustments = read_packs(root), list(EXCEPTIONS), list(ADJUSTMENTS)
    compiled = compile_rules(folders, exceptions, adjustments)
    for seed in range(5):
        for some in (folders, exceptions, adjustments):
            random.Random(seed).shuffle(some)
        assert compile_rules(folders, exceptions, adjustments) == compiled


def test_the_revision_is_the_address_of_the_content(root: Path) -> None:
    before = revision_of(read_packs(root))
    assert Ruleset(compile_rules(read_packs(root))).revision == before
    assert len(before) == 32
    write_rule(root, "second-rule", rows=(ROWS[0].replace("male", "female"),))
    after = revision_of(read_packs(root))
    write_rule(root, "second-rule", rows=ROWS[:1])
    assert after != before
    assert revision_of(read_packs(root)) == before


def test_the_place_of_a_rule_is_part_of_the_revision(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    write_rule(one, "a-rule", place="areas/430700")
    write_rule(other, "a-rule", place="areas/430800")
    assert revision_of(read_packs(one)) != revision_of(read_packs(other))


def test_overlays_are_part_of_the_revision(root: Path) -> None:
    folders = read_packs(root)
    revisions = {
        revision_of(folders),
        revision_of(folders, EXCEPTIONS[:1]),
        revision_of(folders, EXCEPTIONS),
        revision_of(folders, (), ADJUSTMENTS[:1]),
        revision_of(folders, EXCEPTIONS, ADJUSTMENTS),
    }
    assert len(revisions) == 5


def test_where_the_files_lie_is_not_part_of_it(tmp_path: Path) -> None:
    for place in ("here", "there"):
        write_rule(tmp_path / place, "a-rule")
    assert compile_rules(read_packs(tmp_path / "here")) == compile_rules(read_packs(tmp_path / "there"))


@pytest.mark.parametrize(("status", "is_loaded"), [("active", 1), ("trial", 1), ("draft", 0), ("retired", 0)])
def test_only_active_and_trial_rules_are_loaded(root: Path, status: str, is_loaded: bool) -> None:
    write_rule(root, "second-rule", rows=ROWS[:1], status=status)
    ruleset = Ruleset(compile_rules(read_packs(root)))
    assert ("second-rule" in ruleset.rules) == is_loaded
    assert "first-rule" in ruleset.rules


def test_a_draft_does_not_change_the_revision(root: Path) -> None:
    before = revision_of(read_packs(root))
    write_rule(root, "fourth-rule", status="draft")
    assert revision_of(read_packs(root)) == before


def test_points_are_kept_in_the_order_of_the_file(root: Path) -> None:
    ruleset = Ruleset(compile_rules(read_packs(root)))
    head = ruleset.rules["first-rule"]
    assert [point.point for point in ruleset.points_of(head)] == ["K1", "K2"]
    assert head.point_count == 2
    assert (ruleset.rules["third-rule"].area, ruleset.rules["third-rule"].status) == ("430700", "trial")


@pytest.mark.parametrize("spoil", [lambda b: b"", lambda b: b[:5], lambda b: b"MJRULES0" + b[8:], lambda b: b"PK" + b])
def test_bytes_that_are_no_ruleset_are_refused(root: Path, spoil: Any) -> None:
    compiled = compile_rules(read_packs(root))
    assert compiled.startswith(MAGIC)
    with pytest.raises(PackError, match="not a compiled ruleset of this version"):
        Ruleset(spoil(compiled))


def test_a_truncated_header_is_refused(root: Path) -> None:
    with pytest.raises(PackError, match="the compiled ruleset is broken"):
        Ruleset(compile_rules(read_packs(root))[:100])


def test_a_ruleset_is_opened_from_its_file(root: Path) -> None:
    compiled = compile_rules(read_packs(root))
    (root / "ruleset").write_bytes(compiled)
    assert open_ruleset(root / "ruleset").revision == Ruleset(compiled).revision


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"kind": "no_such_kind"}, "rule.yaml: there is no kind 'no_such_kind'; use one of"),
        ({"rows": ()}, "knowledge.csv is missing, and kind 'restricted_use' needs it"),
        ({"rows": ("",)}, "knowledge.csv: has no rows"),
        ({"message": "{unknown}有误"}, "message: no finding of kind 'restricted_use' knows unknown"),
        ({"remedy": "请核对{item"}, "remedy: "),
        ({"in_force": {"2025-01-01": {"per": "day"}}}, "rule.yaml: in_force: "),
        ({"rows": ("K1,001,甲,", "K2,002,乙,male")}, "the point 'K1': "),
        ({"rows": ("K1,,甲,male",)}, "knowledge.csv line 2: "),
        ({"rows": ("K1,001,甲,other",)}, "knowledge.csv line 2: sex is 'other'"),
        ({"rows": (ROWS[1], ROWS[0])}, "line 3: 'K1' comes after 'K2'; sort the rows by point"),
        ({"rows": (ROWS[0], ROWS[0])}, "line 3: the point 'K1' stands above already"),
        ({"rows": ("K1,001 002,甲,male",)}, "the point 'K1': '001 002' is not a code pattern"),
        ({"header": "point,item_code,sexes,sex", "rows": ROWS}, "line 1: unknown column 'sexes'"),
        ({"header": "point,item_name", "rows": ("K1,甲",)}, "line 1: the column 'item_code' is missing"),
        (
            {"header": f"{HEADER},effective_start,effective_end", "rows": (f"{ROWS[0]},2026-02-01,2026-01-01",)},
            "line 2: effective_end is before effective_start",
        ),
    ],
)
def test_faults_say_where_and_what_to_do(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    path = write_rule(tmp_path, **changes)
    with pytest.raises(PackError) as caught:
        compile_rules(read_packs(tmp_path))
    assert str(caught.value).startswith(str(path))
    assert told in str(caught.value)


def test_faults_of_all_rules_are_told_at_once(root: Path) -> None:
    write_rule(root, "first-rule", kind="no_such_kind")
    write_rule(root, "second-rule", rows=("K1,001,甲,other",))
    with pytest.raises(PackError) as caught:
        compile_rules(read_packs(root))
    for name, fault in zip(("first", "second"), str(caught.value).splitlines(), strict=True):
        assert name in fault

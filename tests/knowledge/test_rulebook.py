"""Rules about rules: twins, points that never hold, and references that name nothing."""

from pathlib import Path
from typing import Any

import pytest

from app.knowledge.pack import read_packs
from app.knowledge.rulebook import rulebook_faults
from tests.knowledge.build import HEADER, ROWS, write_rule


def faults(root: Path) -> list[str]:
    return rulebook_faults(read_packs(root))


def test_a_sound_rule_has_no_faults(tmp_path: Path) -> None:
    write_rule(tmp_path)
    assert faults(tmp_path) == []


@pytest.mark.parametrize(
    ("second", "are_twins"),
    [
        ({}, True),
        ({"rows": (ROWS[0].replace("甲", "名称另写"), ROWS[1].replace("K2", "Z2"))}, True),
        ({"header": "point,sex,item_code", "rows": ("A,female,002*", "B,male,001")}, True),
        ({"title": "另一标题", "severity": "slightly_suspect"}, True),
        ({"rows": ROWS[:1]}, False),
        ({"rows": (ROWS[0], ROWS[1].replace("female", "male"))}, False),
        ({"kind": "another_kind"}, False),
        ({"place": "areas/430700"}, False),
        ({"status": "retired"}, False),
    ],
)
def test_two_rules_of_a_kind_and_scope_with_the_same_points(
    tmp_path: Path, second: dict[str, Any], are_twins: bool
) -> None:
    write_rule(tmp_path, "first-rule")
    write_rule(tmp_path, "second-rule", **second)
    found = faults(tmp_path)
    assert bool(found) is are_twins
    assert all("second-rule: has the same points as first-rule" in fault for fault in found)


def test_rules_without_knowledge_are_twins_by_their_parameters(tmp_path: Path) -> None:
    write_rule(tmp_path, "first-rule", rows=(), in_force={"2025-01-01": {"grace_days": "0"}})
    write_rule(tmp_path, "second-rule", rows=(), in_force={"2025-01-01": {"grace_days": "1"}})
    assert faults(tmp_path) == []
    write_rule(tmp_path, "second-rule", rows=(), in_force={"2025-01-01": {"grace_days": "0"}})
    assert len(faults(tmp_path)) == 1


@pytest.mark.parametrize(
    ("start", "end", "is_in_force"),
    [
        ("", "", True),
        ("", "2024-12-31", False),
        ("", "2025-01-01", True),
        ("2025-12-31", "", True),
        ("2026-01-01", "", False),
        ("2020-01-01", "2030-01-01", True),
        ("nonsense", "", True),
    ],
)
def test_a_point_that_is_never_in_force(tmp_path: Path, start: str, end: str, is_in_force: bool) -> None:
    rows = (f"{ROWS[0]},,", f"{ROWS[1]},{start},{end}")
    in_force = {"2025-01-01": {}, "2026-01-01": "ended"}
    write_rule(tmp_path, header=f"{HEADER},effective_start,effective_end", rows=rows, in_force=in_force)
    found = faults(tmp_path)
    assert (found == []) is is_in_force
    assert all("knowledge.csv line 3: " in fault and "never while the rule is in force" in fault for fault in found)


def test_a_rule_that_never_holds(tmp_path: Path) -> None:
    path = write_rule(tmp_path, in_force={"2025-01-01": "ended"})
    assert faults(tmp_path) == [
        f"{path / 'rule.yaml'}: in_force has no day on which the rule holds; write from when it does"
    ]


def test_a_blank_reference_names_nothing(tmp_path: Path) -> None:
    write_rule(tmp_path, references=["国家医保局文件", " "])
    assert "a reference is blank" in faults(tmp_path)[0]

"""Ruleset: every rule that holds for a line, a diagnosis or an encounter judges it, and no other rule does."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.decision import Stage
from app.knowledge.pack import Scope
from tests.engine.kinds.build import encounter, line
from tests.engine.probe import audit, rule, ruleset, told

pytestmark = pytest.mark.usefixtures("probes")


@pytest.mark.parametrize(
    ("pattern", "codes", "hit"),
    [
        ("A01", ["A01", "A011", "A0", "a01"], ["A01"]),
        ("A0*", ["A01", "A0", "A1", "BA0"], ["A01", "A0"]),
        ("K35-K36", ["K34.9", "K35", "K36.x1", "K37"], ["K35", "K36.x1"]),
        ("A01|B*", ["A01", "B7", "A02"], ["A01", "B7"]),
        ("A01|A0*|*", ["A01"], ["A01"]),
    ],
)
def test_lines_are_dispatched_by_code(pattern: str, codes: list[str], hit: list[str]) -> None:
    rules = ruleset(rule("a-rule", {"code": pattern}))
    judgement = audit(rules, encounter(*(line(code, code) for code in codes)))
    assert [finding.lines for finding in judgement.findings] == [(code,) for code in hit]
    assert judgement.lines_without_rules == tuple(code for code in codes if code not in hit)


PATTERNS = st.text("AB1", min_size=1, max_size=3).flatmap(lambda code: st.sampled_from([code, code + "*"]))


@given(st.lists(PATTERNS, min_size=1, max_size=12), st.text("AB1", min_size=1, max_size=4))
def test_dispatch_agrees_with_the_plainest_way(patterns: list[str], code: str) -> None:
    points = [{"code": pattern} for pattern in patterns]
    judgement = audit(ruleset(rule("a-rule", *points)), encounter(line("L1", code)))
    assert [finding.point for finding in judgement.findings] == [
        f"K{number:03d}"
        for number, pattern in enumerate(patterns, start=1)
        if (code.startswith(pattern[:-1]) if pattern.endswith("*") else code == pattern)
    ]


def test_a_rule_on_every_item_judges_all_lines_and_knows_none() -> None:
    judgement = audit(ruleset(rule("a-rule", {"code": "*"})), encounter(line("L1", "")))
    assert [finding.lines for finding in judgement.findings] == [("L1",)]
    assert judgement.lines_without_rules == ("L1",)


def test_diagnoses_are_dispatched_by_code() -> None:
    rules = ruleset(
        rule("by-code", {"code": "I63.900"}, kind="probe_diagnosis"),
        rule("by-range", {"code": "I60-I63"}, kind="probe_diagnosis"),
        rule("by-line", {"code": "I63.900"}),
    )
    found = audit(rules, encounter(line("L1", "A"), diagnoses=[{"code": "I63.900"}, {"code": "J18"}, {"name": "?"}]))
    assert told(found) == [("by-code", "K001", ()), ("by-range", "K001", ())]
    assert found.findings[0].facts == {"word": "I63.900"}


def test_a_diagnosis_that_is_sent_twice_is_told_once() -> None:
    rules = ruleset(rule("by-code", {"code": "I63*"}, kind="probe_diagnosis"))
    assert len(audit(rules, encounter(line("L1", "A"), diagnoses=[{"code": "I63"}, {"code": "I63"}])).findings) == 1


def test_every_encounter_is_judged_once_also_without_lines() -> None:
    rules = ruleset(rule("for-all", {}, kind="probe_encounter"))
    for lines in ([], [line("L1", "A"), line("L2", "B")]):
        assert told(audit(rules, encounter(*lines, start_at="2026-03-01T08:00:00"))) == [("for-all", "K001", ())]


def test_findings_come_by_line_then_rule_then_point() -> None:
    rules = ruleset(
        rule("c-rule", {"code": "A"}),
        rule("a-rule", {"code": "A*"}, {"code": "B"}, {"code": "A"}),
        rule("b-rule", {}, kind="probe_encounter"),
    )
    assert told(audit(rules, encounter(line("L2", "A"), line("L1", "B")))) == [
        ("a-rule", "K001", ("L2",)),
        ("a-rule", "K003", ("L2",)),
        ("c-rule", "K001", ("L2",)),
        ("a-rule", "K002", ("L1",)),
        ("b-rule", "K001", ()),
    ]


@pytest.mark.parametrize("stage", list(Stage))
def test_a_rule_judges_in_its_stages_only(stage: Stage) -> None:
    rules = ruleset(rule("a-rule", {"code": "A"}, stages=["settling", "settled"]))
    judgement = audit(rules, encounter(line("L1", "A")), stage)
    assert bool(judgement.findings) is (stage is not Stage.ORDERING)
    assert judgement.lines_without_rules == (("L1",) if stage is Stage.ORDERING else ())


@pytest.mark.parametrize(
    ("facility", "area", "hit"),
    [
        ("F", "", ["national"]),
        ("F", "430700", ["of-area", "national"]),
        ("H43", "", ["national", "of-hospital"]),
        ("H43", "430700", ["of-area", "national", "of-hospital"]),
        ("430700", "H43", ["national"]),
    ],
)
def test_a_rule_judges_in_its_area_and_hospital_only(facility: str, area: str, hit: list[str]) -> None:
    rules = ruleset(
        rule("national", {"code": "A"}),
        rule("of-hospital", {"code": "A"}, scope=Scope(facility="H43")),
        rule("of-area", {"code": "A"}, scope=Scope(area="430700")),
    )
    found = encounter(line("L1", "A"), facility={"id": facility}, coverage={"pooling_area": area})
    assert sorted(finding.rule for finding in audit(rules, found).findings) == sorted(hit)


DATED = {"2024-01-01": {"word": "旧"}, "2026-04-01": {"word": "新"}, "2028-01-01": "ended"}


@pytest.mark.parametrize(
    ("day", "word"),
    [
        ("2023-12-31", None),
        ("2024-01-01", "旧"),
        ("2026-03-31", "旧"),
        ("2026-04-01", "新"),
        ("2027-12-31", "新"),
        ("2028-01-01", None),
    ],
)
def test_the_parameters_are_those_of_the_service_date(day: str, word: str | None) -> None:
    for kind in ("probe_item", "probe_encounter"):
        rules = ruleset(rule("a-rule", {"code": "A"}, kind=kind, in_force=DATED))
        judgement = audit(rules, encounter(line("L1", "A", date.fromisoformat(day))))
        assert [finding.message for finding in judgement.findings] == ([f"说：{word}"] if word else [])


def test_lines_of_one_encounter_are_judged_each_by_its_own_date() -> None:
    rules = ruleset(rule("a-rule", {"code": "A"}, in_force=DATED))
    days = ("2026-04-01", "2023-12-31", "2026-03-31")
    judgement = audit(rules, encounter(*(line(day, "A", date.fromisoformat(day)) for day in days)))
    assert [(finding.lines[0], finding.facts["word"]) for finding in judgement.findings] == [
        ("2026-04-01", "新"),
        ("2026-03-31", "旧"),
    ]
    assert judgement.lines_without_rules == ("2023-12-31",), "no rule holds on that day"


@pytest.mark.parametrize(
    ("day", "points"),
    [
        ("2026-01-31", ["K001"]),
        ("2026-02-01", ["K001", "K002"]),
        ("2026-02-28", ["K001", "K002"]),
        ("2026-03-01", ["K001"]),
        ("2025-12-31", []),
    ],
)
def test_a_point_holds_from_its_first_to_its_last_day(day: str, points: list[str]) -> None:
    effective = {"effective_start": "2026-02-01", "effective_end": "2026-02-28"}
    rules = ruleset(rule("a-rule", {"code": "A"}, {"code": "A", **effective}, in_force={"2026-01-01": {}}))
    judgement = audit(rules, encounter(line("L1", "A", date.fromisoformat(day))))
    assert [finding.point for finding in judgement.findings] == points


STARTS = st.dates(date(2026, 1, 1), date(2026, 1, 12))


@given(st.lists(st.tuples(STARTS, STARTS).map(sorted), min_size=1, max_size=6), STARTS)
def test_the_points_that_hold_on_a_day_all_judge(spans: list[list[date]], day: date) -> None:
    points = [
        {"code": "A", "effective_start": start.isoformat(), "effective_end": end.isoformat()} for start, end in spans
    ]
    judgement = audit(ruleset(rule("a-rule", *points)), encounter(line("L1", "A", day)))
    wanted = [f"K{number:03d}" for number, (start, end) in enumerate(spans, start=1) if start <= day <= end]
    assert [finding.point for finding in judgement.findings] == wanted


def test_facilities_without_rules_of_their_own_share_one_view() -> None:
    rules = ruleset(rule("national", {"code": "A"}), rule("local", {"code": "A"}, scope=Scope(facility="H43")))
    assert rules.view(Stage.ORDERING, "F1") is rules.view(Stage.ORDERING, "F2", "430700")
    assert rules.view(Stage.ORDERING, "H43") is not rules.view(Stage.ORDERING, "F1")
    assert rules.view(Stage.SETTLED, "F1") is not rules.view(Stage.ORDERING, "F1")

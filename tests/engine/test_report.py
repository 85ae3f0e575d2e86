"""Report: what is said of each fault, to whom, and under which id."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.case import Case
from app.domain.decision import Decision, DecisionPolicy, Severity, Stage
from app.domain.finding import Visibility
from app.engine.ruleset import Ruleset
from app.knowledge.overlay import RuleException
from tests.engine.kinds.build import DAY, encounter, line
from tests.engine.probe import audit, rule, ruleset

pytestmark = pytest.mark.usefixtures("probes")
STARTS = st.dates(date(2026, 1, 1), date(2026, 1, 12))


def test_a_trial_is_judged_and_kept_from_the_reader() -> None:
    rules = ruleset(rule("on-trial", {"code": "A"}, status="trial"), rule("shown", {"code": "A"}))
    trial, shown = audit(rules, encounter(line("L1", "A"))).findings
    assert (trial.visibility, trial.decision) == (Visibility.TRIAL, Decision.PASS)
    assert (shown.visibility, shown.decision) == (Visibility.SHOWN, Decision.REQUIRE_REASON)


def test_the_policy_decides_by_stage_and_severity() -> None:
    rules = ruleset(rule("a-rule", {"code": "A"}, severity="highly_suspect"))
    policy = DecisionPolicy({Stage.ORDERING: {Severity.HIGHLY_SUSPECT: Decision.BLOCK}})
    (finding,) = rules.audit(Case(encounter(line("L1", "A"))), policy).findings
    assert finding.decision is Decision.BLOCK


def test_a_line_that_is_not_current_asks_nothing_of_the_reader() -> None:
    rules = ruleset(rule("a-rule", {"code": "A"}))
    (finding,) = audit(rules, encounter(line("L1", "A", current=False))).findings
    assert (finding.is_current, finding.decision) == (False, Decision.PASS)


def test_one_broken_check_does_not_cost_the_others() -> None:
    rules = ruleset(
        rule("a-broken", {"code": "A", "breaks": "check"}),
        rule("b-sound", {"code": "A"}),
        rule("c-broken", {"breaks": "check"}, kind="probe_encounter"),
        rule("d-sound", {}, kind="probe_encounter"),
        rule("e-broken", {"code": "I63", "breaks": "check"}, kind="probe_diagnosis"),
        rule("f-sound", {"code": "I63"}, kind="probe_diagnosis"),
    )
    judgement = audit(rules, encounter(line("L1", "A"), line("L2", "A"), diagnoses=[{"code": "I63"}]))
    assert [finding.rule for finding in judgement.findings] == ["b-sound", "b-sound", "d-sound", "f-sound"]
    assert [(one.rule, one.missing, one.lines) for one in judgement.not_evaluated] == [
        ("a-broken", "internal_error", ("L1", "L2")),
        ("c-broken", "internal_error", ()),
        ("e-broken", "internal_error", ()),
    ]
    assert all("请联系系统管理员" in one.message for one in judgement.not_evaluated)


def test_a_missing_fact_is_told_once_for_all_its_lines() -> None:
    rules = ruleset(rule("a-rule", {"code": "A", "breaks": "patient.sex"}, {"code": "A*", "breaks": "patient.sex"}))
    (told_once,) = audit(rules, encounter(line("L1", "A"), line("L2", "A"))).not_evaluated
    assert (told_once.rule, told_once.missing, told_once.lines) == ("a-rule", "patient.sex", ("L1", "L2"))
    assert "患者性别" in told_once.message


@pytest.mark.parametrize(
    ("judges", "uncovered", "is_judged"),
    [
        ("claimed", "10", False),
        ("claimed", "9.99", True),
        ("claimed", None, True),
        ("all", "10", True),
    ],
)
def test_a_self_paid_line_breaks_no_payment_rule(judges: str, uncovered: str | None, is_judged: bool) -> None:
    rules = ruleset(
        rule("a-rule", {"code": "A"}, judges=judges),
        rule("b-rule", {"code": "A", "breaks": "patient.sex"}, judges=judges),
    )
    judgement = audit(rules, encounter(line("L1", "A", amount=10, uncovered_amount=uncovered)))
    assert bool(judgement.findings) is is_judged
    assert bool(judgement.not_evaluated) is is_judged
    assert judgement.lines_without_rules == ()


def test_a_finding_keeps_its_id_when_sent_again_and_across_revisions() -> None:
    first, second = (ruleset(rule("a-rule", {"code": "A"}, title=title)) for title in ("甲", "乙"))
    sent = encounter(line("L1", "A", amount=5))
    again = encounter(line("L0", "B"), line("L1", "A", amount=7, item_name="改名"), department="D07")
    ids = {audit(rules, case).findings[0].id for rules in (first, second) for case in (sent, again)}
    assert len(ids) == 1
    assert len(ids.pop()) == 32


@pytest.mark.parametrize(
    "other",
    [
        {"line": line("L2", "A")},
        {"rule": rule("another-rule", {"code": "A"})},
        {"rule": rule("a-rule", {"point": "K9", "code": "A"})},
        {"rule": rule("a-rule", {"code": "A"}, word="别的")},
        {"fields": {"id": "E2"}},
        {"fields": {"facility": {"id": "F2"}}},
    ],
)
def test_another_fault_has_another_id(other: dict[str, Any]) -> None:
    def finding_id(change: dict[str, Any]) -> str:
        rules = ruleset(change.get("rule", rule("a-rule", {"code": "A"})))
        sent = encounter(change.get("line", line("L1", "A")), **change.get("fields", {}))
        return audit(rules, sent).findings[0].id

    assert finding_id(other) != finding_id({})


LINES = st.lists(st.tuples(st.sampled_from("ABC"), STARTS, st.integers(0, 500)), max_size=12)


@given(LINES)
def test_the_same_case_gives_the_same_bytes(written: list[tuple[str, date, int]]) -> None:
    folders = [
        rule("b-rule", {"code": "A"}, {"code": "B", "breaks": "patient.sex"}),
        rule("a-rule", {"code": "*"}, in_force={"2026-01-05": {}}),
        rule("c-rule", {}, kind="probe_encounter"),
    ]
    sent = [line(f"L{number}", code, day, amount=amount) for number, (code, day, amount) in enumerate(written)]
    warm: Ruleset = ruleset(*folders)
    first = msgspec.json.encode(audit(warm, encounter(*sent)))
    assert msgspec.json.encode(audit(warm, encounter(*sent))) == first
    assert msgspec.json.encode(audit(ruleset(*reversed(folders)), encounter(*sent))) == first


def exception(**changes: Any) -> RuleException:
    told: dict[str, Any] = {"rule": "a-rule", "start": DAY, "end": DAY, "reason": "专科医院", "approved_by": "李主任"}
    return RuleException(**{**told, "facility": "H43", **changes})


ONE_DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("changes", "is_excepted"),
    [
        ({}, True),
        ({"rule": "b-rule"}, False),
        ({"point": "K001"}, True),
        ({"point": "K002"}, False),
        ({"department": "D07"}, True),
        ({"department": "D08"}, False),
        ({"facility": "H44"}, False),
        ({"facility": "", "area": "430700"}, True),
        ({"facility": "", "area": "430800"}, False),
        ({"start": DAY - ONE_DAY, "end": DAY - ONE_DAY}, False),
        ({"start": DAY + ONE_DAY, "end": DAY + ONE_DAY}, False),
        ({"start": DAY - ONE_DAY, "end": DAY + ONE_DAY}, True),
    ],
)
@pytest.mark.parametrize("kind", ["probe_item", "probe_encounter"])
def test_an_excepted_finding_is_kept_from_the_reader(kind: str, changes: dict[str, Any], is_excepted: bool) -> None:
    rules = ruleset(rule("a-rule", {"code": "A"}, kind=kind), exceptions=[exception(**changes)])
    place: dict[str, Any] = {"facility": {"id": "H43"}, "coverage": {"pooling_area": "430700"}, "department": "D07"}
    (finding,) = audit(rules, encounter(line("L1", "A", DAY), **place)).findings
    assert (finding.visibility is Visibility.EXCEPTED) is is_excepted
    assert (finding.decision is Decision.PASS) is is_excepted


def test_the_department_of_the_line_stands_over_that_of_the_encounter() -> None:
    rules = ruleset(rule("a-rule", {"code": "A"}), exceptions=[exception(department="D07")])
    sent = encounter(line("L1", "A", department="D08"), line("L2", "A"), facility={"id": "H43"}, department="D07")
    assert [one.visibility for one in audit(rules, sent).findings] == [Visibility.SHOWN, Visibility.EXCEPTED]


@pytest.mark.parametrize(
    ("fields", "amount"),
    [
        ({}, None),
        ({"amount": "12.5"}, "12.50"),
        ({"amount": "12.5", "uncovered_amount": "2.5"}, "10.00"),
        ({"unit_price": "1.115", "quantity": 3}, "3.35"),
        ({"amount": 0}, "0.00"),
    ],
)
def test_the_amount_at_issue_is_what_is_claimed(fields: dict[str, Any], amount: str | None) -> None:
    (finding,) = audit(ruleset(rule("a-rule", {"code": "A"})), encounter(line("L1", "A", **fields))).findings
    assert finding.amount_at_issue == (None if amount is None else Decimal(amount))
    assert amount is None or str(finding.amount_at_issue) == amount


def test_a_finding_says_where_it_comes_from() -> None:
    folder = rule(
        "a-rule", {"code": "A", "basis": "说明书"}, version=7, references=["甲文件", "乙文件"], remedy="改{item}"
    )
    rules = ruleset(folder)
    (finding,) = audit(rules, encounter(line("L1", "A", item_name="阿司匹林"))).findings
    assert (finding.rule, finding.rule_version, finding.ruleset) == ("a-rule", 7, rules.revision)
    assert (finding.point, finding.basis, finding.references) == ("K001", "说明书", ("甲文件", "乙文件"))
    assert (finding.message, finding.remedy) == ("说：-", "改阿司匹林")

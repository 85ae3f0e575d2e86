"""A block is given only for what is certain, and always says how it is passed."""

from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.audit import Audit, Judgement
from app.domain.block import INSTEAD, PASSED_BY, tempered, told_of, without_block
from app.domain.decision import Decision, Severity, Stage
from app.domain.finding import Finding, NotEvaluated

D, H, S = Severity
BLOCK, REASON = Decision.BLOCK, Decision.REQUIRE_REASON


def finding(
    rule: str = "a", severity: Severity = D, decision: Decision = BLOCK, lines: tuple[str, ...] = ("L1",)
) -> Finding:
    return Finding(
        id=f"{rule}{severity}{decision}{lines}", rule=rule, rule_version=1, ruleset="r", point="K1", title="t",
        category="c", severity=severity, message="m", remedy="r", lines=lines, decision=decision,
    )  # fmt: skip


def judgement(*findings: Finding, missing: tuple[NotEvaluated, ...] = ()) -> Judgement:
    return Judgement(ruleset="r", findings=findings, not_evaluated=missing, lines_without_rules=())


def missing(rule: str = "a", *lines: str) -> NotEvaluated:
    return NotEvaluated(rule=rule, missing="patient.sex", lines=lines)


@pytest.mark.parametrize(
    ("found", "open_points", "is_degraded", "decision"),
    [
        (finding(), (), False, BLOCK),
        (finding(severity=H), (), False, REASON),
        (finding(severity=S), (), False, REASON),
        (finding(), (), True, REASON),
        (finding(), (missing("a", "L1"),), False, REASON),
        (finding(), (missing("a"),), False, REASON),  # of the encounter
        (finding(), (missing("a", "L2"),), False, BLOCK),  # of another line
        (finding(), (missing("b", "L1"),), False, BLOCK),  # of another rule
        (finding(), (missing("a", "L2"), missing("a")), False, REASON),
        (finding(), (missing("a"), missing("a", "L2")), False, REASON),
        (finding(lines=()), (missing("a", "L1"),), False, REASON),  # about the encounter: any line may matter
        (finding(lines=("L1", "L2")), (missing("a", "L2"),), False, REASON),
        (finding(decision=Decision.INFORM), (), True, Decision.INFORM),
        (finding(decision=REASON), (missing("a"),), True, REASON),
    ],
)
def test_what_blocks(
    found: Finding, open_points: tuple[NotEvaluated, ...], is_degraded: bool, decision: Decision
) -> None:
    (after,) = tempered(judgement(found, missing=open_points), is_degraded=is_degraded).findings
    assert after.decision is decision


findings = st.builds(
    finding,
    rule=st.sampled_from("abc"),
    severity=st.sampled_from(Severity),
    decision=st.sampled_from(Decision),
    lines=st.lists(st.sampled_from(["L1", "L2", "L3"]), max_size=2, unique=True).map(tuple),
)
gaps = st.builds(
    lambda rule, lines: missing(rule, *lines), st.sampled_from("abc"), st.lists(st.sampled_from(["L1", "L2"]))
)


@given(st.lists(findings, max_size=6), st.lists(gaps, max_size=4), st.booleans())
def test_nothing_else_changes(found: list[Finding], open_points: list[NotEvaluated], is_degraded: bool) -> None:
    before = judgement(*found, missing=tuple(open_points))
    after = tempered(before, is_degraded=is_degraded)
    assert (after.not_evaluated, after.ruleset) == (before.not_evaluated, before.ruleset)
    for old, new in zip(before.findings, after.findings, strict=True):
        assert new == old or (old.decision, new.decision) == (BLOCK, INSTEAD)
        assert new.decision.strictness <= old.decision.strictness
        if new.decision is BLOCK:
            assert new.severity is D
            assert not is_degraded
            for gap in open_points:
                assert gap.rule != new.rule or (gap.lines and new.lines and not {*gap.lines} & {*new.lines})
    assert tempered(after, is_degraded=is_degraded) == after


@given(st.lists(findings, max_size=6))
def test_what_blocks_says_how_it_is_passed(found: list[Finding]) -> None:
    decision, override = told_of(found)
    assert (decision is BLOCK) == (override == PASSED_BY)
    assert all(one.decision.strictness <= decision.strictness for one in found)


@pytest.mark.parametrize("decisions", list(product(Decision, Decision)))
def test_an_audit_that_may_not_block_after_all(decisions: tuple[Decision, Decision]) -> None:
    found = tuple(finding(rule, decision=one) for rule, one in zip("ab", decisions, strict=True))
    decision, override = told_of(found)
    audit = Audit(
        id="1", audited_at=datetime(2026, 1, 1, tzinfo=UTC), stage=Stage.SETTLING, encounter="E1", ruleset="r",
        decision=decision, findings=found, not_evaluated=(), data_issues=(), lines_without_rules=(), override=override,
    )  # fmt: skip
    after = without_block(audit)
    assert BLOCK not in {after.decision, *[one.decision for one in after.findings]}
    assert not after.override
    assert (after.decision, after.override) == told_of(after.findings)
    assert after == audit or decision is BLOCK

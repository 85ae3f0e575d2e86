"""Assert coverage (支付判断): what an audit says of each order's payment by the fund.

`covered` means that no rule objects, never that the fund will pay: that is decided at settlement.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from app.domain.audit import INCOMPLETE, Audit, is_incomplete
from app.domain.codes import is_national_item_code
from app.domain.decision import Severity
from app.domain.encounter import Encounter, InsuranceType
from app.domain.finding import Finding
from app.domain.line import FormularyClass, Line
from app.engine.compiled import RuleHead
from app.engine.ruleset import Ruleset
from app.knowledge.rule import Judges

_LIMITS = frozenset({"quantity_limit", "daily_dose"})  # what lies within the limit stays payable


class Cover(StrEnum):
    COVERED = "covered"
    NOT_COVERED = "not-covered"
    CONDITIONAL = "conditional"
    INDETERMINATE = "indeterminate"  # something of ours was out of reach


class Ground(StrEnum):
    """On what an assertion rests."""

    CLEAN = "clean"
    FINDING = "finding"
    UNCODED = "uncoded"  # no national code
    SELF_PAID = "self_paid"
    OFF_FORMULARY = "off_formulary"
    NOT_INSURED = "not_insured"
    HISTORY = "history"  # the past could not be read in time


class Assertion(NamedTuple):
    cover: Cover
    ground: Ground
    reason: str
    findings: tuple[str, ...] = ()


_SELF_PAID = Assertion(Cover.NOT_COVERED, Ground.SELF_PAID, "患者自费")
_NOT_INSURED = Assertion(Cover.NOT_COVERED, Ground.NOT_INSURED, "本次就诊不使用医保")
_OFF_FORMULARY = Assertion(Cover.NOT_COVERED, Ground.OFF_FORMULARY, "医保目录外项目")
_UNCODED = Assertion(Cover.CONDITIONAL, Ground.UNCODED, "没有医保目录编码，无法判断")
_UNREAD = Assertion(Cover.INDETERMINATE, Ground.HISTORY, "患者既往数据暂不可用，未能判断")
_CLEAN = Assertion(Cover.COVERED, Ground.CLEAN, "未发现不符合支付规则之处，以医保结算为准")
_CLASS_C = FormularyClass.C  # asked of every line: an enum's own look-up takes longer than all the rest


def assert_coverage(
    audit: Audit, ruleset: Ruleset, encounter: Encounter, lines: Iterable[Line]
) -> dict[str, Assertion]:
    """An assertion for each of the lines, by their ids."""
    against: dict[str, list[Finding]] = {}
    for finding in audit.findings:
        if ruleset.rules[finding.rule].judges is Judges.CLAIMED:
            for line_id in finding.lines:
                against.setdefault(line_id, []).append(finding)
    open_lines: frozenset[str] = frozenset()
    if "overload" in audit.degraded:
        lines = tuple(lines)
        open_lines = frozenset([line.id for line in lines])
    elif is_incomplete(audit.degraded):
        open_lines = frozenset([one for gap in audit.not_evaluated if gap.missing in INCOMPLETE for one in gap.lines])
    rules, is_insured = ruleset.rules, encounter.coverage.insurance_type is not InsuranceType.NONE

    def assertion(line: Line) -> Assertion:
        if not line.is_claimed:
            return _SELF_PAID
        if not is_insured:
            return _NOT_INSURED
        if line.formulary_class is _CLASS_C:
            return _OFF_FORMULARY
        if (findings := against.get(line.id)) is not None:
            return _objected(findings, rules)
        if not is_national_item_code(line.item_code):
            return _UNCODED
        return _UNREAD if line.id in open_lines else _CLEAN

    return {line.id: assertion(line) for line in lines}


def _objected(findings: list[Finding], rules: Mapping[str, RuleHead]) -> Assertion:
    ids = tuple([one.id for one in findings])
    certain = [one for one in findings if one.severity is Severity.DEFINITE and rules[one.rule].kind not in _LIMITS]
    told = (certain or findings)[0].message
    return Assertion(Cover.NOT_COVERED if certain else Cover.CONDITIONAL, Ground.FINDING, told, ids)

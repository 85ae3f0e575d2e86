"""Finding (疑点): what a rule has against one or more lines, and what could not be judged."""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from app.domain.decision import Decision, Severity


class Visibility(StrEnum):
    """Who gets to see a finding; every one is stored."""

    SHOWN = "shown"
    TRIAL = "trial"  # the rule is on trial: staff only
    EXCEPTED = "excepted"  # the area or the hospital has excepted it, with a reason and an end date


class Finding(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One rule's objection. The same fault of the same lines has the same id whenever it is sent again.

    `amount_at_issue` is in yuan, None where the lines give no amount. `facts` holds what the judgement rests on, as
    text, by name; `message` and `remedy` are made from it.
    """

    id: str
    rule: str
    rule_version: int
    ruleset: str
    point: str
    title: str
    category: str
    severity: Severity
    message: str
    remedy: str
    lines: tuple[str, ...]
    related_lines: tuple[str, ...] = ()
    amount_at_issue: Decimal | None = None
    facts: dict[str, str] = {}
    basis: str = ""
    references: tuple[str, ...] = ()
    decision: Decision = Decision.PASS
    is_current: bool = True
    visibility: Visibility = Visibility.SHOWN


class NotEvaluated(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A rule that could not be judged for want of a fact: said aloud, so that silence always means clean."""

    rule: str
    missing: str
    lines: tuple[str, ...] = ()
    message: str = ""


class DataIssue(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something odd in what was sent that does not stop the audit (数据质量)."""

    code: str
    message: str
    lines: tuple[str, ...] = ()

"""The shapes of an explained finding (疑点详情的结构), as REST answers them and OpenAPI describes them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

from msgspec import Struct

from app.application.trace_finding import Trace
from app.domain.decision import Decision, Severity, Stage
from app.domain.disposition import Action
from app.domain.review import DeadlineStep, ReviewAction, ReviewState
from app.interfaces.rest.finding_rows import FindingRow
from app.knowledge.rule import Judges

LineRole = Literal["at_fault", "related", "other", "history"]


class ToldRule(Struct, frozen=True, kw_only=True):
    """`is_as_judged`: as the ruleset `revision` says it, which judged; else as it is in force now. `point` is the row
    of its knowledge, `parameters` those that held on the day, from `start` to `end`.
    """

    id: str
    title: str
    version: int
    revision: str
    is_as_judged: bool
    kind: str
    code: str
    rule_class: str
    category: str
    severity: Severity
    stages: tuple[Stage, ...]
    judges: Judges
    message: str
    remedy: str
    references: tuple[str, ...]
    false_positives: tuple[str, ...]
    second_person: bool
    point: Mapping[str, Any] | None
    parameters: Mapping[str, Any] | None
    start: date | None
    end: date | None


class ToldLine(Struct, frozen=True, kw_only=True):
    """`facility` and `encounter` where it is of another encounter."""

    id: str
    kind: Literal["order", "charge"]
    role: LineRole
    service_date: date
    item_code: str
    name: str
    quantity: str
    unit: str
    unit_price: str | None
    total: str | None
    uncovered: str | None
    claimed: str | None
    department: str
    practitioner: str
    facility: str = ""
    encounter: str = ""


class Arithmetic(Struct, frozen=True, kw_only=True):
    """`claimed_total` is what the lines at fault claim together, null where one does not say; `amount_at_issue` what
    the rule found of it; `facts` what it was reckoned from.
    """

    claimed_total: str | None
    amount_at_issue: str | None
    facts: Mapping[str, str]


class Evidence(Struct, frozen=True, kw_only=True):
    """What the audit that found it last was sent and said. `patient` is masked; `hidden_lines` are not shown;
    `history_encounters` were looked at, of which the finding rests on the lines of role `history`.
    """

    patient: str
    point: str
    basis: str
    remedy: str
    decision: Decision
    references: tuple[str, ...]
    lines: list[ToldLine]
    hidden_lines: int
    history_encounters: int
    arithmetic: Arithmetic


class ToldAudit(Struct, frozen=True, kw_only=True):
    audit: str
    at: datetime
    stage: Stage
    ruleset: str
    rule_version: int
    severity: Severity
    decision: Decision
    amount: str | None


class ToldAnswer(Struct, frozen=True, kw_only=True):
    at: datetime
    by: str
    practitioner: str
    action: Action
    reason: str


class ToldStep(Struct, frozen=True, kw_only=True):
    """`data`: what went with it, as refund in cents, attachments, deadline."""

    number: int
    at: datetime
    by: str
    role: str
    action: ReviewAction
    from_state: ReviewState
    to_state: ReviewState
    reason_code: str
    reason: str
    comment: str
    data: Mapping[str, Any]


class ToldAttachment(Struct, frozen=True, kw_only=True):
    """`digest` is its SHA-256."""

    id: str
    name: str
    type: str
    size: int
    digest: str
    at: datetime
    by: str


class Outcomes(Struct, frozen=True, kw_only=True):
    """What became of all findings of the rule in the department within a year."""

    total: int
    undecided: int
    confirmed: int
    false_positive: int
    excepted: int
    lapsed: int
    amount: str
    confirmed_amount: str
    refund: str


class Alike(Struct, frozen=True, kw_only=True):
    """Of the same rule in the same department, the latest first."""

    findings: list[FindingRow]
    outcomes: Outcomes | None


class AllowedAction(Struct, frozen=True, kw_only=True):
    """What the caller may do now; `reasons` are its codes, of which one must be given where there are any."""

    action: ReviewAction
    text: str
    reasons: Mapping[str, str]


class ToldDeadline(Struct, frozen=True, kw_only=True):
    """`working_days_left` is below zero when it is over; `is_sure`: the holidays until then are known."""

    date: date
    step: DeadlineStep
    text: str
    working_days_left: int
    is_sure: bool


class ExplainedFinding(Struct, frozen=True, kw_only=True):
    """`evidence` null: the audit's content was erased. `related` are other findings of the encounter."""

    finding: FindingRow
    rule: ToldRule | None
    evidence: Evidence | None
    audits: list[ToldAudit]
    answers: list[ToldAnswer]
    steps: list[ToldStep]
    attachments: list[ToldAttachment]
    related: list[FindingRow]
    alike: Alike
    trace: Trace
    actions: list[AllowedAction]
    deadline: ToldDeadline | None

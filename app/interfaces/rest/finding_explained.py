"""The whole explanation of a finding as REST tells it (疑点详情格式)."""

from decimal import Decimal

from app.application.explain_finding import Explanation
from app.application.finding_file import Content, EvidenceLine
from app.application.rule_texts import RuleText
from app.domain.decision import Decision
from app.domain.line import ChargeLine, Line
from app.domain.masking import mask_text
from app.domain.money import plain
from app.domain.review import Review, ReviewStep
from app.domain.review_labels import ACTION_LABELS, DEADLINE_LABELS
from app.domain.review_reasons import REASONS
from app.interfaces.rest.finding_query import yuan
from app.interfaces.rest.finding_rows import row_of
from app.interfaces.rest.finding_shapes import (
    Alike,
    AllowedAction,
    Arithmetic,
    Evidence,
    ExplainedFinding,
    LineRole,
    Outcomes,
    ToldAnswer,
    ToldAttachment,
    ToldAudit,
    ToldDeadline,
    ToldLine,
    ToldRule,
    ToldStep,
)
from app.store.reviews import Attachment, Facet

_BRIEF = ("id", "state", "rule", "title", "message", "severity", "amount", "first_found_at", "encounter", "reason_code")
_OF_RULE = (
    "id", "title", "version", "kind", "code", "rule_class", "category", "severity", "stages", "judges", "message",
    "remedy", "references", "false_positives", "second_person",
)  # fmt: skip


def explained(one: Explanation) -> ExplainedFinding:
    file = one.file
    return ExplainedFinding(
        finding=row_of(file.review),
        rule=None if one.rule is None else _rule(one.rule),
        evidence=None if file.content is None else _evidence(file.content),
        audits=[
            ToldAudit(
                audit=told.audit, at=told.at, stage=told.stage, ruleset=told.ruleset, rule_version=told.rule_version,
                severity=told.severity, decision=told.decision, amount=yuan(told.amount_cents),
            )
            for told in one.sightings
        ],
        answers=[ToldAnswer(**{**told._asdict(), "reason": mask_text(told.reason)}) for told in one.answers],
        steps=[step_of(step) for step in file.steps],
        attachments=[attachment_of(attachment) for attachment in file.attachments],
        related=[row_of(other, _BRIEF) for other in file.related],
        alike=Alike(findings=[row_of(other, _BRIEF) for other in one.alike], outcomes=_outcomes(one.outcomes)),
        trace=file.trace,
        actions=[
            AllowedAction(action=action, text=ACTION_LABELS[action], reasons=REASONS.get(action, {}))
            for action in one.actions
        ],
        deadline=_deadline(file.review, one),
    )  # fmt: skip


def step_of(step: ReviewStep) -> ToldStep:
    return ToldStep(
        number=step.number, at=step.at, by=step.by, role=step.role, action=step.action, from_state=step.from_state,
        to_state=step.to_state, reason_code=step.reason_code,
        reason=REASONS.get(step.action, {}).get(step.reason_code, ""), comment=mask_text(step.comment), data=step.data,
    )  # fmt: skip


def attachment_of(one: Attachment) -> ToldAttachment:
    return ToldAttachment(
        id=one.id, name=one.name, type=one.type, size=one.size, digest=one.digest.hex(), at=one.at, by=one.by
    )


def _rule(one: RuleText) -> ToldRule:
    head = one.head
    told = {name: getattr(head, name) for name in _OF_RULE}
    return ToldRule(
        **told, revision=one.revision, is_as_judged=one.is_as_judged, point=one.point, parameters=one.parameters,
        start=one.start, end=one.end,
    )  # fmt: skip


def _evidence(content: Content) -> Evidence:
    found = content.finding
    past = [_line(one.line, "history", one.facility, one.encounter) for one in content.past]
    return Evidence(
        patient=content.patient,
        point=found.point if found else "",
        basis=found.basis if found else "",
        remedy=found.remedy if found else "",
        decision=found.decision if found else Decision.PASS,
        references=found.references if found else (),
        lines=[*(_line(one.line, _role(one)) for one in content.lines), *past],
        hidden_lines=content.hidden_lines,
        history_encounters=content.history,
        arithmetic=_arithmetic(content),
    )


def _arithmetic(content: Content) -> Arithmetic:
    claimed = [one.line.claimed_amount for one in content.lines if one.is_at_fault]
    known = [amount for amount in claimed if amount is not None]
    found = content.finding
    return Arithmetic(
        claimed_total=_number(sum(known, Decimal(0))) if known and len(known) == len(claimed) else None,
        amount_at_issue=_number(found.amount_at_issue) if found else None,
        facts=found.facts if found else {},
    )


def _role(one: EvidenceLine) -> LineRole:
    return "at_fault" if one.is_at_fault else "related" if one.is_related else "other"


def _line(line: Line, role: LineRole, facility: str = "", encounter: str = "") -> ToldLine:
    return ToldLine(
        id=line.id, kind="charge" if isinstance(line, ChargeLine) else "order", role=role,
        service_date=line.service_date, item_code=line.item_code or line.local_item_code, name=line.name,
        quantity=plain(line.quantity), unit=line.unit, unit_price=_number(line.unit_price),
        total=_number(line.total_amount), uncovered=_number(line.uncovered_amount),
        claimed=_number(line.claimed_amount), department=line.department, practitioner=line.practitioner.id,
        facility=facility, encounter=encounter,
    )  # fmt: skip


def _number(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


def _outcomes(one: Facet | None) -> Outcomes | None:
    if one is None:
        return None
    return Outcomes(
        total=one.total, undecided=one.undecided, confirmed=one.confirmed, false_positive=one.false_positive,
        excepted=one.excepted, lapsed=one.lapsed, amount=yuan(one.amount_cents) or "",
        confirmed_amount=yuan(one.confirmed_cents) or "", refund=yuan(one.refund_cents) or "",
    )  # fmt: skip


def _deadline(review: Review, one: Explanation) -> ToldDeadline | None:
    if review.deadline is None or review.deadline_step is None or one.time_left is None:
        return None
    return ToldDeadline(
        date=review.deadline, step=review.deadline_step, text=DEADLINE_LABELS[review.deadline_step],
        working_days_left=one.time_left.working_days, is_sure=one.time_left.is_sure,
    )  # fmt: skip

"""Review guards (办理条件): what must hold besides state and permission; each says in words why not, or nothing."""

from collections.abc import Callable
from typing import NamedTuple

from app.domain.access import Permission
from app.domain.money import LARGEST
from app.domain.review import DeadlineStep, Review, ReviewState
from app.domain.review_command import LONGEST_COMMENT, MOST_ATTACHMENTS, Attempt, Ground
from app.domain.review_deadlines import escalation_due
from app.domain.review_policy import LONGEST
from app.domain.review_reasons import OTHER, REASONS

_HEARINGS = {ReviewState.FIRST_APPEAL, ReviewState.SECOND_APPEAL, ReviewState.FINAL_APPEAL}


class Guard(NamedTuple):
    ground: Ground
    refusal: Callable[[Attempt], str]  # blank: nothing stands against it


def apart_from(review: Review) -> frozenset[str]:
    """Who may not act next on the office's side, for what they did before."""
    if review.state is ReviewState.AWAITING_SECOND:
        return frozenset({review.decided_by})
    if review.state in _HEARINGS:
        return frozenset({review.decided_by, review.approved_by, review.appealed_by, *review.appeal_deciders} - {""})
    if review.state is ReviewState.RECTIFIED:
        return frozenset({review.rectified_by})
    return frozenset()


def _not_accused(attempt: Attempt) -> str:
    accused = attempt.review.practitioner
    return "不能办理涉及本人的疑点，请由他人办理" if accused and attempt.command.doctor == accused else ""


def _not_apart(attempt: Attempt) -> str:
    if attempt.command.by.id not in apart_from(attempt.review):
        return ""
    if attempt.review.state is ReviewState.AWAITING_SECOND:
        return "复核人不能是作出结论的人，请由另一人复核"
    if attempt.review.state is ReviewState.RECTIFIED:
        return "复查人不能是提交整改的人，请由另一人复查"
    return "作出原结论、提出申诉或办理过前一轮申诉的人不能办理本轮申诉，请由另一人办理"


def _proposed_it(attempt: Attempt) -> str:
    return "" if attempt.command.by.id == attempt.review.decided_by else "只有送审人本人可以撤回，复核人请用“复核退回”"


def _holds_it(attempt: Attempt) -> str:
    holder, by = attempt.review.assignee, attempt.command.by
    if holder in {"", by.id} or by.may(Permission.FINDING_APPROVE):
        return ""
    return "该疑点已分派给他人，请先改派"


def _lead_where_second(attempt: Attempt) -> str:
    cleared = ReviewState.FALSE_POSITIVE
    if attempt.command.by.may(Permission.FINDING_APPROVE) or not attempt.policy.wants_second(attempt.review, cleared):
        return ""
    return "该疑点须经复核，申诉成立只能由审核负责人认定"


def _not_trial(attempt: Attempt) -> str:
    return "试运行规则的疑点不申诉、不整改，确认后可直接办结" if attempt.review.is_trial else ""


def may_still_appeal(review: Review) -> bool:
    """Whether the department's right is open, as far as the review says; the day is another matter."""
    return review.deadline_step is DeadlineStep.APPEAL


def _appeal_open(attempt: Attempt) -> str:
    if not may_still_appeal(attempt.review):
        return "申诉权利已用尽或已放弃"
    if attempt.review.deadline is not None and attempt.today > attempt.review.deadline:
        return f"申诉期限已于{attempt.review.deadline}届满"
    return ""


def _appeal_over(attempt: Attempt) -> str:
    if _appeal_open(attempt):
        return ""
    return f"申诉期限至{attempt.review.deadline}，请待科室认可或期满后再办理"


def _has_run_out(attempt: Attempt) -> str:
    deadline = attempt.review.deadline
    is_over = may_still_appeal(attempt.review) and deadline is not None and attempt.today > deadline
    return "" if is_over else "申诉期限尚未届满"


def _escalation_is_due(attempt: Attempt) -> str:
    due = escalation_due(attempt.review, attempt.today, attempt.calendar, attempt.policy)
    return "" if due > attempt.review.escalation else "尚未到提醒的日期"


def _says_why(attempt: Attempt) -> str:
    command = attempt.command
    allowed = REASONS[command.action]
    if command.reason_code not in allowed:
        return "请选择理由：" + "、".join(allowed.values())
    if command.reason_code == OTHER and not command.comment.strip():
        return "理由为“其他”时须填写说明"
    return ""


def _has_words(attempt: Attempt) -> str:
    return "" if attempt.command.comment.strip() else "请填写内容"


def _fits(attempt: Attempt) -> str:
    command = attempt.command
    if len(command.comment) > LONGEST_COMMENT:
        return f"说明不得超过{LONGEST_COMMENT}字"
    if len(command.attachments) > MOST_ATTACHMENTS:
        return f"附件不得超过{MOST_ATTACHMENTS}个"
    if command.working_days is not None and not 1 <= command.working_days <= LONGEST:
        return f"期限须为1至{LONGEST}个工作日"
    return ""


def _yuan(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _refund_given(attempt: Attempt) -> str:
    refund, owed = attempt.command.refund_cents, attempt.review.amount_cents
    most = int(LARGEST * 100) if owed is None else owed
    if refund is None or not 0 <= refund <= most:
        return "请填写退费金额" + ("" if owed is None else f"（0至{_yuan(owed)}元）")
    if owed is not None and refund < owed and not attempt.command.comment.strip():
        return f"退费少于涉及金额{_yuan(owed)}元，请说明理由"
    return ""


def _evidence_given(attempt: Attempt) -> str:
    if attempt.command.attachments or not attempt.policy.evidence_needed:
        return ""
    return "请上传整改佐证材料"


def _assignee_fits(attempt: Attempt) -> str:
    to = attempt.command.assignee
    if not to:
        return "请选择办理人"
    return "该人员须回避，请选择他人" if to in apart_from(attempt.review) else ""


NOT_ACCUSED = Guard(Ground.SEPARATION, _not_accused)
NOT_APART = Guard(Ground.SEPARATION, _not_apart)
PROPOSED_IT = Guard(Ground.SEPARATION, _proposed_it)
HOLDS_IT = Guard(Ground.SEPARATION, _holds_it)
LEAD_WHERE_SECOND = Guard(Ground.SEPARATION, _lead_where_second)
NOT_TRIAL = Guard(Ground.STATE, _not_trial)
APPEAL_OPEN = Guard(Ground.STATE, _appeal_open)
APPEAL_OVER = Guard(Ground.STATE, _appeal_over)
HAS_RUN_OUT = Guard(Ground.STATE, _has_run_out)
ESCALATION_IS_DUE = Guard(Ground.STATE, _escalation_is_due)
SAYS_WHY = Guard(Ground.INCOMPLETE, _says_why)
HAS_WORDS = Guard(Ground.INCOMPLETE, _has_words)
FITS = Guard(Ground.INCOMPLETE, _fits)
REFUND_GIVEN = Guard(Ground.INCOMPLETE, _refund_given)
EVIDENCE_GIVEN = Guard(Ground.INCOMPLETE, _evidence_given)
ASSIGNEE_FITS = Guard(Ground.INCOMPLETE, _assignee_fits)

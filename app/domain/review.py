"""Review (复核): what the audit office knows of one finding, and what was done about it, step by step."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum

from msgspec import Struct

from app.domain.decision import Severity, Stage
from app.domain.disposition import Action
from app.domain.encounter import CareType, InsuranceType


class ReviewState(StrEnum):
    OPEN = "open"  # 待审核
    LAPSED = "lapsed"  # 已消失: a later audit of the encounter no longer finds it
    IN_REVIEW = "in_review"  # 审核中
    AWAITING_SECOND = "awaiting_second"  # 待复核: decided, and waiting for a second person
    CONFIRMED = "confirmed"  # 已确认
    FALSE_POSITIVE = "false_positive"  # 误报
    EXCEPTED = "excepted"  # 合理例外
    FIRST_APPEAL = "first_appeal"  # 申诉初审中
    FIRST_REJECTED = "first_rejected"  # 初审驳回: the department may go on
    SECOND_APPEAL = "second_appeal"  # 申诉复审中
    SECOND_REJECTED = "second_rejected"  # 复审驳回
    FINAL_APPEAL = "final_appeal"  # 申诉终审中
    RECTIFYING = "rectifying"  # 整改中
    RECTIFIED = "rectified"  # 待复查
    CLOSED = "closed"  # 已办结


class ReviewAction(StrEnum):
    TAKE_UP = "take_up"  # 受理
    RELEASE = "release"  # 退回待办
    CONFIRM = "confirm"  # 确认违规
    DISMISS = "dismiss"  # 判为误报
    EXCEPT = "except"  # 判为合理例外
    APPROVE = "approve"  # 复核通过
    SEND_BACK = "send_back"  # 复核退回
    RECALL = "recall"  # 撤回送审
    ACCEPT = "accept"  # 科室认可: no appeal, or no further one
    APPEAL = "appeal"  # 申诉
    WITHDRAW_APPEAL = "withdraw_appeal"  # 撤回申诉
    GRANT = "grant"  # 申诉成立（误报）
    GRANT_EXCEPTION = "grant_exception"  # 申诉成立（合理例外）
    REJECT = "reject"  # 驳回申诉
    ORDER_RECTIFICATION = "order_rectification"  # 下达整改
    REPORT_RECTIFIED = "report_rectified"  # 提交整改
    PASS_RECHECK = "pass_recheck"  # noqa: S105 - 复查通过
    FAIL_RECHECK = "fail_recheck"  # 复查不通过
    CLOSE = "close"  # 无需整改，办结
    REOPEN = "reopen"  # 重新审核
    ASSIGN = "assign"  # 分派
    COMMENT = "comment"  # 留言
    ANSWER = "answer"  # 科室说明
    VANISH = "vanish"  # 系统: no longer found
    REAPPEAR = "reappear"  # 系统: found again
    EXPIRE = "expire"  # 系统: a right has run out
    ESCALATE = "escalate"  # 系统: a deadline is near, or has come


class DeadlineStep(StrEnum):
    """What a deadline is for."""

    REVIEW = "review"  # 审核
    SECOND = "second"  # 复核
    APPEAL = "appeal"  # 提出申诉: the department's right, in each round
    APPEAL_DECISION = "appeal_decision"  # 申诉办理
    RECTIFY = "rectify"  # 整改
    RECHECK = "recheck"  # 复查


class Review(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The state of one finding as of `version`. `id` is the finding's; `steps` counts what was done to it, and with
    each step `version` rises by one. What an audit or a doctor's answer changes may raise `version` without a step.

    `decided_by` proposed the decision, and made it where no second person is needed; `approved_by` is that second
    person. `appeal_round` counts the rounds entered since the decision (0 to 3), `appeal_deciders` who rejected them.
    `appealed_by` appealed last; `rectified_by` reported the mending. `escalation` is 0, 1 (whoever must act was told)
    or 2 (the lead was).
    """

    id: str
    state: ReviewState
    facility: str
    encounter: str
    rule: str
    rule_version: int
    category: str
    severity: Severity
    stage: Stage
    title: str
    message: str
    lines: tuple[str, ...]
    first_found_at: datetime
    last_found_at: datetime
    last_audit: str
    version: int = 1
    steps: int = 0
    campus: str = ""
    department: str = ""
    practitioner: str = ""
    patient_key: str = ""  # keyed hash; no identity is here
    rule_class: str = ""
    insurance_type: InsuranceType = InsuranceType.UNKNOWN
    care_type: CareType = CareType.UNKNOWN
    amount_cents: int | None = None
    times_found: int = 1
    last_audit_seq: int = 0
    is_trial: bool = False
    needs_second: bool = False  # the rule says so
    doctor_answer: Action | None = None
    is_answered: bool = False  # the department has said something
    assignee: str = ""
    proposed: ReviewState | None = None
    decided_by: str = ""
    approved_by: str = ""
    reason_code: str = ""
    deadline: date | None = None
    deadline_step: DeadlineStep | None = None
    escalation: int = 0
    escalated_at: datetime | None = None
    appeal_round: int = 0
    appealed_by: str = ""
    appeal_deciders: tuple[str, ...] = ()
    refund_cents: int | None = None
    rectified_by: str = ""


StepData = Mapping[str, str | int | bool | tuple[str, ...] | None]


class ReviewStep(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing done to a review; never changed afterwards. `number` counts from 1 without gaps. `comment` is free text
    and may name somebody: it belongs among what can be erased.
    """

    review: str
    number: int
    at: datetime
    by: str
    role: str
    action: ReviewAction
    from_state: ReviewState
    to_state: ReviewState
    reason_code: str = ""
    comment: str = ""
    data: StepData = {}

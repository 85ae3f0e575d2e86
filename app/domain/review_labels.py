"""Review labels (复核用语): how states, actions and deadlines are said to staff and departments."""

from collections.abc import Mapping

from app.domain.review import DeadlineStep
from app.domain.review import ReviewAction as Action
from app.domain.review import ReviewState as State

STATE_LABELS: Mapping[State, str] = {
    State.OPEN: "待审核",
    State.LAPSED: "已消失",
    State.IN_REVIEW: "审核中",
    State.AWAITING_SECOND: "待复核",
    State.CONFIRMED: "已确认",
    State.FALSE_POSITIVE: "误报",
    State.EXCEPTED: "合理例外",
    State.FIRST_APPEAL: "申诉初审中",
    State.FIRST_REJECTED: "初审驳回",
    State.SECOND_APPEAL: "申诉复审中",
    State.SECOND_REJECTED: "复审驳回",
    State.FINAL_APPEAL: "申诉终审中",
    State.RECTIFYING: "整改中",
    State.RECTIFIED: "待复查",
    State.CLOSED: "已办结",
}

ACTION_LABELS: Mapping[Action, str] = {
    Action.TAKE_UP: "受理",
    Action.RELEASE: "退回待办",
    Action.CONFIRM: "确认违规",
    Action.DISMISS: "判为误报",
    Action.EXCEPT: "判为合理例外",
    Action.APPROVE: "复核通过",
    Action.SEND_BACK: "复核退回",
    Action.RECALL: "撤回送审",
    Action.ACCEPT: "科室认可",
    Action.APPEAL: "申诉",
    Action.WITHDRAW_APPEAL: "撤回申诉",
    Action.GRANT: "申诉成立（误报）",
    Action.GRANT_EXCEPTION: "申诉成立（合理例外）",
    Action.REJECT: "驳回申诉",
    Action.ORDER_RECTIFICATION: "下达整改",
    Action.REPORT_RECTIFIED: "提交整改",
    Action.PASS_RECHECK: "复查通过",
    Action.FAIL_RECHECK: "复查不通过",
    Action.CLOSE: "无需整改，办结",
    Action.REOPEN: "重新审核",
    Action.ASSIGN: "分派",
    Action.COMMENT: "留言",
    Action.ANSWER: "科室说明",
    Action.VANISH: "疑点消失",
    Action.REAPPEAR: "疑点再现",
    Action.EXPIRE: "逾期失效",
    Action.ESCALATE: "到期提醒",
}

DEADLINE_LABELS: Mapping[DeadlineStep, str] = {
    DeadlineStep.REVIEW: "审核期限",
    DeadlineStep.SECOND: "复核期限",
    DeadlineStep.APPEAL: "申诉期限",
    DeadlineStep.APPEAL_DECISION: "申诉办理期限",
    DeadlineStep.RECTIFY: "整改期限",
    DeadlineStep.RECHECK: "复查期限",
}

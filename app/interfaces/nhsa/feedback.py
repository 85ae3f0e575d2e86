"""3103 明细审核反馈: what the doctor or clerk did about each finding.

Every feedback is stored. An id that is not known here, a repeated or contradicting one are no failures (the client
could not mend them); `output.result` says of each what became of it. A missing reason is stored as missing, unless the
profile asks for one: then the whole message is refused, and nothing is stored.
"""

from collections.abc import Callable
from datetime import datetime

from app.application.record_disposition import DispositionRecorder
from app.domain.disposition import Action, Disposition
from app.interfaces.nhsa.answer import cut
from app.interfaces.nhsa.endpoint import Call
from app.interfaces.nhsa.leaves import Reader, objects
from app.interfaces.nhsa.message import Warn
from app.interfaces.nhsa.translate import NoEncounter, data_of

_ACTION = {"1": Action.PROCEED, "2": Action.REVISE}
_REASON_LENGTH = 4000  # clients send up to 500


class FeedbackTransaction:
    def __init__(self, recorder: DispositionRecorder, now: Callable[[], datetime] = datetime.now) -> None:
        self._recorder, self._now = recorder, now

    async def __call__(self, call: Call) -> bytes:
        """Raises NoEncounter (the text says what is missing) where the message holds no usable feedback."""
        siblings, data = data_of(call.message)
        warns: list[Warn] = objects(data.warns) or objects(siblings.warns)
        if not warns:
            raise NoEncounter("报文缺少反馈信息 warns")
        operator = Reader().text("opter", call.message.opter)
        dispositions = [_disposition(warn, operator, number, call) for number, warn in enumerate(warns, 1)]
        outcomes = await self._recorder.record(dispositions, caller=call.caller)
        result = [
            {"warn_rslt_id": cut(one.finding, 50), "status": outcome.value}
            for one, outcome in zip(dispositions, outcomes, strict=True)
        ]
        return call.envelope.success({"result": result}, self._now())


def _disposition(warn: Warn, operator: str, number: int, call: Call) -> Disposition:
    reader = Reader()
    finding = reader.text("warn_rslt_id", warn.warn_rslt_id)
    action = _ACTION.get(reader.text("dspo_way", warn.dspo_way))
    reason = reader.text("dspo_way_rea", warn.dspo_way_rea, _REASON_LENGTH)
    if not finding:
        raise NoEncounter(f"第{number}条反馈缺少 warn_rslt_id")
    if action is None:
        raise NoEncounter(f"第{number}条反馈的 dspo_way 应为 1（继续执行）或 2（返回修改）")
    if action is Action.PROCEED and not reason and call.profile.feedback_needs_reason:
        raise NoEncounter(f"第{number}条反馈选择继续执行，应填写 dspo_way_rea 处理原因")
    return Disposition(finding=finding, action=action, reason=reason, practitioner=operator)

"""3101 明细审核事前分析 and 3102 明细审核事中分析: judge what was sent, record it, answer in the national form."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from app.application.audit_encounter import EncounterAuditor, Judged
from app.application.authorise import check_place, place_of
from app.application.deadline import Deadline, Deadlines
from app.application.unnumbered_visits import VisitOf
from app.domain.decision import Stage
from app.domain.finding import DataIssue
from app.interfaces.nhsa.answer import result_of
from app.interfaces.nhsa.endpoint import AUDITS, Call
from app.interfaces.nhsa.tickets import Tickets
from app.interfaces.nhsa.translate import Asked, Head, data_of, read_head, read_requests

_STAGE = {"3101": Stage.ORDERING, "3102": Stage.SETTLING}


class AuditTransaction:
    def __init__(
        self,
        auditor: EncounterAuditor,
        tickets: Tickets,
        visit_of: VisitOf,
        now: Callable[[], datetime] = datetime.now,
        deadlines: Deadlines | None = None,
    ) -> None:
        self._auditor, self._tickets, self._visit_of, self._now = auditor, tickets, visit_of, now
        self._deadlines = deadlines or Deadlines()

    async def __call__(self, call: Call) -> bytes:
        """Raises NoEncounter where there is nothing to audit, OutOfScope for another's patients."""
        _, data = data_of(call.message)
        head = read_head(call.message, data, self._now())
        stage = _STAGE[AUDITS[call.infno]]
        deadline = self._deadlines.of(stage, call.started, call.asked_ms)
        asked = read_requests(call.message, stage, call.profile, head, self._visit_of)
        for one in asked:
            check_place(call.who, place_of(one.request.encounter))
        judged = await self._judge(asked, deadline)
        answer = self._answer(call, head, asked, judged)
        recording = [
            self._auditor.record(one, call.body, caller=call.caller, sent=answer, deadline=deadline) for one in judged
        ]
        await (recording[0] if len(recording) == 1 else asyncio.gather(*recording))  # a task each is dear
        return answer

    async def _judge(self, asked: list[Asked], deadline: Deadline) -> list[Judged]:
        ruleset = self._auditor.ruleset()  # one for the whole message, whatever is published meanwhile
        return [
            await self._auditor.judge(one.request, _issues(one), ruleset, is_body=False, deadline=deadline)
            for one in asked
        ]

    def _answer(self, call: Call, head: Head, asked: list[Asked], judged: list[Judged]) -> bytes:
        rules = judged[0].ruleset.rules
        wanted = {rule.id for rule in rules.values() if {rule.id, rule.code} & head.rule_ids} if head.rule_ids else None
        findings = [
            (finding, one)
            for one, result in zip(asked, judged, strict=True)
            for finding in result.audit.findings
            if not wanted or finding.rule in wanted
        ]
        task_id = head.task_id or judged[0].audit.id
        result, left_out = result_of(findings, call.profile, task_id, lambda rule: rules[rule].code or rule)
        extra = None
        if call.profile.popup_base and result:
            extra = self._tickets.addresses(call.profile, [one.audit.id for one in judged])
        warning = _warning(left_out, judged)
        output = {"result": (result[0] if result else None) if call.profile.result_as_object else result}
        return call.envelope.success(output, self._now(), extra, warning)


def _warning(left_out: int, judged: list[Judged]) -> str:
    """What the form of the answer has no other place for."""
    warnings = [f"另有 {left_out} 条提示未列出，请在审核系统查看"] if left_out else []
    if any("history" in one.audit.degraded for one in judged):
        rules = {one.rule for result in judged for one in result.audit.not_evaluated if one.missing == "history"}
        warnings.append(f"患者既往数据暂不可用，{len(rules)} 条规则未能审核，恢复后自动补审")
    if any("time" in one.audit.degraded for one in judged):
        warnings.append("审核时限已到，部分规则未能审核，系统将自动补审")
    if any("overload" in one.audit.degraded for one in judged):
        warnings.append("系统繁忙，本次未审核，请继续诊疗")
    return "；".join(warnings)


def _issues(asked: Asked) -> tuple[DataIssue, ...]:
    if not asked.notes:
        return ()
    return (DataIssue(code="message_not_understood", message="报文中有未能识别的内容：" + "；".join(asked.notes)),)

"""The hosted popup (弹窗页): findings in plain HTML for a HIS that only opens an address, and a poll for the outcome."""

from collections import defaultdict
from decimal import Decimal
from urllib.parse import parse_qs

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined

from app.application.record_disposition import DispositionRecorder
from app.domain.audit import Audit
from app.domain.disposition import Action, Disposition
from app.domain.finding import Finding
from app.domain.labels import SEVERITY_LABELS
from app.domain.money import ZERO
from app.interfaces.asgi import Receive, Scope, Send, read_body, respond
from app.interfaces.nhsa.tickets import BadTicket, Tickets
from app.store.audit_log import AuditLog

_HTML = b"text/html;charset=utf-8"
_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
_FORM_LIMIT = 256 * 1024
_decode = msgspec.json.Decoder(Audit).decode


class Popup:
    def __init__(self, tickets: Tickets, log: AuditLog, recorder: DispositionRecorder, path: str) -> None:
        self._tickets, self._log, self._recorder, self._path = tickets, log, recorder, path
        environment = Environment(
            loader=PackageLoader("app.interfaces.nhsa"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._template = environment.get_template("popup.html")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        ticket, _, rest = scope["path"].removeprefix(f"{self._path}/").partition("/")
        try:
            findings = await self._findings(self._tickets.audits_of(ticket))
        except (BadTicket, ValueError):
            await self._page(send, 404, ended=True)
            return
        if rest == "outcome":
            await self._tell_outcome(findings, send)
        elif scope["method"] == "POST":
            form = parse_qs((await read_body(scope, receive, _FORM_LIMIT)).decode("utf-8", "replace"))
            await self._answer(findings, {name: values[0] for name, values in form.items()}, send)
        else:
            held = await self._recorder.latest([one.id for one in findings])
            chosen = {finding: one.action.value for finding, one in held.items()}
            await self._show(findings, chosen, {finding: one.reason for finding, one in held.items()}, "", send)

    async def _findings(self, audits: list[str]) -> list[Finding]:
        found: dict[str, Finding] = {}
        for audit_id in audits:
            stored = await self._log.find(audit_id)
            if stored is None:
                raise BadTicket
            found.update((finding.id, finding) for finding in _decode(stored.audit).findings)
        return list(found.values())

    async def _answer(self, findings: list[Finding], form: dict[str, str], send: Send) -> None:
        chosen = {one.id: form.get(f"action.{number}", "revise") for number, one in enumerate(findings)}
        reasons = {one.id: form.get(f"reason.{number}", "").strip()[:200] for number, one in enumerate(findings)}
        for number, one in enumerate(findings, 1):
            if chosen[one.id] not in (Action.PROCEED, Action.REVISE):
                await self._show(findings, chosen, reasons, f"第{number}条的处理方式无效，请重新选择。", send)
                return
            if chosen[one.id] == Action.PROCEED and not reasons[one.id]:
                await self._show(findings, chosen, reasons, f"第{number}条选择了继续执行，请填写理由。", send)
                return
        dispositions = [
            Disposition(finding=one.id, action=Action(chosen[one.id]), reason=reasons[one.id]) for one in findings
        ]
        await self._recorder.record(dispositions, caller="popup")
        may_continue = all(one.action is Action.PROCEED for one in dispositions)
        await self._page(send, 200, answered=True, may_continue=may_continue)

    async def _tell_outcome(self, findings: list[Finding], send: Send) -> None:
        """`data` "1": every finding is answered with continue; "2": at least one goes back; "0": not answered yet."""
        held = await self._recorder.latest([one.id for one in findings])
        if any(one.action is Action.REVISE for one in held.values()):
            data = "2"
        else:
            data = "1" if len(held) == len(findings) else "0"
        body = msgspec.json.encode({"code": "0", "data": data})
        await respond(send, 200, body, extra=_HEADERS)

    async def _show(
        self, findings: list[Finding], chosen: dict[str, str], reasons: dict[str, str], fault: str, send: Send
    ) -> None:
        total = sum((one.amount_at_issue or ZERO for one in findings), Decimal(0))
        await self._page(
            send,
            200,
            findings=findings,
            chosen=defaultdict(str, chosen),
            reasons=defaultdict(str, reasons),
            fault=fault,
            total=total,
        )

    async def _page(self, send: Send, status: int, **words: object) -> None:
        blank = {"ended": False, "answered": False, "may_continue": False, "findings": [], "fault": "", "total": None}
        page = self._template.render({**blank, **words, "severity_labels": SEVERITY_LABELS})
        await respond(send, status, page.encode(), _HTML, _HEADERS)

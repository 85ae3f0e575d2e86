"""The hosted popup (弹窗页): findings in plain HTML for a HIS that only opens an address; a poll tells the outcome."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined

from app.application.record_disposition import DispositionRecorder
from app.domain.audit import Audit
from app.domain.disposition import Action, Disposition
from app.domain.finding import Finding
from app.domain.labels import SEVERITY_LABELS
from app.domain.money import ZERO
from app.interfaces.asgi import Receive, Scope, Send, read_body, respond
from app.interfaces.nhsa.dictionaries import SEVERITY_CODE
from app.interfaces.nhsa.tickets import BadTicket, Tickets
from app.store.audit_log import AuditLog, NotRecorded, StoredAudit

_HTML = b"text/html;charset=utf-8"
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; object-src 'none'; "
    "frame-ancestors {}"
)
_FORM_LIMIT = 256 * 1024
_UNKNOWN_OUTCOME = msgspec.json.encode({"code": "-1", "data": "0"})
_BLANK = {
    "ended": False, "answered": False, "may_continue": False, "findings": [], "fault": "", "total": None, "back": "",
    "severity_labels": SEVERITY_LABELS,
}  # fmt: skip
_decode = msgspec.json.Decoder(Audit).decode


Told = Callable[[StoredAudit], Awaitable[set[str] | None]]
Note = Callable[[Sequence[Disposition], str], Awaitable[None]]


async def told_to_his(stored: StoredAudit) -> set[str] | None:
    """What the answer to the HIS told of: its profile and its message may have asked for less than was found."""
    return _ids_in(stored.sent)


async def note_nothing(dispositions: Sequence[Disposition], caller: str) -> None:
    """Nobody counts the answers."""


class Popup:
    def __init__(
        self,
        tickets: Tickets,
        log: AuditLog,
        recorder: DispositionRecorder,
        path: str,
        *,
        told: Told = told_to_his,
        note: Note = note_nothing,
        origins: Collection[str] = (),
        frames: Collection[str] = (),
    ) -> None:
        """`told`: the findings of an audit that the doctor was told of, None for all; `note` hears of answers that are
        recorded; `origins`: of pages to which `?back=` may lead; `frames`: of pages that may show it within them.
        """
        self._tickets, self._log, self._recorder, self._path = tickets, log, recorder, path
        self._told, self._note, self._origins = told, note, frozenset(origins)
        self._headers = (
            (b"cache-control", b"no-store"),
            (b"content-security-policy", _POLICY.format(" ".join(frames) or "'none'").encode("latin-1")),
            (b"referrer-policy", b"no-referrer"),
            (b"x-content-type-options", b"nosniff"),
        )
        environment = Environment(
            loader=PackageLoader("app.interfaces.nhsa"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._template = environment.get_template("popup.html")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        ticket, _, rest = scope["path"].removeprefix(f"{self._path}/").partition("/")
        try:
            audits = self._tickets.audits_of(ticket)
            findings = await self._findings(audits)
        except BadTicket:
            if rest == "outcome":
                await respond(send, 404, _UNKNOWN_OUTCOME, extra=self._headers)
            else:
                await self._page(send, 404, ended=True)
            return
        if rest == "outcome":
            await self._tell_outcome(findings, _caller(audits), send)
        elif scope["method"] == "POST":
            form = parse_qs((await read_body(scope, receive, _FORM_LIMIT)).decode("utf-8", "replace"))
            told = {name: values[0] for name, values in form.items()}
            await self._answer(findings, _caller(audits), told, self._back(scope), send)
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
            told = await self._told(stored)
            for finding in _decode(stored.audit).findings:
                if told is None or finding.id in told:
                    found[finding.id] = finding
        return sorted(found.values(), key=lambda one: SEVERITY_CODE[one.severity])

    async def _answer(self, findings: list[Finding], caller: str, form: dict[str, str], back: str, send: Send) -> None:
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
        try:
            await self._recorder.record(dispositions, caller=caller)
        except NotRecorded:
            await self._show(findings, chosen, reasons, "暂时无法保存，请稍后重试。", send)
            return
        await self._note(dispositions, caller)
        may_continue = all(one.action is Action.PROCEED for one in dispositions)
        await self._page(send, 200, answered=True, may_continue=may_continue, back=back)

    def _back(self, scope: Scope) -> str:
        """The address to which the page was asked to lead back, where it may; blank for none."""
        query = parse_qs(scope.get("query_string", b"").decode("ascii", "replace"))
        back = query.get("back", [""])[0]
        try:
            parts = urlsplit(back)
        except ValueError:
            return ""
        is_web = parts.scheme in ("http", "https") and f"{parts.scheme}://{parts.netloc}" in self._origins
        return back if is_web else ""

    async def _tell_outcome(self, findings: list[Finding], caller: str, send: Send) -> None:
        """`data` "1": every finding is answered with continue; "2": at least one goes back; "0": not answered yet.

        A reason given before holds on; that an order went back before says nothing of the one sent since.
        """
        ids = [one.id for one in findings]
        held, here = await self._recorder.latest(ids), await self._recorder.latest(ids, caller)
        actions = [one.action for one in (held | here).values() if one.action is Action.PROCEED or one.finding in here]
        data = "2" if Action.REVISE in actions else "1" if len(actions) == len(findings) else "0"
        body = msgspec.json.encode({"code": "0", "data": data})
        await respond(send, 200, body, extra=self._headers)

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
        page = self._template.render({**_BLANK, **words})
        await respond(send, status, page.encode(), _HTML, self._headers)


def _caller(audits: list[str]) -> str:
    """Who is recorded as having answered: the page of this audit."""
    return f"popup:{audits[0]}"


def _ids_in(sent: bytes) -> set[str] | None:
    """The findings of an answer; None where its profile has room for one only, and so for no choice."""
    result = msgspec.json.decode(sent)["output"]["result"] if sent else None
    return {one["jr_id"] for one in result} if isinstance(result, list) else None

"""One finding (疑点详情): the case, what was done about it, and what whoever reads it may do now."""

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from starlette.datastructures import UploadFile

from app.application.explain_finding import Explanation
from app.application.read_trail import NotYet
from app.application.review_findings import UnknownReview
from app.application.unmask import NoReason, NotForThem
from app.domain.access import Caller, Permission
from app.domain.identity import IdentityKind
from app.domain.review import Review, ReviewAction
from app.domain.review_command import MOST_ATTACHMENTS, Command, NotAllowed
from app.domain.review_reasons import REASONS
from app.interfaces.caller import SignedIn
from app.interfaces.console.finding_desk import FindingDesk
from app.interfaces.console.finding_form import command_of
from app.interfaces.console.finding_query import LIST
from app.interfaces.console.forms import Form, read_form
from app.interfaces.console.page_route import PageRoute
from app.interfaces.console.pages import HEADERS
from app.interfaces.errors import too_large
from app.store.audit_log import NotRecorded
from app.store.reviews import LARGEST_ATTACHMENT, LostUpdate
from app.store.vault import LookedUp

ATTACHMENTS = "/console/attachments"
_SPOKEN = (ReviewAction.COMMENT, ReviewAction.ANSWER)
_GONE = "没有这个疑点，或它不在您的管辖范围内。"
_AWAY = "数据库暂时没有应答，本次操作没有生效，请稍后再试。"
_IDENTITY = {
    IdentityKind.NAME: "姓名", IdentityKind.IDENTITY_NUMBER: "证件号码", IdentityKind.PATIENT: "患者标识",
    IdentityKind.CARD: "卡号", IdentityKind.PHONE: "电话", IdentityKind.ADDRESS: "住址",
    IdentityKind.BIRTH_DATE: "出生日期",
}  # fmt: skip
_ONE = f"{LIST}/{{finding_id}}"


def finding_pages(work: FindingDesk) -> APIRouter:
    routes = APIRouter(include_in_schema=False, route_class=PageRoute)
    _add_reading(routes, work)
    _add_steps(routes, work)
    _add_attachments(routes, work)
    return routes


def _add_reading(routes: APIRouter, work: FindingDesk) -> None:
    @routes.get(_ONE)
    async def show(finding_id: str, request: Request, caller: SignedIn) -> Response:
        is_drawer = request.headers.get("hx-request") == "true"
        found = await work.explainer.explain(finding_id, caller, f"GET {LIST}/{{id}}")
        if found is None and is_drawer:
            return work.pages.part("_fault.html", status=404, fault=_GONE)
        if found is None:
            return work.pages.page(request, "no_finding.html", title="疑点详情", status=404, fault=_GONE)
        context = await _context(work, found, caller)
        if is_drawer:
            return await work.part("_finding_drawer.html", **context)
        return await work.page(request, "finding.html", title="疑点详情", **context)

    _add_proof(routes, work)
    _add_unmasking(routes, work)


def _add_proof(routes: APIRouter, work: FindingDesk) -> None:
    @routes.get(f"{_ONE}/proof")
    async def prove(finding_id: str, caller: SignedIn) -> Response:
        try:
            proof = await work.files.proof(finding_id, caller)
        except NotYet:
            return Response("存证检查点尚未生成，请十秒后再试。", 404, HEADERS, "text/plain; charset=utf-8")
        if proof is None:
            return Response(_GONE, 404, HEADERS, "text/plain; charset=utf-8")
        headers = {**HEADERS, "content-disposition": f'attachment; filename="entry-{proof.number}.tlog-proof"'}
        return Response(proof.encode(), 200, headers, "text/plain; charset=utf-8")


def _add_unmasking(routes: APIRouter, work: FindingDesk) -> None:
    @routes.post(f"{_ONE}/unmask")
    async def unmask(finding_id: str, request: Request, caller: SignedIn) -> Response:
        reason = (await read_form(request)).one("reason", 500)
        review = (await work.store.get([finding_id], caller.scope)).get(finding_id)
        try:
            told = None if review is None else await work.unmasker.unmask(review.last_audit, caller, reason)
        except NotForThem:
            return work.pages.part("_fault.html", status=403, fault="只有登录的授权人员可以查看患者身份。")
        except NoReason:
            return work.pages.part("_fault.html", status=422, fault="请填写查看理由（5 至 500 字）。")
        except NotRecorded:
            return work.pages.part("_fault.html", status=503, fault=_AWAY)
        if told is None:
            return work.pages.part("_fault.html", status=404, fault=_GONE)
        return work.pages.part("_identity.html", fields=[(_IDENTITY[one.kind], one.value) for one in told])


def _add_steps(routes: APIRouter, work: FindingDesk) -> None:
    @routes.post(f"{_ONE}/steps")
    async def act(finding_id: str, request: Request, caller: SignedIn) -> Response:
        form = await read_form(request)
        command, version = command_of(form, caller), form.number("version")
        if command is None or version is None:
            return await _again(work, finding_id, caller, 422, "提交的内容无法识别，请重新填写。", form)
        return await _act(work, finding_id, command, version, form)


async def _act(work: FindingDesk, finding: str, command: Command, version: int, form: Form) -> Response:
    caller = command.by
    try:
        await work.desk.act(finding, command, version)
    except NotAllowed as refusal:
        return await _again(work, finding, caller, 422, refusal.text, form)
    except LostUpdate:
        return await _again(work, finding, caller, 409, "您打开之后，该疑点已被更改；请核对下列变化后再处理。", form)
    except UnknownReview:
        return work.pages.part("_fault.html", status=404, fault=_GONE)
    except NotRecorded:
        return await _again(work, finding, caller, 503, _AWAY, form)
    return await _again(work, finding, caller, 200, "", None)


def _add_attachments(routes: APIRouter, work: FindingDesk) -> None:
    @routes.post(f"{_ONE}/attachments")
    async def upload(finding_id: str, request: Request, caller: SignedIn) -> Response:
        files = await _files(request)
        if not files:
            return await _again(work, finding_id, caller, 422, "请选择文件。", None)
        try:
            for name, content in files:
                await work.attachments.attach(finding_id, name, content, caller)
        except NotAllowed as refusal:
            return await _again(work, finding_id, caller, 422, refusal.text, None)
        except LookupError:
            return work.pages.part("_fault.html", status=404, fault=_GONE)
        except NotRecorded:
            return await _again(work, finding_id, caller, 503, _AWAY, None)
        return await _again(work, finding_id, caller, 200, "", None)

    @routes.get(f"{ATTACHMENTS}/{{attachment_id}}")
    async def download(attachment_id: str, caller: SignedIn) -> Response:
        found = await work.store.attached(attachment_id, caller.scope)
        if found is None:
            return Response("没有这个附件。", 404, HEADERS, "text/plain; charset=utf-8")
        attachment, content = found
        review = (await work.store.get([attachment.review], caller.scope)).get(attachment.review)
        patients = [LookedUp(review.patient_key)] if review is not None and review.patient_key else []
        what = f"GET {ATTACHMENTS}/{{id}}"
        await work.recorder.record_read(caller, what, rows=1, patients=patients, subject=attachment.review)
        name = quote(attachment.name)
        headers = {
            **HEADERS,
            "content-security-policy": "default-src 'none'; sandbox",
            "content-disposition": f"attachment; filename=\"attachment\"; filename*=UTF-8''{name}",
        }
        return Response(content, 200, headers, attachment.type)


async def _files(request: Request) -> list[tuple[str, bytes]]:
    """Name and content. Raises Problem (413)."""
    told = request.headers.get("content-length", "")
    most = MOST_ATTACHMENTS * LARGEST_ATTACHMENT if not told.isdecimal() else int(told)
    if most > 2 * LARGEST_ATTACHMENT:
        raise too_large(2 * LARGEST_ATTACHMENT, "What is uploaded at once")
    async with request.form(max_files=MOST_ATTACHMENTS, max_fields=4) as form:
        return [
            (one.filename, await one.read(LARGEST_ATTACHMENT + 1))
            for one in form.getlist("file")
            if isinstance(one, UploadFile) and one.filename
        ]


async def _again(
    work: FindingDesk, finding: str, caller: Caller, status: int, fault: str, form: Form | None
) -> Response:
    """The case as it is now; with what was typed, where it was refused."""
    found = await work.explainer.explain(finding, caller, f"POST {LIST}/{{id}}/steps")
    if found is None:
        return work.pages.part("_fault.html", status=404, fault=_GONE)
    seen = (form.number("steps") if form is not None else None) or 0
    news = [one for one in found.file.steps if one.number > seen] if status == 409 else []
    context = await _context(work, found, caller)
    draft = (form.one("action"), form.one("comment"), form.one("reason_code")) if form is not None else ("", "", "")
    return await work.part("_finding.html", status=status, **{**context, "fault": fault, "news": news, "draft": draft})


async def _context(work: FindingDesk, found: Explanation, caller: Caller) -> dict[str, Any]:
    allowed = found.actions
    return {
        "told": found,
        "file": found.file,
        "one": found.review,
        "reviews": [found.review, *found.file.related, *found.alike],
        "actions": [one for one in allowed if one not in _SPOKEN],
        "spoken": [one for one in _SPOKEN if one in allowed],
        "reasons": REASONS,
        "reviewers": await work.people.reviewers(found.review) if ReviewAction.ASSIGN in allowed else [],
        "may_attach": caller.may(Permission.FINDING_REVIEW) or caller.may(Permission.FINDING_ANSWER),
        "may_unmask": caller.kind == "session" and caller.may(Permission.PATIENT_UNMASK),
        "is_appealed": _is_appealed(found.review),
        "fault": "",
        "news": [],
        "draft": ("", "", ""),
    }


def _is_appealed(review: Review) -> bool:
    return review.appeal_round > 0

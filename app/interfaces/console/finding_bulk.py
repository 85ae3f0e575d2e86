"""Decisions on many findings (批量处理): one command for all that are ticked; each that fails says why."""

from collections.abc import Mapping

from fastapi import APIRouter, Request, Response

from app.application.review_findings import MOST_AT_ONCE, Result, UnknownReview
from app.domain.access import Caller
from app.domain.review import ReviewAction as Action
from app.domain.review_command import Command, NotAllowed
from app.domain.review_labels import ACTION_LABELS
from app.domain.review_reasons import REASONS
from app.interfaces.caller import SignedIn
from app.interfaces.console.finding_desk import FindingDesk
from app.interfaces.console.finding_query import LIST
from app.interfaces.console.forms import Form, read_form
from app.interfaces.console.page_route import PageRoute
from app.store.audit_log import NotRecorded
from app.store.reviews import LostUpdate

_AWAY = "数据库没有应答：部分疑点可能尚未处理，请刷新列表后核对。"
BULK_REASONS: Mapping[Action, Mapping[str, str]] = {
    Action.TAKE_UP: {"": ACTION_LABELS[Action.TAKE_UP]},
    **{one: REASONS[one] for one in (Action.CONFIRM, Action.DISMISS, Action.EXCEPT)},
}


def bulk_pages(work: FindingDesk) -> APIRouter:
    routes = APIRouter(include_in_schema=False, route_class=PageRoute)

    @routes.post(f"{LIST}/bulk")
    async def decide(request: Request, caller: SignedIn) -> Response:
        form = await read_form(request)
        wanted, fault = _ticked(form)
        command = None if fault else _command(form, caller)
        if command is None:
            told = fault or "请选择处理方式与理由，或选择办理人。"
            return work.pages.part("_bulk_result.html", status=422, fault=told, done=0, refused=[])
        try:
            results = await work.desk.act_on_many(wanted, command)
        except NotRecorded:
            return work.pages.part("_bulk_result.html", status=503, fault=_AWAY, done=0, refused=[])
        titles = await work.store.get(list(wanted), caller.scope)
        refused = [(one.id, titles.get(one.id), _why(one)) for one in results if one.refusal is not None]
        done = len(results) - len(refused)
        return work.pages.part("_bulk_result.html", fault="", done=done, refused=refused, action=command.action)

    return routes


def _ticked(form: Form) -> tuple[dict[str, int | None], str]:
    """The versions that were seen, by id; and what is wrong."""
    wanted: dict[str, int | None] = {}
    for told in form.every("pick"):
        name, _, version = told.rpartition(".")
        if not name or not version.isdecimal() or len(version) > 12:
            return {}, "所选内容无法识别，请刷新列表。"
        wanted[name] = int(version)
    if not wanted:
        return {}, "请先勾选疑点。"
    return (wanted, "") if len(wanted) <= MOST_AT_ONCE else ({}, f"一次最多处理{MOST_AT_ONCE}条。")


def _command(form: Form, caller: Caller) -> Command | None:
    comment = form.one("comment")
    if form.one("do") == "assign":
        assignee = form.one("assignee", 64)
        return Command(action=Action.ASSIGN, by=caller, assignee=assignee) if assignee else None
    action, _, reason = form.one("decision", 100).partition(":")
    found = next((one for one in BULK_REASONS if one.value == action), None)
    if found is None or reason not in BULK_REASONS[found]:
        return None
    return Command(action=found, by=caller, reason_code=reason, comment=comment)


def _why(result: Result) -> str:
    refusal = result.refusal
    if isinstance(refusal, NotAllowed):
        return refusal.text
    if isinstance(refusal, LostUpdate):
        return "打开列表后已被他人更改，请刷新后再处理"
    return "没有这个疑点，或不在您的管辖范围内" if isinstance(refusal, UnknownReview) else str(refusal)

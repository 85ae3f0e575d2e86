"""Doctors' reminders (医生提醒): what was told to whom, what they answered and how soon, and what they were spared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from msgspec.structs import replace

from app.application.record_read import ReadRecorder
from app.domain.access import Caller
from app.domain.alert import AlertOutcome, Tier
from app.domain.decision import Stage
from app.domain.disposition import Action
from app.domain.labels import ANSWER_LABELS
from app.domain.review import Review
from app.engine.compiled import RuleHead
from app.interfaces.caller import SignedIn
from app.interfaces.cds_hooks.override_reasons import REASONS
from app.interfaces.console.facet_names import Rules
from app.interfaces.console.finding_query import Asked, asked_by
from app.interfaces.console.finding_words import words
from app.interfaces.console.pages import HEADERS, Pages
from app.interfaces.console.people import names_of
from app.store.overviews import OverviewStore, Told
from app.store.reviews import BadCursor, Directory, ReviewFilter, ReviewStore
from app.store.vault import LookedUp

PATH = "/console/reminders"
PAGE_SIZE = 50
_LONGEST_NUMBER = 19  # digits
TIER_LABELS = {Tier.SILENT: "静默", Tier.PASSIVE: "提示", Tier.POPUP: "弹窗", Tier.BLOCK: "拦截"}
WHY_LABELS = {
    AlertOutcome.SILENT: "按设置静默",
    AlertOutcome.REPEATED: "已说明理由，未再重复",
    AlertOutcome.LIMIT: "超过一次显示的条数",
}
_BEFORE_SETTLED = (Stage.ORDERING, Stage.SETTLING)


class Reminder(NamedTuple):
    """`answer` None: the doctor has said nothing. `waited`: from the reminder to the answer."""

    review: Review
    told: Told
    answer: Action | None
    waited: timedelta | None

    @property
    def fate(self) -> str:
        """What became of it when it was shown, in Chinese."""
        outcome = self.told.outcome
        if outcome is None or outcome is AlertOutcome.SHOWN:
            tier = TIER_LABELS[self.told.tier] if self.told.tier else "接口返回"
            return f"{tier}（{self.told.times_shown} 次）" if self.told.times_shown > 1 else tier
        return f"未弹出：{WHY_LABELS[outcome]}"


@dataclass(frozen=True, slots=True)
class ReminderDesk:
    pages: Pages
    reviews: ReviewStore
    overviews: OverviewStore
    directory: Directory
    rules: Rules
    recorder: ReadRecorder

    def titles(self) -> list[RuleHead]:
        return sorted(self.rules().values(), key=lambda one: one.title)

    async def record(self, caller: Caller, keys: Sequence[str]) -> None:
        if keys:
            patients = [LookedUp(one) for one in {*keys} - {""}]
            await self.recorder.record_read(caller, f"GET {PATH}", rows=len(keys), patients=patients)


def reminder_pages(desk: ReminderDesk) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get(PATH)
    async def show(request: Request, caller: SignedIn) -> Response:
        if request.query_params.get("view") == "kept_back":
            return await _kept_back(desk, request, caller)
        asked = asked_by(request.query_params.multi_items())
        unanswered = request.query_params.get("answered") == "no"
        wanted = _wanted(asked, unanswered)
        try:
            page = await desk.reviews.page(wanted, caller.scope, asked.order, asked.after, PAGE_SIZE)
        except BadCursor:
            return RedirectResponse(asked.path(PATH), 303, HEADERS)
        await desk.record(caller, [one.patient_key for one in page.reviews])
        told = await desk.overviews.told([one.id for one in page.reviews], caller.scope)
        return desk.pages.page(
            request, "reminders.html", title="医生提醒", asked=asked, unanswered=unanswered, rules=desk.titles(),
            reminders=[reminder_of(one, told.get(one.id, Told())) for one in page.reviews],
            totals=await desk.reviews.totals(wanted, caller.scope), names=await names_of(desk.directory, page.reviews),
            answer_reason=_reason, waited=_waited, **_words(),
            next_path=asked.path(PATH, after=page.following) if page.following else "",
        )  # fmt: skip

    return routes


async def _kept_back(desk: ReminderDesk, request: Request, caller: Caller) -> Response:
    """What was not shown to doctors."""
    query = request.query_params
    rule, before = query.get("rule", "")[:100], query.get("before", "")
    last = int(before) if before.isascii() and before.isdecimal() and len(before) < _LONGEST_NUMBER else None
    found = await desk.overviews.kept_back(caller.scope, rule=rule, before=last, size=PAGE_SIZE)
    await desk.record(caller, [one.patient_key for one in found])
    following = {"view": "kept_back", "rule": rule, "before": str(found[-1].seq)} if len(found) == PAGE_SIZE else {}
    return desk.pages.page(
        request, "reminders_kept_back.html", title="医生提醒", found=found, rule=rule, heads=desk.rules(),
        rules=desk.titles(), next_path=f"{PATH}?{urlencode(following)}" if following else "", **_words(),
    )  # fmt: skip


def _wanted(asked: Asked, unanswered: bool) -> ReviewFilter:
    """Only what could still be mended before the settlement, unless the address says a stage itself."""
    stages = asked.wanted.stages or _BEFORE_SETTLED
    return replace(asked.wanted, stages=stages, has_answer=False if unanswered else asked.wanted.has_answer)


def reminder_of(review: Review, told: Told) -> Reminder:
    waited = None
    if told.wait_ms is not None:
        waited = timedelta(milliseconds=told.wait_ms)
    elif told.answered_at is not None:
        waited = max(told.answered_at - review.first_found_at, timedelta())
    return Reminder(review, told, review.doctor_answer or told.action, waited)


def _waited(time: timedelta | None) -> str:
    if time is None:
        return "—"
    seconds = round(time.total_seconds())
    if seconds < 60:
        return f"{seconds}秒"
    if seconds < 3600:
        return f"{seconds // 60}分{seconds % 60}秒"
    return f"{seconds // 3600}小时{seconds % 3600 // 60}分" if seconds < 86_400 else f"{seconds // 86_400}天"


def _reason(code: str) -> str:
    """Reasons of CDS Hooks are codes; those of the national interface are what the doctor wrote."""
    return REASONS.get(code, code)


def _words() -> Mapping[str, Any]:
    return {**words(), "answer_labels": ANSWER_LABELS, "tier_labels": TIER_LABELS, "why_labels": WHY_LABELS}

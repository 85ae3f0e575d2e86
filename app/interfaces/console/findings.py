"""The list of findings (疑点列表): filters, sorting, paging, and views that one saves."""

import secrets
from collections.abc import Callable
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.domain.access import Permission
from app.domain.review import ReviewState
from app.interfaces.caller import SignedIn, signed_in
from app.interfaces.console.finding_bulk import BULK_REASONS
from app.interfaces.console.finding_desk import FindingDesk
from app.interfaces.console.finding_export import EXPORT
from app.interfaces.console.finding_options import FilterOptions
from app.interfaces.console.finding_query import LIST, Asked, asked_by, path_of
from app.interfaces.console.finding_words import HEARD
from app.interfaces.console.forms import read_form
from app.interfaces.console.page_route import PageRoute
from app.interfaces.console.pages import HEADERS
from app.store.reviews import BadCursor, Order, ReviewPage, SavedView, SavedViews

PAGE_SIZE = 50
VIEWS = "/console/views"
_LONGEST_ID, _LONGEST_NAME, _MOST_VIEWS = 64, 40, 100
_TABS = {
    "全部": (),
    "待审核": (ReviewState.OPEN,),
    "审核中": (ReviewState.IN_REVIEW,),
    "待复核": (ReviewState.AWAITING_SECOND,),
    "已确认": (ReviewState.CONFIRMED,),
    "申诉中": HEARD,
    "整改": (ReviewState.RECTIFYING, ReviewState.RECTIFIED),
    "误报与例外": (ReviewState.FALSE_POSITIVE, ReviewState.EXCEPTED),
    "已办结": (ReviewState.CLOSED,),
}


def findings_pages(work: FindingDesk, options: FilterOptions, lookup: Callable[[str], str]) -> APIRouter:
    """`lookup` gives what stands for a patient."""
    routes = APIRouter(include_in_schema=False, route_class=PageRoute)

    @routes.get(LIST)
    async def show(request: Request, caller: SignedIn) -> Response:
        asked = asked_by(request.query_params.multi_items())
        try:
            page = await work.store.page(asked.wanted, caller.scope, asked.order, asked.after, PAGE_SIZE)
        except BadCursor:  # of another filter, or made up: begin again
            return RedirectResponse(asked.path(), 303, HEADERS)
        return await _list(work, options, request, asked, page)

    @routes.post(f"{LIST}/patient")
    async def look_up(request: Request) -> Response:
        patient = (await read_form(request)).one("patient", _LONGEST_ID)
        if not patient:
            return work.pages.part("_fault.html", status=422, fault="请填写患者标识。")
        return work.pages.led_to(f"{LIST}?patient={lookup(patient)}&trial=all")

    _add_views(routes, work, work.views)
    return routes


async def _list(
    work: FindingDesk, options: FilterOptions, request: Request, asked: Asked, page: ReviewPage
) -> Response:
    caller = signed_in(request)
    decides = caller.may(Permission.FINDING_REVIEW)
    return await work.page(
        request, "findings.html", title="疑点列表", what=f"GET {LIST}", reviews=page.reviews,
        asked=asked,
        totals=await work.store.totals(asked.wanted, caller.scope),
        following=asked.path(after=page.following) if page.following else "",
        views=await work.views.of(caller.id),
        options=await options.of(caller.scope),
        reviewers=await work.people.reviewers() if caller.may(Permission.FINDING_READ) else [],
        bulk_reasons=BULK_REASONS if decides else {},
        export=EXPORT if caller.may(Permission.FINDING_EXPORT) else "",
        tabs=[(name, _tab_path(asked, states), asked.wanted.states == states) for name, states in _TABS.items()],
        me=caller.id,
    )  # fmt: skip


def _tab_path(asked: Asked, states: tuple[ReviewState, ...]) -> str:
    path = asked.path(state="")
    told = "&".join([f"state={one.value}" for one in states])
    return f"{path}{'&' if '?' in path else '?'}{told}" if told else path


def _add_views(routes: APIRouter, work: FindingDesk, views: SavedViews) -> None:
    @routes.get(f"{VIEWS}/{{view_id}}")
    async def use(view_id: str, caller: SignedIn) -> Response:
        found = next((one for one in await views.of(caller.id) if one.id == view_id), None)
        path = LIST if found is None else path_of(found.filter, Order(found.by, found.is_descending))
        return RedirectResponse(path, 303, HEADERS)

    @routes.post(VIEWS)
    async def save(request: Request, caller: SignedIn) -> Response:
        form = await read_form(request)
        name = form.one("name", _LONGEST_NAME)
        asked = asked_by(_pairs(form.one("query", 8000)))
        if not name:
            return work.pages.part("_fault.html", status=422, fault="请填写视图名称。")
        if asked.wanted.patient_keys:
            return work.pages.part("_fault.html", status=422, fault="按患者查询的条件不能存为视图。")
        if sum([one.account == caller.id for one in await views.of(caller.id)]) >= _MOST_VIEWS:
            return work.pages.part("_fault.html", status=422, fault=f"每人最多保存{_MOST_VIEWS}个视图。")
        view = SavedView(
            id=secrets.token_hex(8), account=caller.id, name=name, filter=asked.wanted, by=asked.order.by,
            is_descending=asked.order.is_descending, is_shared=form.one("is_shared") == "yes",
        )  # fmt: skip
        if not await views.put(view):
            return work.pages.part("_fault.html", status=409, fault="您已有同名的视图，请换一个名称。")
        return work.pages.led_to(asked.path())

    @routes.post(f"{VIEWS}/{{view_id}}/delete")
    async def remove(view_id: str, caller: SignedIn) -> Response:
        if not await views.remove(view_id, caller.id):
            return work.pages.part("_fault.html", status=404, fault="没有这个视图，或它不是您保存的。")
        return work.pages.led_to(LIST)


def _pairs(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query, max_num_fields=200)

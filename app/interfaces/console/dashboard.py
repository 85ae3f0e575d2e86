"""Dashboard (统计看板): violations and money by department, doctor, rule and time, each number with its formula."""

import asyncio
from datetime import date
from typing import Any

from fastapi import APIRouter, Request, Response

from app.application.overview import Overviews, override_rate, precision, share
from app.domain.review_labels import STATE_LABELS
from app.interfaces.caller import SignedIn
from app.interfaces.console.dashboard_charts import ranking_chart, state_chart, trend_chart
from app.interfaces.console.facet_names import Rules, facet_names
from app.interfaces.console.finding_query import path_of
from app.interfaces.console.pages import Pages
from app.interfaces.console.period import Period, period_of, quick_periods
from app.store.history import Unavailable
from app.store.overviews import FeeSums
from app.store.reviews import Directory, Overview, ReviewFilter

PATH = "/console/dashboard"
LONGEST_OF_FEES = 92  # days; charges are added up one by one


def dashboard_pages(pages: Pages, overviews: Overviews, directory: Directory, rules: Rules) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get(PATH)
    async def show(request: Request, caller: SignedIn) -> Response:
        period = period_of(request.query_params)
        wanted = _wanted(request, period)
        told, facilities = await asyncio.gather(
            overviews.tell(wanted, caller.scope), overviews.facilities(caller.scope, period.last)
        )
        names = await facet_names(directory, rules(), told.departments, told.practitioners, facilities)
        charts = {
            "trend": trend_chart(told),
            "states": state_chart(told),
            "departments": ranking_chart(told.departments, names.department),
            "rules": ranking_chart(told.rules, names.rule),
        }
        return pages.page(
            request, "dashboard.html", title="统计看板", told=told, period=period, wanted=wanted, charts=charts,
            names=names, facilities=facilities, quick=quick_periods(), query=request.url.query,
            path=lambda first, last: _path(wanted, first, last), findings=lambda **limits: _findings(wanted, **limits),
            state_labels=STATE_LABELS, precision=precision, override_rate=override_rate, share=share,
        )  # fmt: skip

    @routes.get(f"{PATH}/fees")
    async def fees(request: Request, caller: SignedIn) -> Response:
        period = period_of(request.query_params)
        wanted, found, fault = _wanted(request, period), list[FeeSums](), ""
        if period.days > LONGEST_OF_FEES:
            fault = f"费用明细逐条汇总，请选择不超过{LONGEST_OF_FEES}天的期间。"
        else:
            try:
                found = await overviews.fees(wanted, caller.scope)
            except Unavailable:
                fault = "明细较多，未能在时限内汇总，请缩短期间后再试。"
        return pages.part(
            "_fees.html", fees=found, fault=fault, share=share, is_of_departments=bool(wanted.departments)
        )  # fmt: skip

    return routes


def _wanted(request: Request, period: Period) -> Overview:
    def some(name: str) -> tuple[str, ...]:
        return tuple([one.strip()[:64] for one in request.query_params.getlist(name) if one.strip()][:20])

    return Overview(
        first=period.first, last=period.last, facilities=some("facility"), departments=some("department")
    )  # fmt: skip


def _path(wanted: Overview, first: date, last: date) -> str:
    """The same dashboard of another time."""
    return path_of(_filter(wanted)).replace("/console/findings", PATH, 1) + f"&from={first}&to={last}"


def _filter(wanted: Overview, **limits: Any) -> ReviewFilter:
    told: dict[str, Any] = {"facilities": wanted.facilities, "departments": wanted.departments, **limits}
    return ReviewFilter(**told)


def _findings(wanted: Overview, **limits: Any) -> str:
    """The list of the findings behind a number."""
    path = path_of(_filter(wanted, **limits))
    return f"{path}{'&' if '?' in path else '?'}from={wanted.first}&to={wanted.last}"

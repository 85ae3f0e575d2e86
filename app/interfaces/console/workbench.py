"""The workbench (工作台): what waits for whoever looks, by deadline, and the figures of the day."""

from datetime import timedelta
from typing import Any, NamedTuple

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.domain.access import Caller, Permission
from app.domain.review import Review
from app.domain.review import ReviewState as State
from app.interfaces.caller import SignedIn
from app.interfaces.console.finding_desk import FindingDesk
from app.interfaces.console.finding_query import path_of
from app.interfaces.console.finding_words import HEARD, UNFINISHED
from app.interfaces.console.page_route import PageRoute
from app.interfaces.console.pages import HEADERS
from app.interfaces.console.sign_in import FIRST_STEPS
from app.interfaces.session.authenticator import session_in
from app.store.review_counts import first_moment
from app.store.reviews import Facet, Grain, Order, Overview, ReviewFilter, Sorting

_MOST = 1000  # counted of each kind of to-do
_SHOWN = 12
_BY_DEADLINE = Order(Sorting.DEADLINE, is_descending=False)
_MONTH = timedelta(days=29)
_OF_OFFICE = (State.OPEN, State.IN_REVIEW, State.AWAITING_SECOND, *HEARD, State.RECTIFIED)
_OF_DEPARTMENT = (State.CONFIRMED, State.FIRST_REJECTED, State.SECOND_REJECTED, State.RECTIFYING)


class ToDo(NamedTuple):
    title: str
    total: int
    is_more: bool
    path: str
    colour: str


def workbench_pages(work: FindingDesk) -> APIRouter:
    routes = APIRouter(include_in_schema=False, route_class=PageRoute)

    @routes.get("/console")
    async def show(request: Request, caller: SignedIn) -> Response:
        of = session_in(request.scope)
        if of is not None and of.pending:
            return RedirectResponse(FIRST_STEPS, 303, HEADERS)
        reads = caller.may(Permission.FINDING_READ)
        waiting, latest = await _lists(work, caller) if reads else ([], [])
        sees_figures = reads or caller.may(Permission.STATISTICS_READ)
        return await work.page(
            request, "workbench.html", title="工作台", what="GET /console",
            reviews=[*waiting, *latest], waiting=waiting, latest=latest,
            todos=await _todos(work, caller) if reads else [], reads=reads,
            figures=await _figures(work, caller) if sees_figures else None,
        )  # fmt: skip

    return routes


def _own_states(caller: Caller) -> tuple[State, ...]:
    """States in which it is this caller's turn."""
    office = _OF_OFFICE if caller.may(Permission.FINDING_REVIEW) or caller.may(Permission.FINDING_APPROVE) else ()
    return office + (_OF_DEPARTMENT if caller.may(Permission.FINDING_ANSWER) else ()) or UNFINISHED


async def _lists(work: FindingDesk, caller: Caller) -> tuple[list[Review], list[Review]]:
    today = work.clock.today()
    due = ReviewFilter(states=_own_states(caller), deadline_from=today - timedelta(days=365))
    waiting = await work.store.page(due, caller.scope, _BY_DEADLINE, size=_SHOWN)
    latest = await work.store.page(ReviewFilter(), caller.scope, size=_SHOWN)
    return waiting.reviews, latest.reviews


async def _todos(work: FindingDesk, caller: Caller) -> list[ToDo]:
    today, soon, own = work.clock.today(), work.clock.is_soon_until(), _own_states(caller)
    asked = [
        ("已逾期", ReviewFilter(states=own, deadline_to=today - timedelta(days=1)), "red"),
        ("两个工作日内到期", ReviewFilter(states=own, deadline_from=today, deadline_to=soon), "orange"),
    ]
    if caller.may(Permission.FINDING_REVIEW):
        asked += [
            ("我的待办", ReviewFilter(states=UNFINISHED, assignees=(caller.id,)), ""),
            ("待审核", ReviewFilter(states=(State.OPEN,)), ""),
        ]
    if caller.may(Permission.FINDING_APPROVE):
        asked.append(("待复核", ReviewFilter(states=(State.AWAITING_SECOND,)), ""))
    if caller.may(Permission.FINDING_REVIEW):
        asked += [
            ("申诉待办", ReviewFilter(states=HEARD), ""),
            ("整改待复查", ReviewFilter(states=(State.RECTIFIED,)), ""),
        ]
    if caller.may(Permission.FINDING_ANSWER):
        asked += [
            ("可申诉或认可", ReviewFilter(states=_OF_DEPARTMENT[:3], deadline_from=today), ""),
            ("待整改", ReviewFilter(states=(State.RECTIFYING,)), ""),
        ]
    found = []
    for title, wanted, colour in asked:
        totals = await work.store.totals(wanted, caller.scope, _MOST)
        path = path_of(wanted, _BY_DEADLINE)
        found.append(ToDo(title, totals.count, totals.is_more, path, colour if totals.count else ""))
    return found


async def _figures(work: FindingDesk, caller: Caller) -> dict[str, Any]:
    today = work.clock.today()
    series = await work.store.series(Overview(first=today - _MONTH, last=today), caller.scope, Grain.DAY)
    day = next((one for one in series if one.key == today.strftime("%Y%m%d")), None)
    month = Facet("", *[sum(some) for some in zip(*[one[1:] for one in series], strict=True)]) if series else None
    audits = await work.overviews.audits(first_moment(int(today.strftime("%Y%m%d"))), caller.scope)
    return {"audits": audits, "spans": [("今日", day), ("近30天", month)]}

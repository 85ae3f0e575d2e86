"""Appeals (申诉管理): by round, with the days that are left, and the dossier of each."""

from fastapi import APIRouter, Request, Response

from app.domain.access import Caller
from app.domain.review import ReviewState as State
from app.interfaces.caller import SignedIn
from app.interfaces.console.dossier import Dossiers
from app.interfaces.console.finding_desk import FindingDesk
from app.interfaces.console.page_route import PageRoute
from app.interfaces.console.pages import HEADERS
from app.store.reviews import BadCursor, Order, ReviewFilter, ReviewPage, Sorting

APPEALS = "/console/appeals"
PAGE_SIZE = 50
_MOST = 1000
_BY_DEADLINE = Order(Sorting.DEADLINE, is_descending=False)
STEPS: dict[str, tuple[str, tuple[State, ...]]] = {
    "first": ("初审", (State.FIRST_APPEAL,)),
    "second": ("复审", (State.SECOND_APPEAL,)),
    "final": ("终审", (State.FINAL_APPEAL,)),
    "rejected": ("已驳回，可再申诉", (State.FIRST_REJECTED, State.SECOND_REJECTED)),
    "open": ("可申诉", (State.CONFIRMED,)),
}


def appeals_pages(work: FindingDesk, dossiers: Dossiers) -> APIRouter:
    routes = APIRouter(include_in_schema=False, route_class=PageRoute)

    @routes.get(APPEALS)
    async def show(request: Request, caller: SignedIn, step: str = "first", after: str = "") -> Response:
        here = step if step in STEPS else "first"
        page = await page_of(work, filter_of(work, here), caller, after)
        tabs = []
        for name, (title, _) in STEPS.items():
            totals = await work.store.totals(filter_of(work, name), caller.scope, _MOST)
            tabs.append((name, title, totals))
        return await work.page(
            request,
            "appeals.html",
            title="申诉管理",
            what=f"GET {APPEALS}",
            reviews=page.reviews,
            page=page,
            tabs=tabs,
            step=here,
        )

    @routes.get(f"{APPEALS}/{{finding_id}}/dossier.pdf")
    async def dossier(finding_id: str, caller: SignedIn) -> Response:
        made = await dossiers.make(finding_id, caller, f"GET {APPEALS}/{{id}}/dossier.pdf")
        if made is None:
            return Response("没有这个疑点，或它不在您的管辖范围内。", 404, HEADERS, "text/plain; charset=utf-8")
        return Response(made.content, 200, {**HEADERS, **made.headers}, "application/pdf")

    return routes


def filter_of(work: FindingDesk, step: str) -> ReviewFilter:
    """What was confirmed may be appealed until its deadline."""
    states = STEPS[step][1]
    return ReviewFilter(states=states, deadline_from=work.clock.today() if step == "open" else None)


async def page_of(work: FindingDesk, wanted: ReviewFilter, caller: Caller, after: str) -> ReviewPage:
    """Of a cursor that does not fit, the first page."""
    try:
        return await work.store.page(wanted, caller.scope, _BY_DEADLINE, after, PAGE_SIZE)
    except BadCursor:
        return await work.store.page(wanted, caller.scope, _BY_DEADLINE, "", PAGE_SIZE)

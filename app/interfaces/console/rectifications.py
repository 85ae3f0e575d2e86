"""Rectification (整改跟踪): what departments mend until when, what they gave back, and the re-check."""

from fastapi import APIRouter, Request, Response

from app.domain.review import ReviewState as State
from app.interfaces.caller import SignedIn
from app.interfaces.console.appeals import page_of
from app.interfaces.console.finding_desk import FindingDesk
from app.interfaces.console.page_route import PageRoute
from app.store.reviews import ReviewFilter

RECTIFICATIONS = "/console/rectifications"
_LONGEST = 64
_STEPS: dict[str, tuple[str, tuple[State, ...]]] = {
    "rectifying": ("整改中", (State.RECTIFYING,)),
    "rectified": ("待复查", (State.RECTIFIED,)),
    "closed": ("已办结", (State.CLOSED,)),
}


def rectification_pages(work: FindingDesk) -> APIRouter:
    routes = APIRouter(include_in_schema=False, route_class=PageRoute)

    @routes.get(RECTIFICATIONS)
    async def show(
        request: Request,
        caller: SignedIn,
        step: str = "rectifying",
        department: str = "",
        after: str = "",
    ) -> Response:
        here = step if step in _STEPS else "rectifying"
        department = department.strip()[:_LONGEST]
        page = await page_of(work, _filter(here, department), caller, after)
        tabs = []
        for name, (title, _) in _STEPS.items():
            tabs.append((name, title, await work.store.totals(_filter(name, department), caller.scope)))
        return await work.page(
            request, "rectifications.html", title="整改跟踪", what=f"GET {RECTIFICATIONS}",
            reviews=page.reviews, page=page, tabs=tabs, step=here,
            department=department,
        )  # fmt: skip

    return routes


def _filter(step: str, department: str) -> ReviewFilter:
    return ReviewFilter(states=_STEPS[step][1], departments=(department,) if department else ())

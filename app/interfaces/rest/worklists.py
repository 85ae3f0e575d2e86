"""/v1/worklists: who gets which findings (任务分派), and what waits for the caller."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from msgspec import Meta, Struct

from app.application.assign_findings import BY_DEADLINE, MOST_DEALT, TO_REVIEW, FindingAssigner, Way
from app.application.find_findings import FindingFinder
from app.domain.review_command import NotAllowed
from app.interfaces.caller import SignedIn
from app.interfaces.errors import not_recorded
from app.interfaces.rest.bodies import body_of, read
from app.interfaces.rest.finding_decisions import StepResults, refused, results_of
from app.interfaces.rest.finding_query import FindingFilter, bad_cursor
from app.interfaces.rest.finding_rows import FindingPage, answer, page_of, told_with
from app.interfaces.rest.findings import LONGEST_BODY
from app.store.audit_log import NotRecorded
from app.store.reviews import BadCursor, ReviewFilter

_Account = Annotated[str, Meta(min_length=1, max_length=64, pattern="^[^\\u0000]*$")]


class Deal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`accounts`: among whom; none: among all that may review. `departments`: by account, the codes of those that it
    looks after, where that is not its scope. `most`: findings that are dealt at once, the most urgent first.
    """

    way: Way = Way.ROUND_ROBIN
    filter: FindingFilter = FindingFilter()
    accounts: Annotated[tuple[_Account, ...], Meta(max_length=200)] = ()
    departments: Annotated[Mapping[_Account, frozenset[_Account]], Meta(max_length=200)] = {}
    most: Annotated[int, Meta(ge=1, le=MOST_DEALT)] = MOST_DEALT


def worklist_router(assigner: FindingAssigner, finder: FindingFinder) -> APIRouter:
    routes = APIRouter(tags=["findings"])
    _add_deal(routes, assigner)
    _add_mine(routes, finder)
    return routes


def _add_deal(routes: APIRouter, assigner: FindingAssigner) -> None:
    @routes.post(
        "/v1/worklists/assign",
        summary="Deal findings that nobody has among the audit staff",
        description="Whoever has least gets the next; nobody gets what they may not see or decide. The answer holds "
        "the findings that were dealt.",
        responses=told_with(StepResults, 403, 413, 422, 503),
        openapi_extra=body_of(Deal),
    )
    async def deal(request: Request, caller: SignedIn) -> Response:
        told = await read(request, Deal, LONGEST_BODY)
        try:
            results = await assigner.deal(
                told.filter.wanted(), caller, told.way, told.accounts, told.departments, told.most
            )
        except NotAllowed as refusal:
            raise refused(refusal) from None
        except NotRecorded:
            raise not_recorded() from None
        return answer(results_of(results))


def _add_mine(routes: APIRouter, finder: FindingFinder) -> None:
    @routes.get(
        "/v1/worklists/mine",
        summary="Findings that the caller has, the next deadline first",
        responses=told_with(FindingPage, 422, 503),
    )
    async def list_mine(
        caller: SignedIn,
        limit: Annotated[int, Query(ge=1, le=1000)] = 50,
        cursor: Annotated[str, Query(max_length=500)] = "",
    ) -> Response:
        mine = ReviewFilter(states=TO_REVIEW, assignees=(caller.id,), is_trial=None)
        try:
            found = await finder.find(
                mine, caller, "GET /v1/worklists/mine", order=BY_DEADLINE, cursor=cursor, size=limit, with_totals=True
            )
        except BadCursor as error:
            raise bad_cursor(error) from None
        except NotRecorded:
            raise not_recorded() from None
        return answer(page_of(found.page, (), found.totals, count=True, sums=True))

"""GET /v1/findings, POST /v1/findings/search and GET /v1/findings/{finding_id}: findings and what explains them."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Request, Response

from app.application.explain_finding import FindingExplainer
from app.application.find_findings import FindingFinder, Found
from app.domain.access import Caller
from app.interfaces.caller import SignedIn
from app.interfaces.errors import not_found, not_recorded
from app.interfaces.rest.bodies import body_of, read
from app.interfaces.rest.finding_explained import explained
from app.interfaces.rest.finding_query import FindingSearch, asked_in, bad_cursor, parameters_of
from app.interfaces.rest.finding_rows import FindingPage, answer, etag, page_of, told_with
from app.interfaces.rest.finding_shapes import ExplainedFinding
from app.store.audit_log import NotRecorded
from app.store.reviews import BadCursor

FINDINGS = "/v1/findings"
LONGEST_BODY = 256 * 1024
FindingId = Annotated[str, Path(max_length=64)]
_HOW = (
    " Filters of several values mean any of them; all filters together must hold. `q` looks for words in names of "
    "items, rules, departments and physicians, or for the initials of their pinyin. That it was read is recorded."
)


def finding_router(finder: FindingFinder, explainer: FindingExplainer) -> APIRouter:
    routes = APIRouter(tags=["findings"])
    _add_searches(routes, finder)
    _add_explained(routes, explainer)
    return routes


def _add_searches(routes: APIRouter, finder: FindingFinder) -> None:
    @routes.get(
        FINDINGS,
        summary="A page of findings",
        description="A patient is named by the header `X-Patient-Id`, or to `POST /v1/findings/search`: their ids have "
        "no place in an address." + _HOW,
        responses=told_with(FindingPage, 422, 503),
        openapi_extra={"parameters": parameters_of(FindingSearch)},
    )
    async def list_findings(
        request: Request,
        caller: SignedIn,
        x_patient_id: Annotated[str | None, Header(min_length=1, max_length=64)] = None,
    ) -> Response:
        asked = asked_in(request, FindingSearch)
        return await _search(finder, caller, asked, [x_patient_id] if x_patient_id else [], f"GET {FINDINGS}")

    @routes.post(
        f"{FINDINGS}/search",
        summary="A page of findings, asked for by a body",
        description="Everything that `GET /v1/findings` takes as parameters, and ids of patients." + _HOW,
        responses=told_with(FindingPage, 413, 422, 503),
        openapi_extra=body_of(FindingSearch),
    )
    async def search_findings(request: Request, caller: SignedIn) -> Response:
        asked = await read(request, FindingSearch, LONGEST_BODY)
        return await _search(finder, caller, asked, asked.patient, f"POST {FINDINGS}/search")


def _add_explained(routes: APIRouter, explainer: FindingExplainer) -> None:
    @routes.get(
        f"{FINDINGS}/{{finding_id}}",
        summary="A finding with everything that explains it",
        description="The rule as the ruleset said it that judged, policy references, the lines at fault and those that "
        "they conflict with, facts and arithmetic, the patient's earlier lines it rests on, every audit that found it, "
        "what doctors answered, what was done since, findings of its kind and what became of them, and what this "
        "caller may do now. Patients are masked. `ETag` is the version to act on. That it was read is recorded first.",
        responses=told_with(ExplainedFinding, 404, 503),
    )
    async def explain_finding(finding_id: FindingId, caller: SignedIn) -> Response:
        try:
            told = await explainer.explain(finding_id, caller, f"GET {FINDINGS}/{{finding_id}}")
        except NotRecorded:
            raise not_recorded() from None
        if told is None:
            raise not_found("finding", finding_id)
        return answer(explained(told), headers=etag(told.review))


async def _search(
    finder: FindingFinder, caller: Caller, asked: FindingSearch, patients: list[str] | tuple[str, ...], what: str
) -> Response:
    wanted = asked.wanted(finder.keys_of(patients))
    try:
        found: Found = await finder.find(
            wanted, caller, what, order=asked.sorting, cursor=asked.cursor, size=asked.limit,
            with_totals=asked.count or asked.sums,
        )  # fmt: skip
    except BadCursor as error:
        raise bad_cursor(error) from None
    except NotRecorded:
        raise not_recorded() from None
    return answer(page_of(found.page, asked.fields, found.totals, count=asked.count, sums=asked.sums))

"""POST /v1/findings/{finding_id}/steps and /v1/findings/steps: what is done about findings, one by one or many at once.

Which permission an action needs is told by app/domain/review_table.py; the gate asks for the least of them.
"""

import re
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from msgspec import UNSET, Meta, Struct, UnsetType

from app.application.assign_findings import FindingAssigner
from app.application.review_findings import MOST_AT_ONCE, Result, ReviewDesk, UnknownReview
from app.domain.access import Caller
from app.domain.review import Review, ReviewAction
from app.domain.review_command import LONGEST_COMMENT, MOST_ATTACHMENTS, Command, Ground, NotAllowed
from app.domain.review_labels import ACTION_LABELS, STATE_LABELS
from app.interfaces.caller import SignedIn
from app.interfaces.errors import FieldError, Problem, ProblemDocument, not_found, not_recorded
from app.interfaces.rest.bodies import body_of, read
from app.interfaces.rest.finding_rows import FindingRow, answer, etag, row_of, told_with
from app.interfaces.rest.findings import FINDINGS, LONGEST_BODY, FindingId
from app.store.audit_log import NotRecorded
from app.store.reviews import LostUpdate, ReviewStore

_TEXT = "^[^\\u0000]*$"
_Version = Annotated[int, Meta(ge=1, le=2**31 - 1)]
_Name = Annotated[str, Meta(max_length=64, pattern=_TEXT)]
_MATCH = re.compile(r'(?:W/)?"([0-9]{1,9})"')


class Step(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`refund` in yuan, with `report_rectified`; `attachments` are ids of what was uploaded to the finding; `assignee`
    with `assign`; `working_days` with what sets a time to the department.
    """

    action: ReviewAction
    reason_code: _Name = ""
    comment: Annotated[str, Meta(max_length=LONGEST_COMMENT, pattern=_TEXT)] = ""
    refund: Annotated[str, Meta(pattern=r"^[0-9]{1,13}([.][0-9]{1,2})?$")] | None = None
    attachments: Annotated[tuple[_Name, ...], Meta(max_length=MOST_ATTACHMENTS)] = ()
    assignee: _Name = ""
    working_days: Annotated[int, Meta(ge=1, le=250)] | None = None

    def command(self, caller: Caller) -> Command:
        return Command(
            action=self.action, by=caller, reason_code=self.reason_code, comment=self.comment,
            refund_cents=None if self.refund is None else int(Decimal(self.refund) * 100),
            attachments=self.attachments, assignee=self.assignee, working_days=self.working_days,
        )  # fmt: skip


class OneStep(Step, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`version` is the one that was seen; the header `If-Match` says the same."""

    version: _Version | None = None


class Seen(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without `version`: whichever there is."""

    id: Annotated[str, Meta(min_length=1, max_length=64, pattern=_TEXT)]
    version: _Version | None = None


class ManySteps(Step, frozen=True, kw_only=True, forbid_unknown_fields=True):
    findings: Annotated[tuple[Seen, ...], Meta(min_length=1, max_length=MOST_AT_ONCE)]


class StepResult(Struct, frozen=True, kw_only=True):
    """The finding afterwards, or the problem because of which nothing was done about it."""

    id: str
    finding: FindingRow | UnsetType = UNSET
    problem: ProblemDocument | UnsetType = UNSET


class StepResults(Struct, frozen=True, kw_only=True):
    done: int
    results: list[StepResult]


def decision_router(desk: ReviewDesk, reviews: ReviewStore, assigner: FindingAssigner) -> APIRouter:
    routes = APIRouter(tags=["findings"])
    _add_many_steps(routes, desk, assigner)
    _add_step(routes, desk, reviews, assigner)
    return routes


def _add_many_steps(routes: APIRouter, desk: ReviewDesk, assigner: FindingAssigner) -> None:
    @routes.post(
        f"{FINDINGS}/steps",
        summary="Do the same about many findings",
        description=f"At most {MOST_AT_ONCE}; each succeeds or tells why not, in the order they were sent.",
        responses=told_with(StepResults, 403, 413, 422, 503),
        openapi_extra=body_of(ManySteps),
    )
    async def act_on_many(request: Request, caller: SignedIn) -> Response:
        told = await read(request, ManySteps, LONGEST_BODY)
        try:
            await _check(assigner, told, caller)
            results = await desk.act_on_many({one.id: one.version for one in told.findings}, told.command(caller))
        except NotAllowed as refusal:
            raise refused(refusal) from None
        except NotRecorded:
            raise not_recorded() from None
        return answer(results_of(results))


def _add_step(routes: APIRouter, desk: ReviewDesk, reviews: ReviewStore, assigner: FindingAssigner) -> None:
    @routes.post(
        f"{FINDINGS}/{{finding_id}}/steps",
        summary="Do something about a finding: decide, appeal, rectify, assign, comment, …",
        description="The version that was seen goes into `If-Match` (the `ETag` of the finding) or into the body: what "
        "somebody else changed meanwhile is answered with 409 and the current `ETag`, and nothing is done. So the same "
        "request may be sent again: it is done once.",
        responses=told_with(FindingRow, 403, 404, 409, 413, 422, 428, 503),
        openapi_extra=body_of(OneStep),
    )
    async def act(
        finding_id: FindingId, request: Request, caller: SignedIn, if_match: Annotated[str | None, Header()] = None
    ) -> Response:
        told = await read(request, OneStep, LONGEST_BODY)
        version = _version(if_match, told.version)
        try:
            await _check(assigner, told, caller)
            after = await desk.act(finding_id, told.command(caller), version)
        except UnknownReview:
            raise not_found("finding", finding_id) from None
        except LostUpdate:
            now = (await reviews.get([finding_id], caller.scope)).get(finding_id)
            raise _lost(now) from None
        except NotAllowed as refusal:
            raise refused(refusal) from None
        except NotRecorded:
            raise not_recorded() from None
        return answer(row_of(after), headers=etag(after))


async def _check(assigner: FindingAssigner, told: Step, caller: Caller) -> None:
    """Raises NotAllowed where somebody would get findings who cannot work on any."""
    if told.action is ReviewAction.ASSIGN and told.assignee:
        await assigner.check(told.assignee, caller)


def _version(if_match: str | None, told: int | None) -> int:
    if if_match is None:
        if told is None:
            raise Problem(
                428, "version-needed", "Say which version you saw",
                "Send the `ETag` of the finding as `If-Match`, or `version` in the body.",
            )  # fmt: skip
        return told
    found = _MATCH.fullmatch(if_match.strip())
    if found is None or (told is not None and told != int(found[1])):
        raise Problem(
            422, "invalid-request", "If-Match is not the version of a finding",
            "Send the `ETag` as it was answered, and the same `version` in the body, or none.",
        )  # fmt: skip
    return int(found[1])


def _lost(now: Review | None) -> Problem:
    told = "" if now is None else f"现为版本{now.version}，状态为“{STATE_LABELS[now.state]}”。"
    return Problem(
        409, "finding-changed", "The finding was changed since it was read",
        f"该疑点已被他人更改，请刷新后再办理。{told}", headers=etag(now) if now is not None else None,
    )  # fmt: skip


def refused(refusal: NotAllowed) -> Problem:
    instead = tuple([FieldError("/action", f"{one.value}: {ACTION_LABELS[one]}") for one in refusal.instead])
    if refusal.ground is Ground.PERMISSION:
        return Problem(403, "step-forbidden", "This caller may not do that to the finding", refusal.text, instead)
    return Problem(422, "step-refused", "That cannot be done to the finding now", refusal.text, instead)


def results_of(results: list[Result]) -> StepResults:
    done = sum([one.refusal is None for one in results])
    return StepResults(done=done, results=[_result(one) for one in results])


def _result(one: Result) -> StepResult:
    if one.review is not None:
        return StepResult(id=one.id, finding=row_of(one.review))
    if isinstance(one.refusal, NotAllowed):
        problem = refused(one.refusal)
    else:
        problem = _lost(None) if isinstance(one.refusal, LostUpdate) else not_found("finding", one.id)
    return StepResult(id=one.id, problem=problem.document)

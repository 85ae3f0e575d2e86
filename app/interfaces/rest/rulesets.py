"""GET /v1/rulesets and POST /v1/rulesets/{revision}/activate: the revisions that are stored, and which is in force."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict

from app.application.authorise import check_everywhere
from app.application.follow_ruleset import RulesetFollower
from app.application.publish_ruleset import RulesetPublisher, UnknownRevision, UnreadableRevision
from app.interfaces.caller import SignedIn
from app.interfaces.errors import Problem, not_found
from app.interfaces.rest.bodies import PROBLEM, body_of, read
from app.store.audit_log import NotRecorded
from app.store.history import Unavailable

_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"description": "The body is not JSON", **PROBLEM},
    409: {"description": "Another version of the service wrote the revision, and this one cannot read it", **PROBLEM},
    413: {"description": "The body is too large", **PROBLEM},
    503: {"description": "The database does not answer, and nothing was changed; send the same again", **PROBLEM},
}


class StoredRulesetView(BaseModel):
    """A stored revision. `rules` and `points` count what is in it; null where `is_readable` is false: another version
    of the service wrote it.
    """

    model_config = ConfigDict(from_attributes=True)

    revision: str
    stored_at: datetime
    stored_by: str
    size: int
    is_readable: bool
    is_in_force: bool
    rules: int | None
    points: int | None


class MoveView(BaseModel):
    """A publication or a rollback: what was put in force, by whom and why."""

    model_config = ConfigDict(from_attributes=True)

    revision: str
    action: str
    caller: str
    reason: str
    at: datetime


class RulesetList(BaseModel):
    """Revisions and moves, the newest first."""

    rulesets: list[StoredRulesetView]
    moves: list[MoveView]


class Activation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the revision is put in force."""

    reason: Annotated[str, msgspec.Meta(pattern=r"\S", max_length=500)]


class Activated(MoveView):
    """The move that put the revision in force; `is_new` is false where it was in force already."""

    is_new: bool


def ruleset_router(rulesets: RulesetFollower, publisher: RulesetPublisher) -> APIRouter:
    routes = APIRouter()
    _add_list(routes, publisher)
    _add_activation(routes, rulesets, publisher)
    return routes


def _add_list(routes: APIRouter, publisher: RulesetPublisher) -> None:
    @routes.get(
        "/v1/rulesets",
        summary="The revisions of the rules that are stored, and which were in force",
        responses={503: _REFUSALS[503]},
    )
    async def list_rulesets(limit: Annotated[int, Query(ge=1, le=100)] = 20) -> RulesetList:
        try:
            revisions, moves = await publisher.revisions(limit), await publisher.moves(limit)
        except Unavailable:
            raise _no_database() from None
        return RulesetList(
            rulesets=[StoredRulesetView.model_validate(one) for one in revisions],
            moves=[MoveView.model_validate(one) for one in moves],
        )


def _add_activation(routes: APIRouter, rulesets: RulesetFollower, publisher: RulesetPublisher) -> None:
    @routes.post(
        "/v1/rulesets/{revision}/activate",
        summary="Put a stored revision in force: forward or back",
        description="Every worker of every replica judges by it within two seconds. New revisions are stored by "
        "`mingjian rules publish`.",
        responses=_REFUSALS,
        openapi_extra=body_of(Activation),
    )
    async def activate_ruleset(
        revision: Annotated[str, Path(max_length=64)],
        request: Request,
        caller: SignedIn,
    ) -> Activated:
        check_everywhere(caller)
        reason = (await read(request, Activation)).reason.strip()
        try:
            moved = await publisher.activate(revision, caller=caller.id, reason=reason)
        except UnknownRevision:
            raise not_found("ruleset", revision) from None
        except UnreadableRevision as error:
            raise _unreadable(revision, str(error)) from None
        except (NotRecorded, Unavailable):
            raise _no_database() from None
        await rulesets.refresh()
        return Activated(**MoveView.model_validate(moved.move).model_dump(), is_new=moved.is_new)


def _no_database() -> Problem:
    return Problem(
        503, "database-unavailable", "The database does not answer",
        "Nothing was changed, and audits go on by the rules in force; send the same request again.",
    )  # fmt: skip


def _unreadable(revision: str, why: str) -> Problem:
    return Problem(
        409, "ruleset-not-readable", "This version of the service cannot read that ruleset",
        f"{revision}: {why}. Publish the rules again from their packs.",
    )  # fmt: skip

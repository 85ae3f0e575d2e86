"""/v1/webhooks (通知订阅): who is told of findings, and every delivery. A secret is told once, when it is made."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel

from app.application.authorise import OutOfScope
from app.application.manage_webhooks import UnknownWebhook, WebhookDesk
from app.application.webhook_targets import LONGEST_URL, BadTarget
from app.domain.access import Caller, Scope
from app.domain.notice import DeliveryState, NoticeKind, Webhook
from app.interfaces.caller import SignedIn
from app.interfaces.errors import Problem, database_unavailable, not_found
from app.interfaces.rest.bodies import PROBLEM, body_of, read
from app.interfaces.rest.limits import LEVELS, limits_of
from app.store.audit_log import NotRecorded
from app.store.history import Unavailable
from app.store.webhooks import Delivery

_OF_BODY: dict[int | str, dict[str, Any]] = {
    400: {"description": "The body is not JSON", **PROBLEM},
    413: {"description": "The body is too large", **PROBLEM},
    422: {"description": "The body is no valid request, or nothing may be sent to that address", **PROBLEM},
}
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such webhook", **PROBLEM}}
_AWAY: dict[int | str, dict[str, Any]] = {503: {"description": "The database does not answer", **PROBLEM}}
_LONGEST = 64 * 1024  # bytes of a body
_ID = Annotated[str, Path(max_length=32)]
Told = Literal["finding.found", "finding.moved", "finding.deadline"]
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Codes = Annotated[list[Code], msgspec.Meta(min_length=1, max_length=200)]


class NewWebhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A level that is left out (`facilities`, `campuses`, `departments`) has no limit beyond the caller's own."""

    url: Annotated[str, msgspec.Meta(pattern="^https?://", max_length=LONGEST_URL)]
    kinds: Annotated[tuple[Told, ...], msgspec.Meta(min_length=1, max_length=3)] = (
        "finding.found",
        "finding.moved",
        "finding.deadline",
    )
    description: Annotated[str, msgspec.Meta(max_length=100)] = ""
    facilities: Codes | None = None
    campuses: Codes | None = None
    departments: Codes | None = None


class Redelivery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`deliveries`: ids of dead ones; none: all of them."""

    deliveries: Annotated[list[Annotated[int, msgspec.Meta(ge=1, le=2**62)]], msgspec.Meta(max_length=500)] = []


class WebhookView(BaseModel):
    """A webhook without its secret; `pending`, `delivered` and `dead` count the deliveries of the last 14 days."""

    id: str
    url: str
    kinds: list[NoticeKind]
    description: str
    facilities: list[str] | None
    campuses: list[str] | None
    departments: list[str] | None
    created_at: datetime
    created_by: str
    pending: int = 0
    delivered: int = 0
    dead: int = 0


class WebhookList(BaseModel):
    webhooks: list[WebhookView]


class MadeWebhook(WebhookView):
    """`secret` signs what is sent; nobody can tell it again."""

    secret: str


class DeliveryView(BaseModel):
    """`next_try_at` is for what is pending; `status` that of the latest answer, null where there was none."""

    id: int
    notice: str
    kind: str
    state: DeliveryState
    tries: int
    created_at: datetime
    next_try_at: datetime | None
    settled_at: datetime | None
    status: int | None
    fault: str


class DeliveryList(BaseModel):
    """The latest first; `before`, where given, asks for the next page."""

    deliveries: list[DeliveryView]
    before: int | None


class Redelivered(BaseModel):
    count: int


def webhook_router(desk: WebhookDesk) -> APIRouter:
    routes = APIRouter()
    _add_reads(routes, desk)
    _add_writes(routes, desk)
    _add_redelivery(routes, desk)
    return routes


def _add_reads(routes: APIRouter, desk: WebhookDesk) -> None:
    @routes.get("/v1/webhooks", summary="Who is told of findings", responses=_AWAY)
    async def list_webhooks(caller: SignedIn) -> WebhookList:
        try:
            counts = await desk.counts()
            return WebhookList(
                webhooks=[WebhookView(**_told(one), **counts.get(one.id, {})) for one in await desk.all(caller)]
            )
        except Unavailable:
            raise database_unavailable() from None

    @routes.get(
        "/v1/webhooks/{webhook_id}/deliveries",
        summary="What was sent to a webhook, and what became of it",
        responses={**_UNKNOWN, **_AWAY},
    )
    async def list_deliveries(
        webhook_id: _ID,
        caller: SignedIn,
        state: DeliveryState | None = None,
        before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> DeliveryList:
        try:
            found = await desk.deliveries(webhook_id, caller, state, before, limit)
        except (UnknownWebhook, Unavailable) as error:
            raise _refusal(error, webhook_id) from None
        following = found[-1].id if len(found) == limit else None
        return DeliveryList(deliveries=[_delivery(one) for one in found], before=following)


def _add_writes(routes: APIRouter, desk: WebhookDesk) -> None:
    @routes.post(
        "/v1/webhooks",
        status_code=201,
        summary="Tell somebody of findings from now on",
        responses={**_OF_BODY, **_AWAY},
        openapi_extra=body_of(NewWebhook),
    )
    async def add_webhook(request: Request, response: Response, caller: SignedIn) -> MadeWebhook:
        asked = await read(request, NewWebhook, _LONGEST, blank=b"{}")
        try:
            kinds = frozenset([NoticeKind(one) for one in asked.kinds])
            made = await desk.add(asked.url, kinds, caller, _scope(asked, caller), asked.description)
        except (BadTarget, NotRecorded, Unavailable) as error:
            raise _refusal(error, "") from None
        response.headers["location"] = f"/v1/webhooks/{made.webhook.id}/deliveries"
        response.headers["cache-control"] = "no-store"
        return MadeWebhook(**_told(made.webhook), secret=made.secret)

    @routes.delete(
        "/v1/webhooks/{webhook_id}",
        status_code=204,
        summary="Tell them no more",
        responses={**_UNKNOWN, **_AWAY},
    )
    async def remove_webhook(webhook_id: _ID, caller: SignedIn) -> None:
        try:
            await desk.remove(webhook_id, caller)
        except (UnknownWebhook, NotRecorded, Unavailable) as error:
            raise _refusal(error, webhook_id) from None


def _add_redelivery(routes: APIRouter, desk: WebhookDesk) -> None:
    @routes.post(
        "/v1/webhooks/{webhook_id}/redeliver",
        summary="Send again what was given up",
        responses={**_OF_BODY, **_UNKNOWN, **_AWAY},
        openapi_extra=body_of(Redelivery, is_required=False),
    )
    async def redeliver(webhook_id: _ID, request: Request, caller: SignedIn) -> Redelivered:
        asked = await read(request, Redelivery, _LONGEST, blank=b"{}")
        try:
            return Redelivered(count=await desk.send_again(webhook_id, caller, asked.deliveries))
        except (UnknownWebhook, NotRecorded, Unavailable) as error:
            raise _refusal(error, webhook_id) from None


def _refusal(error: Exception, webhook: str) -> Problem:
    if isinstance(error, UnknownWebhook):
        return not_found("webhook", webhook)
    if isinstance(error, BadTarget):
        return Problem(422, "webhook-target", "Nothing can be sent to that address", str(error))
    return database_unavailable()


def _scope(asked: NewWebhook, by: Caller) -> Scope:
    """What is not limited by the request is limited as the caller is. Raises OutOfScope where it reaches further."""
    levels: dict[str, Any] = {}
    for name in LEVELS:
        wanted, own = getattr(asked, name), getattr(by.scope, name)
        if wanted is not None and own is not None and not own.issuperset(wanted):
            raise OutOfScope
        levels[name] = own if wanted is None else frozenset(wanted)
    return Scope(**levels, practitioner=by.scope.practitioner)


def _told(one: Webhook) -> dict[str, Any]:
    return {
        **{name: getattr(one, name) for name in ("id", "url", "description", "created_at", "created_by")},
        **limits_of(one.scope),
        "kinds": sorted(one.kinds),
    }


def _delivery(one: Delivery) -> DeliveryView:
    is_pending = one.state is DeliveryState.PENDING
    return DeliveryView(
        id=one.id, notice=one.notice_id, kind=one.kind, state=one.state, tries=one.tries,
        created_at=_moment(one.created_at), next_try_at=_moment(one.due_at) if is_pending else None,
        settled_at=None if one.settled_at is None else _moment(one.settled_at), status=one.status or None,
        fault=one.fault,
    )  # fmt: skip


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1_000_000, UTC)

"""/v1/views: filters that somebody gave a name (常用筛选), their own and those that others share."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from msgspec import Meta, Struct

from app.interfaces.caller import SignedIn
from app.interfaces.errors import Problem, not_found, not_recorded
from app.interfaces.rest.bodies import body_of, read, refusals
from app.interfaces.rest.finding_query import Direction, FieldName, FindingFilter, filter_of
from app.interfaces.rest.finding_rows import answer, told_with
from app.interfaces.rest.findings import LONGEST_BODY
from app.store.audit_log import NotRecorded
from app.store.reviews import SavedView, SavedViews, Sorting

_MOST = 100  # of one account
_ViewId = Annotated[str, Path(pattern="^[0-9a-zA-Z_-]{1,32}$")]


class View(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A shared one is everybody's to use, and its owner's to change. It never names a patient."""

    name: Annotated[str, Meta(min_length=1, max_length=40, pattern="^[^\\u0000]*$")]
    filter: FindingFilter = FindingFilter()
    sort: Sorting = Sorting.TIME
    order: Direction = Direction.DESCENDING
    fields: tuple[FieldName, ...] = ()
    is_shared: bool = False


class ToldView(Struct, frozen=True, kw_only=True):
    """`is_mine`: the caller may change it."""

    id: str
    name: str
    filter: FindingFilter
    sort: Sorting
    order: Direction
    fields: tuple[str, ...]
    is_shared: bool
    is_mine: bool


class ViewList(Struct, frozen=True, kw_only=True):
    views: list[ToldView]


def view_router(views: SavedViews) -> APIRouter:
    routes = APIRouter(tags=["findings"])
    _add_list(routes, views)
    _add_writes(routes, views)
    return routes


def _add_list(routes: APIRouter, views: SavedViews) -> None:
    @routes.get("/v1/views", summary="The caller's saved views, and shared ones", responses=told_with(ViewList, 503))
    async def list_views(caller: SignedIn) -> Response:
        return answer(ViewList(views=[_told(one, caller.id) for one in await views.of(caller.id)]))


def _add_writes(routes: APIRouter, views: SavedViews) -> None:
    @routes.put(
        "/v1/views/{view_id}",
        summary="Save a view, or change it",
        description="Its id is the caller's to choose.",
        responses=told_with(ToldView, 409, 413, 422, 503),
        openapi_extra=body_of(View),
    )
    async def save_view(view_id: _ViewId, request: Request, caller: SignedIn) -> Response:
        told = await read(request, View, LONGEST_BODY)
        if told.filter.patient_key:
            raise Problem(422, "invalid-request", "A view may not name patients", "Leave `patient_key` out.")
        await _check_room(views, view_id, caller.id)
        view = _view_of(told, view_id, caller.id)
        try:
            is_kept = await views.put(view)
        except NotRecorded:
            raise not_recorded() from None
        if not is_kept:
            raise Problem(
                409, "view-taken", "There is another view of that name or id",
                "Choose another name, or another id: this one is another account's.",
            )  # fmt: skip
        return answer(_told(view, caller.id))

    @routes.delete(
        "/v1/views/{view_id}",
        summary="Remove a view",
        status_code=204,
        response_class=Response,
        responses=refusals(404, 503),
    )
    async def remove_view(view_id: _ViewId, caller: SignedIn) -> Response:
        try:
            is_gone = await views.remove(view_id, caller.id)
        except NotRecorded:
            raise not_recorded() from None
        if not is_gone:
            raise not_found("view of this caller", view_id)
        return Response(status_code=204)


async def _check_room(views: SavedViews, view_id: str, account: str) -> None:
    mine = [one.id for one in await views.of(account) if one.account == account]
    if view_id not in mine and len(mine) >= _MOST:
        raise Problem(422, "invalid-request", "There are too many views", f"Of one account, {_MOST} are kept.")


def _view_of(told: View, view_id: str, account: str) -> SavedView:
    return SavedView(
        id=view_id, account=account, name=told.name, filter=told.filter.wanted(), by=told.sort,
        is_descending=told.order is Direction.DESCENDING, fields=told.fields, is_shared=told.is_shared,
    )  # fmt: skip


def _told(one: SavedView, account: str) -> ToldView:
    return ToldView(
        id=one.id, name=one.name, filter=filter_of(one.filter), sort=one.by,
        order=Direction.DESCENDING if one.is_descending else Direction.ASCENDING, fields=one.fields,
        is_shared=one.is_shared, is_mine=one.account == account,
    )  # fmt: skip

"""/v1/departments and /v1/staff: what codes of departments and physicians are called (科室与医师名录)."""

from collections.abc import Awaitable, Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query, Request, Response
from msgspec import Meta, Struct

from app.application.authorise import OutOfScope, check_facility
from app.domain.access import Caller
from app.interfaces.caller import SignedIn
from app.interfaces.errors import not_recorded
from app.interfaces.rest.bodies import body_of, read
from app.interfaces.rest.finding_rows import answer, told_with
from app.store.audit_log import NotRecorded
from app.store.reviews import Department, Directory, StaffMember

MOST = 5000  # of one request
_LONGEST = 4 * 1024 * 1024
_Code = Annotated[str, Meta(max_length=64, pattern="^[^\\u0000]*$")]
_Given = Annotated[str, Meta(min_length=1, max_length=64, pattern="^[^\\u0000]*$")]
_Name = Annotated[str, Meta(min_length=1, max_length=100, pattern="^[^\\u0000]*$")]
_Facility = Annotated[str, Query(min_length=1, max_length=64, pattern="^[^\\u0000]*$")]
_Codes = Annotated[list[_Code], Query(max_length=500)]
T = TypeVar("T", bound=Struct)


class DepartmentRow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`head` is the code of the physician who leads it (科主任)."""

    facility: _Given
    code: _Given
    name: _Name
    campus: _Code = ""
    head: _Code = ""


class StaffRow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who a physician's code is. `department` is a code."""

    facility: _Given
    code: _Given
    name: _Name
    department: _Code = ""
    title: _Code = ""


class DepartmentRows(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    departments: Annotated[tuple[DepartmentRow, ...], Meta(min_length=1, max_length=MOST)]


class StaffRows(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    staff: Annotated[tuple[StaffRow, ...], Meta(min_length=1, max_length=MOST)]


class DepartmentList(Struct, frozen=True, kw_only=True):
    departments: list[DepartmentRow]


class StaffList(Struct, frozen=True, kw_only=True):
    staff: list[StaffRow]


class Kept(Struct, frozen=True, kw_only=True):
    kept: int


def directory_router(directory: Directory) -> APIRouter:
    routes = APIRouter(tags=["directory"])
    _add_departments(routes, directory)
    _add_staff(routes, directory)
    return routes


def _add_departments(routes: APIRouter, directory: Directory) -> None:
    @routes.get(
        "/v1/departments", summary="Departments of a facility", responses=told_with(DepartmentList, 403, 422, 503)
    )
    async def list_departments(facility: _Facility, caller: SignedIn, code: _Codes = []) -> Response:  # noqa: B006
        _check_is_theirs(caller, facility)
        return answer(DepartmentList(departments=_all(DepartmentRow, await directory.departments(facility, code))))

    @routes.put(
        "/v1/departments",
        summary="Tell what departments are called",
        description="What is told of one that is known takes the place of what was known; the others stay.",
        responses=told_with(Kept, 403, 413, 422, 503),
        openapi_extra=body_of(DepartmentRows),
    )
    async def put_departments(request: Request, caller: SignedIn) -> Response:
        told = await read(request, DepartmentRows, _LONGEST)
        _check_all(caller, [one.facility for one in told.departments])
        rows = _all(Department, told.departments)
        return await _kept(len(rows), directory.put_departments(rows, caller=caller.id, at=datetime.now(UTC)))


def _add_staff(routes: APIRouter, directory: Directory) -> None:
    @routes.get("/v1/staff", summary="Physicians of a facility by code", responses=told_with(StaffList, 403, 422, 503))
    async def list_staff(
        facility: _Facility, code: Annotated[list[_Code], Query(min_length=1, max_length=500)], caller: SignedIn
    ) -> Response:
        _check_is_theirs(caller, facility)
        return answer(StaffList(staff=_all(StaffRow, await directory.staff(facility, code))))

    @routes.put(
        "/v1/staff",
        summary="Tell what physicians are called",
        description="What is told of one who is known takes the place of what was known; the others stay.",
        responses=told_with(Kept, 403, 413, 422, 503),
        openapi_extra=body_of(StaffRows),
    )
    async def put_staff(request: Request, caller: SignedIn) -> Response:
        told = await read(request, StaffRows, _LONGEST)
        _check_all(caller, [one.facility for one in told.staff])
        rows = _all(StaffMember, told.staff)
        return await _kept(len(rows), directory.put_staff(rows, caller=caller.id, at=datetime.now(UTC)))


def _all(shape: type[T], ones: Iterable[Any]) -> list[T]:
    """The same as this shape, whose fields have the same names."""
    return [shape(**{name: getattr(one, name) for name in shape.__struct_fields__}) for one in ones]


async def _kept(count: int, keeping: Awaitable[None]) -> Response:
    try:
        await keeping
    except NotRecorded:
        raise not_recorded() from None
    return answer(Kept(kept=count))


def _check_is_theirs(caller: Caller, facility: str) -> None:
    """Names are for all of the facility, whatever department they are limited to."""
    facilities = caller.scope.facilities
    if facilities is not None and facility not in facilities:
        raise OutOfScope


def _check_all(caller: Caller, facilities: Iterable[str]) -> None:
    for one in set(facilities):
        check_facility(caller, one)

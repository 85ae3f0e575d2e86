"""/v1/accounts: accounts of staff, their rights, and what an administrator does about a lost password or phone."""

from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel

from app.application.manage_accounts import AccountManager, Made
from app.domain.access import Role, Scope
from app.domain.account import Account
from app.interfaces.caller import SignedIn
from app.interfaces.rest.bodies import body_of, read, refusals
from app.interfaces.rest.limits import limits_of
from app.interfaces.rest.session import ScopeView
from app.interfaces.session.cookies import whence
from app.interfaces.session.refusing import refusing

_Code = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
_Codes = Annotated[frozenset[_Code], msgspec.Meta(min_length=1, max_length=500)]


class ScopeBody(msgspec.Struct, forbid_unknown_fields=True):
    """null: no limit."""

    facilities: _Codes | None = None
    campuses: _Codes | None = None
    departments: _Codes | None = None
    practitioner: Annotated[str, msgspec.Meta(max_length=64)] = ""

    def scope(self) -> Scope:
        return Scope(**{name: getattr(self, name) for name in self.__struct_fields__})


class NewAccount(msgspec.Struct, forbid_unknown_fields=True):
    """Without a password one is made, and told once. `roles` and `scope` need the permission right.grant."""

    login: Annotated[str, msgspec.Meta(max_length=64)]
    name: Annotated[str, msgspec.Meta(max_length=100)]
    password: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    roles: frozenset[Role] = frozenset()
    scope: ScopeBody = msgspec.field(default_factory=ScopeBody)


class AccountChange(msgspec.Struct, forbid_unknown_fields=True):
    """`version`: which one is to be changed."""

    version: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
    name: Annotated[str, msgspec.Meta(max_length=100)] | None = None
    is_disabled: bool | None = None


class Rights(msgspec.Struct, forbid_unknown_fields=True):
    """All that the account may do from now on."""

    version: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
    roles: frozenset[Role]
    scope: ScopeBody = msgspec.field(default_factory=ScopeBody)


class AccountView(BaseModel):
    id: str
    login: str
    name: str
    roles: list[Role]
    scope: ScopeView
    is_disabled: bool
    is_local: bool
    has_otp: bool
    must_change: bool
    version: int
    created_at: datetime
    changed_at: datetime


class MadeAccount(AccountView):
    """`initial_password` is told this once, and good for one sign-in within seven days."""

    initial_password: str


class AccountList(BaseModel):
    """`next`: send it as `after` for those that follow; blank at the end."""

    accounts: list[AccountView]
    next: str


class Ended(BaseModel):
    ended: int


_Id = Annotated[str, Path(max_length=32)]


def account_router(manager: AccountManager) -> APIRouter:
    routes = APIRouter(tags=["accounts"])
    _add_accounts(routes, manager)
    _add_changes(routes, manager)
    _add_rescue(routes, manager)
    return routes


def _add_accounts(routes: APIRouter, manager: AccountManager) -> None:
    @routes.get("/v1/accounts", summary="The accounts by login name", responses=refusals(503))
    async def list_accounts(
        after: Annotated[str, Query(max_length=64)] = "", limit: Annotated[int, Query(ge=1, le=500)] = 100
    ) -> AccountList:
        with refusing():
            found = await manager.all(after, limit + 1)
        following = found[limit - 1].login if len(found) > limit else ""
        return AccountList(accounts=[_view(one) for one in found[:limit]], next=following)

    @routes.post(
        "/v1/accounts",
        summary="Create an account",
        status_code=201,
        responses=refusals(403, 409, 413, 422, 503),
        openapi_extra=body_of(NewAccount),
    )
    async def create_account(request: Request, response: Response, caller: SignedIn) -> MadeAccount:
        told = await read(request, NewAccount)
        with refusing():
            made = await manager.create(
                told.login, told.name, caller=caller, roles=told.roles, scope=told.scope.scope(),
                password=told.password,
            )  # fmt: skip
        return _made(made, response)


def _add_changes(routes: APIRouter, manager: AccountManager) -> None:
    @routes.patch(
        "/v1/accounts/{account_id}",
        summary="Rename, disable or enable an account",
        responses=refusals(403, 404, 409, 413, 422, 503),
        openapi_extra=body_of(AccountChange),
    )
    async def change_account(account_id: _Id, request: Request, caller: SignedIn) -> AccountView:
        told = await read(request, AccountChange)
        with refusing():
            changed = await manager.change(
                account_id, told.version, caller=caller, name=told.name, is_disabled=told.is_disabled
            )
        return _view(changed)

    @routes.put(
        "/v1/accounts/{account_id}/rights",
        summary="Grant roles and scope, in the place of those that it had",
        responses=refusals(403, 404, 409, 413, 422, 503),
        openapi_extra=body_of(Rights),
    )
    async def grant(account_id: _Id, request: Request, caller: SignedIn) -> AccountView:
        told = await read(request, Rights)
        with refusing():
            return _view(await manager.grant(account_id, told.version, told.roles, told.scope.scope(), caller=caller))


def _add_rescue(routes: APIRouter, manager: AccountManager) -> None:
    @routes.post(
        "/v1/accounts/{account_id}/password",
        summary="Give a new password, which is good for one sign-in",
        responses=refusals(403, 404, 409, 503),
    )
    async def reset_password(account_id: _Id, response: Response, caller: SignedIn) -> MadeAccount:
        with refusing():
            return _made(await manager.reset_password(account_id, caller=caller), response)

    @routes.delete(
        "/v1/accounts/{account_id}/totp",
        summary="Remove a lost second factor",
        responses=refusals(403, 404, 409, 503),
    )
    async def remove_totp(account_id: _Id, caller: SignedIn) -> AccountView:
        with refusing():
            return _view(await manager.remove_otp(account_id, caller=caller))

    @routes.delete(
        "/v1/accounts/{account_id}/sessions", summary="End all its sessions", responses=refusals(403, 404, 503)
    )
    async def end_sessions(account_id: _Id, request: Request, caller: SignedIn) -> Ended:
        with refusing():
            return Ended(ended=await manager.end_sessions(account_id, caller=caller, whence=whence(request.scope)))


def _view(one: Account) -> AccountView:
    return AccountView(**_fields(one))


def _made(made: Made, response: Response) -> MadeAccount:
    response.headers["cache-control"] = "no-store"
    return MadeAccount(**_fields(made.account), initial_password=made.password)


def _fields(one: Account) -> dict[str, object]:
    names = ("id", "login", "name", "is_disabled", "has_otp", "must_change", "version", "created_at", "changed_at")
    return {
        **{name: getattr(one, name) for name in names},
        "roles": sorted(one.roles),
        "scope": ScopeView(**limits_of(one.scope), practitioner=one.scope.practitioner),
        "is_local": bool(one.password),
    }

"""/v1/session: signing in and out, who one is, and one's own account."""

from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel

from app.application.keep_sessions import SessionOf, Sessions
from app.application.own_account import OwnAccount
from app.application.sign_in import SignIn
from app.domain.access import PERMISSIONS, Caller, Permission, Role
from app.domain.account import Pending, Way
from app.interfaces.caller import SignedIn
from app.interfaces.errors import Problem, not_found
from app.interfaces.rest.bodies import body_of, read, refusals
from app.interfaces.rest.limits import limits_of
from app.interfaces.session.authenticator import session_in
from app.interfaces.session.cookies import CLEARED, PublicAddress, end_session, session_token, set_session, whence
from app.interfaces.session.csrf import check_origin, check_safe, csrf_token
from app.interfaces.session.refusing import refusing


class SignInBody(msgspec.Struct, forbid_unknown_fields=True):
    login: Annotated[str, msgspec.Meta(max_length=200)]
    password: Annotated[str, msgspec.Meta(max_length=1000)]
    otp: Annotated[str, msgspec.Meta(max_length=64)] = ""


class PasswordBody(msgspec.Struct, forbid_unknown_fields=True):
    old_password: Annotated[str, msgspec.Meta(max_length=1000)]
    password: Annotated[str, msgspec.Meta(max_length=1000)]


class EnrolBody(msgspec.Struct, forbid_unknown_fields=True):
    password: Annotated[str, msgspec.Meta(max_length=1000)]


class ConfirmBody(msgspec.Struct, forbid_unknown_fields=True):
    otp: Annotated[str, msgspec.Meta(max_length=64)]


class ScopeView(BaseModel):
    """null: no limit."""

    facilities: list[str] | None
    campuses: list[str] | None
    departments: list[str] | None
    practitioner: str


class WhoView(BaseModel):
    """`pending`: what has to be done before the permissions are given. `csrf_token` is blank without a session."""

    id: str
    name: str
    kind: str
    roles: list[Role]
    permissions: list[Permission]
    scope: ScopeView
    pending: list[Pending]
    has_otp: bool
    csrf_token: str


class SessionView(BaseModel):
    id: str
    way: Way
    started_at: datetime
    seen_at: datetime
    agent: str
    is_this: bool


class SessionList(BaseModel):
    sessions: list[SessionView]


class EnrolmentView(BaseModel):
    secret: str
    uri: str


class RecoveryCodes(BaseModel):
    """Told this once; each opens the account once in the place of a code."""

    codes: list[str]


def session_router(sign_in: SignIn, sessions: Sessions, own: OwnAccount, public: PublicAddress) -> APIRouter:
    routes = APIRouter(tags=["session"])
    _add_signing_in(routes, sign_in, sessions, public)
    _add_password(routes, own)
    _add_second_factor(routes, own)
    _add_own_sessions(routes, sessions)
    return routes


def _add_signing_in(routes: APIRouter, sign_in: SignIn, sessions: Sessions, public: PublicAddress) -> None:
    @routes.post(
        "/v1/session",
        summary="Sign in with login name, password, and where the account has one the code of its second factor",
        responses=refusals(401, 403, 413, 422, 423, 503),
        openapi_extra=body_of(SignInBody),
    )
    async def open_session(request: Request, response: Response) -> WhoView:
        scope = request.scope
        check_origin(scope, public)
        check_safe(request.scope, public)
        told = await read(request, SignInBody)
        with refusing():
            opened = await sign_in.by_password(
                told.login, told.password, told.otp, whence(scope), instead_of=session_token(scope, public)
            )
        response.headers.append("set-cookie", set_session(scope, public, opened.token))
        response.headers["cache-control"] = "no-store"
        return who(opened.of.caller, opened.of, opened.token)

    @routes.get("/v1/session", summary="Who one is, and may do")
    async def read_session(request: Request, response: Response, caller: SignedIn) -> WhoView:
        response.headers["cache-control"] = "no-store"
        return who(caller, session_in(request.scope), session_token(request.scope, public))

    @routes.delete("/v1/session", summary="Sign out", status_code=204, responses=refusals(403, 503))
    async def close_session(request: Request, caller: SignedIn) -> Response:  # noqa: ARG001
        if session_in(request.scope) is not None:
            with refusing():
                await sessions.end(session_token(request.scope, public), whence(request.scope))
        return Response(None, 204, {"set-cookie": end_session(request.scope, public), **CLEARED})


def _add_password(routes: APIRouter, own: OwnAccount) -> None:
    @routes.post(
        "/v1/session/password",
        summary="Change one's own password; all other sessions end",
        status_code=204,
        responses=refusals(401, 403, 409, 413, 422, 423, 503),
        openapi_extra=body_of(PasswordBody),
    )
    async def change_password(request: Request, of: Annotated[SessionOf, Depends(by_session)]) -> None:
        told = await read(request, PasswordBody)
        with refusing():
            await own.change_password(of, told.old_password, told.password, whence(request.scope))


def _add_second_factor(routes: APIRouter, own: OwnAccount) -> None:
    @routes.post(
        "/v1/session/totp",
        summary="Enrol a second factor: what the authenticator app is to be given",
        responses=refusals(401, 403, 409, 413, 422, 423, 503),
        openapi_extra=body_of(EnrolBody),
    )
    async def enrol(
        request: Request, response: Response, of: Annotated[SessionOf, Depends(by_session)]
    ) -> EnrolmentView:
        told = await read(request, EnrolBody)
        with refusing():
            found = await own.enrol(of, told.password, whence(request.scope))
        response.headers["cache-control"] = "no-store"
        return EnrolmentView(secret=found.secret, uri=found.uri)

    @routes.post(
        "/v1/session/totp/confirm",
        summary="Confirm the second factor by a code of it; answers the recovery codes",
        responses=refusals(401, 403, 409, 413, 422, 503),
        openapi_extra=body_of(ConfirmBody),
    )
    async def confirm(
        request: Request, response: Response, of: Annotated[SessionOf, Depends(by_session)]
    ) -> RecoveryCodes:
        told = await read(request, ConfirmBody)
        with refusing():
            codes = await own.confirm(of, told.otp)
        response.headers["cache-control"] = "no-store"
        return RecoveryCodes(codes=codes)


def _add_own_sessions(routes: APIRouter, sessions: Sessions) -> None:
    @routes.get("/v1/session/sessions", summary="One's own open sessions", responses=refusals(403, 503))
    async def list_sessions(of: Annotated[SessionOf, Depends(by_session)]) -> SessionList:
        with refusing():
            found = await sessions.of_account(of.session.account)
        fields = ("id", "way", "started_at", "seen_at", "agent")
        return SessionList(
            sessions=[
                SessionView(**{name: getattr(one, name) for name in fields}, is_this=one.id == of.session.id)
                for one in found
            ]
        )

    @routes.delete(
        "/v1/session/sessions/{session_id}", summary="End one of one's own sessions", status_code=204,
        responses=refusals(403, 404, 503),
    )  # fmt: skip
    async def end_session_of(
        session_id: Annotated[str, Path(max_length=32)],
        request: Request,
        of: Annotated[SessionOf, Depends(by_session)],
    ) -> None:
        with refusing():
            if not await sessions.end_one(of.session.account, session_id, whence(request.scope)):
                raise not_found("session", session_id)


def by_session(request: Request, caller: SignedIn) -> SessionOf:  # noqa: ARG001
    """A dependency for what only people with an account do. Raises Problem (403)."""
    of = session_in(request.scope)
    if of is None or of.account is None:
        raise Problem(
            403, "session-needed", "Only somebody who signed in may do that", "Sign in with an account first."
        )
    return of


def who(caller: Caller, of: SessionOf | None, token: str) -> WhoView:
    """`token` may be of a cookie that was not what let the caller in: then there is no session."""
    scope = caller.scope
    return WhoView(
        id=caller.id, name=caller.name, kind=caller.kind, roles=sorted(caller.roles),
        permissions=sorted(frozenset[Permission]().union(*[PERMISSIONS[role] for role in caller.roles])),
        scope=ScopeView(**limits_of(scope), practitioner=scope.practitioner),
        pending=list(of.pending) if of is not None else [],
        has_otp=of is not None and of.account is not None and of.account.has_otp,
        csrf_token=csrf_token(token) if of is not None else "",
    )  # fmt: skip

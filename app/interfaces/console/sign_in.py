"""Signing in at the console (登录页面), and what an account must do first: another password, a second factor."""

from typing import Annotated

import segno
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from app.application.keep_sessions import SessionOf, Sessions
from app.application.manage_accounts import BadPassword, ChangedMeanwhile, NotAllowed
from app.application.own_account import OwnAccount
from app.application.sign_in import WAIT, CodeNeeded, Locked, SignIn, WrongCredentials
from app.domain.account import Pending
from app.interfaces.caller import SignedIn
from app.interfaces.console.forms import Form, read_form
from app.interfaces.console.page_route import PageRoute
from app.interfaces.console.pages import HEADERS, Pages
from app.interfaces.errors import Problem
from app.interfaces.session.authenticator import session_in
from app.interfaces.session.cookies import CLEARED, PublicAddress, end_session, session_token, set_session, whence
from app.interfaces.session.csrf import check_origin, check_safe
from app.interfaces.session.local_path import CONSOLE, local_path
from app.interfaces.session.staff import Staff
from app.store.audit_log import NotRecorded
from app.store.history import Unavailable

SIGN_IN, FIRST_STEPS = f"{CONSOLE}/sign-in", f"{CONSOLE}/first-steps"
_WAIT = f"失败次数过多，已暂停登录，请{int(WAIT.total_seconds() // 60)}分钟后再试。"
_AWAY = "数据库暂时没有应答，请稍后再试。"
_REFUSED: dict[type[Exception], tuple[int, str]] = {
    WrongCredentials: (401, "账号、密码或动态口令不正确，或账号已停用。"),
    CodeNeeded: (401, "该账号已启用动态口令：请再次填写密码，并填写动态口令（或恢复码）。"),
    Locked: (423, _WAIT),
    NotRecorded: (503, _AWAY),
    Unavailable: (503, _AWAY),
}
_OWN: dict[type[Exception], tuple[int, str]] = {
    **_REFUSED,
    WrongCredentials: (401, "密码或动态口令不正确。"),
    ChangedMeanwhile: (409, "账号刚刚被更改，请刷新页面后再试。"),
    NotAllowed: (403, "此登录方式没有本地密码，请在单位统一身份系统中更改。"),
}
_UNSAFE = {
    "foreign-origin": "该请求来自其他网站的页面，已被拒绝。请从本页面登录。",
    "sign-in-unsafe": "当前连接未加密，不能登录。请使用 HTTPS 地址，或联系管理员设置服务的访问地址。",
}


def sign_in_pages(pages: Pages, staff: Staff) -> APIRouter:
    routes = APIRouter(include_in_schema=False, route_class=PageRoute)
    oidc = "/v1/session/oidc" if staff.oidc is not None else ""
    _add_sign_in(routes, pages, staff.sign_in, staff.public, oidc)
    _add_sign_out(routes, pages, staff.sessions, staff.public)
    _add_first_steps(routes, pages, staff.own)
    return routes


def _add_sign_in(routes: APIRouter, pages: Pages, sign_in: SignIn, public: PublicAddress, oidc: str) -> None:
    def shown(next_: str, *, login: str = "", fault: str = "", status: int = 200, asks_code: bool = False) -> Response:
        path = local_path(next_)
        led = f"{oidc}?next={path.partition('?')[0]}" if oidc else ""
        return pages.part(
            "sign_in.html", status=status, next=path, login=login, fault=fault, oidc=led, asks_code=asks_code
        )

    @routes.get(SIGN_IN)
    async def show(next: str = "") -> Response:
        return shown(next)

    @routes.post(SIGN_IN)
    async def enter(request: Request) -> Response:
        scope, form = request.scope, await read_form(request)
        next_, login = form.one("next", 500), form.one("login", 200)
        try:
            check_origin(scope, public)
            check_safe(scope, public)
            opened = await sign_in.by_password(
                login, form.secret("password")[:1000], form.one("otp", 64), whence(scope),
                instead_of=session_token(scope, public),
            )  # fmt: skip
        except Problem as problem:
            name = problem.document.type.rpartition(":")[2]
            return shown(next_, login=login, fault=_UNSAFE.get(name, problem.document.title), status=problem.status)
        except tuple(_REFUSED) as error:
            status, text = _told(_REFUSED, error)
            return shown(next_, login=login, fault=text, status=status, asks_code=isinstance(error, CodeNeeded))
        led = FIRST_STEPS if opened.of.pending else local_path(next_)
        return Response(None, 303, {**HEADERS, "location": led, "set-cookie": set_session(scope, public, opened.token)})


def _add_sign_out(routes: APIRouter, pages: Pages, sessions: Sessions, public: PublicAddress) -> None:
    @routes.post(f"{CONSOLE}/sign-out")
    async def leave(request: Request, caller: SignedIn) -> Response:  # noqa: ARG001
        if session_in(request.scope) is not None:
            try:
                await sessions.end(session_token(request.scope, public), whence(request.scope))
            except (NotRecorded, Unavailable):
                return pages.part("_fault.html", status=503, fault=_AWAY)
        response = pages.led_to(SIGN_IN)
        response.headers.update(CLEARED)
        response.headers.append("set-cookie", end_session(request.scope, public))
        return response


def _session(request: Request, caller: SignedIn) -> SessionOf | None:  # noqa: ARG001
    return session_in(request.scope)


_Session = Annotated[SessionOf | None, Depends(_session)]


def _add_first_steps(routes: APIRouter, pages: Pages, own: OwnAccount) -> None:
    def step(step: Pending, status: int, fault: str) -> Response:
        return pages.part("_first_step.html", status=status, step=step, fault=fault)

    @routes.get(FIRST_STEPS)
    async def show(request: Request, of: _Session) -> Response:
        if of is None or not of.pending:
            return RedirectResponse(CONSOLE, 303, HEADERS)
        return pages.page(request, "first_steps.html", title="首次登录", step=of.pending[0], fault="")

    @routes.post(f"{FIRST_STEPS}/password")
    async def change(request: Request, of: _Session) -> Response:
        form = await read_form(request)
        fault = _unfit(of, form)
        if of is None or fault:
            return step(Pending.PASSWORD, 422, fault)
        try:
            await own.change_password(of, form.secret("old")[:1000], form.secret("new")[:1000], whence(request.scope))
        except BadPassword as error:
            return step(Pending.PASSWORD, 422, str(error))
        except tuple(_OWN) as error:
            return step(Pending.PASSWORD, *_told(_OWN, error))
        return pages.led_to(FIRST_STEPS)

    _add_second_factor(routes, pages, own)


def _add_second_factor(routes: APIRouter, pages: Pages, own: OwnAccount) -> None:
    @routes.post(f"{FIRST_STEPS}/otp")
    async def enrol(request: Request, of: _Session) -> Response:
        form = await read_form(request)
        try:
            if of is None:
                raise NotAllowed
            found = await own.enrol(of, form.secret("password")[:1000], whence(request.scope))
        except tuple(_OWN) as error:
            status, text = _told(_OWN, error)
            return pages.part("_first_step.html", status=status, step=Pending.OTP, fault=text)
        square = segno.make(found.uri, error="m").svg_data_uri(scale=4, border=2)
        return pages.part("_enrolment.html", secret=found.secret, square=square)

    @routes.post(f"{FIRST_STEPS}/otp/confirm")
    async def confirm(request: Request, of: _Session) -> Response:
        form = await read_form(request)
        try:
            if of is None:
                raise NotAllowed
            codes = await own.confirm(of, form.one("otp", 16))
        except tuple(_OWN) as error:
            status, text = _told(_OWN, error)
            return pages.part("_fault.html", status=status, fault=text)
        return pages.part("_recovery_codes.html", codes=codes)


def _unfit(of: SessionOf | None, form: Form) -> str:
    if of is None:
        return _OWN[NotAllowed][1]
    return "" if form.secret("new") == form.secret("again") else "两次填写的新密码不一致。"


def _told(texts: dict[type[Exception], tuple[int, str]], error: Exception) -> tuple[int, str]:
    return next(told for kind, told in texts.items() if isinstance(error, kind))

"""The accounts page (用户与权限): who there is, what they may do, and about whom; administrations are apart."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from app.application.manage_accounts import (
    AccountManager,
    BadAccount,
    BadPassword,
    ChangedMeanwhile,
    LoginTaken,
    NotAllowed,
    UnknownAccount,
)
from app.domain.access import APART, ROLE_LABELS, Caller, Permission, Role, Scope, conflicts
from app.domain.account import OtpPolicy, is_login
from app.interfaces.caller import SignedIn
from app.interfaces.console.forms import Form, read_form
from app.interfaces.console.page_route import PageRoute, refused
from app.interfaces.console.pages import Pages
from app.interfaces.console.system_words import CHANGED, UNAVAILABLE
from app.interfaces.session.cookies import whence
from app.store.audit_log import NotRecorded
from app.store.history import Unavailable
from app.store.sessions import SessionStore

PAGE = "/console/accounts"
_MOST = 500
_LONGEST = 100
_LEVELS = ("facilities", "campuses", "departments")
_REFUSED: Mapping[type[Exception], tuple[int, str]] = {
    UnknownAccount: (404, "没有该账号。"),
    LoginTaken: (409, "该账号名已被使用，请换一个。"),
    ChangedMeanwhile: (409, CHANGED),
    NotAllowed: (
        403,
        "不允许：系统管理员建立账号，安全管理员授予权限；任何人不得变更自己的权限，管理员账号的停用与重置须另一位安全管理员办理。",
    ),
    BadAccount: (422, "姓名须为 1 至 100 个可显示的字符。"),
    NotRecorded: (503, UNAVAILABLE),
    Unavailable: (503, UNAVAILABLE),
}
_ID = Annotated[str, Path(max_length=32)]


class AccountPages:
    def __init__(self, pages: Pages, manager: AccountManager, sessions: SessionStore, otp: OtpPolicy) -> None:
        self._pages, self._manager, self._sessions, self._otp = pages, manager, sessions, otp

    def router(self) -> APIRouter:
        routes = APIRouter(include_in_schema=False, route_class=PageRoute)
        routes.get(PAGE)(self._list)
        routes.post(PAGE)(self._create)
        routes.get(f"{PAGE}/{{account_id}}")(self._show)
        for name, answer in (
            ("change", self._change), ("rights", self._grant), ("password", self._reset), ("otp", self._remove_otp),
            ("sessions", self._end_sessions),
        ):  # fmt: skip
            routes.post(f"{PAGE}/{{account_id}}/{name}")(answer)
        return routes

    async def _list(self, request: Request, caller: SignedIn) -> Response:
        asked = request.query_params.get("q", "").strip().casefold()[:_LONGEST]
        role = request.query_params.get("role", "")
        found = await self._manager.all(limit=_MOST + 1)
        shown = [
            one
            for one in found[:_MOST]
            if (asked in one.login or asked in one.name.casefold()) and role in ("", *one.roles)
        ]
        return self._pages.page(
            request, "accounts.html", title="用户与权限", accounts=shown, asked=asked, role=role,
            role_labels=ROLE_LABELS, is_cut=len(found) > _MOST, apart=APART, must_otp=self._otp.asks, may=_may(caller),
            shown_scope=shown_scope,
        )  # fmt: skip

    async def _show(self, request: Request, account_id: _ID, caller: SignedIn) -> Response:
        try:
            account = await self._manager.get(account_id)
        except UnknownAccount as error:
            return self._refused(error)
        context: dict[str, Any] = {
            "account": account,
            "sessions": await self._sessions.of_account(account.id, datetime.now(UTC)),
            "role_labels": ROLE_LABELS,
            "must_otp": self._otp.asks(account),
            "may": _may(caller),
            "is_self": account.id == caller.id,
            "levels": {name: _told(getattr(account.scope, name)) for name in _LEVELS},
        }
        if request.headers.get("hx-request") == "true":
            return self._pages.part("_account.html", **context)
        return self._pages.page(request, "account.html", title=f"账号 {account.login}", **context)

    async def _create(self, request: Request, caller: SignedIn) -> Response:
        form = await read_form(request)
        login, roles = form.one("login", _LONGEST).casefold(), _roles(form)
        if fault := _fault_of(login, roles):
            return self._pages.part("_fault.html", status=422, fault=fault)
        try:
            made = await self._manager.create(
                login, form.one("name", _LONGEST), caller=caller, roles=roles, scope=_scope(form)
            )
        except tuple(_REFUSED) as error:
            return self._refused(error)
        return self._pages.part("_made_account.html", account=made.account, password=made.password)

    async def _change(self, request: Request, account_id: _ID, caller: SignedIn) -> Response:
        form = await read_form(request)
        disabled = {"disable": True, "enable": False}.get(form.one("do"))
        name = form.one("name", _LONGEST) or None
        try:
            await self._manager.change(
                account_id, form.number("version") or 0, caller=caller, name=name, is_disabled=disabled
            )
        except tuple(_REFUSED) as error:
            return self._refused(error)
        return self._pages.led_to(f"{PAGE}/{account_id}")

    async def _grant(self, request: Request, account_id: _ID, caller: SignedIn) -> Response:
        form = await read_form(request)
        roles = _roles(form)
        if fault := _fault_of("aa", roles):
            return self._pages.part("_fault.html", status=422, fault=fault)
        try:
            await self._manager.grant(account_id, form.number("version") or 0, roles, _scope(form), caller=caller)
        except tuple(_REFUSED) as error:
            return self._refused(error)
        return self._pages.led_to(f"{PAGE}/{account_id}")

    async def _reset(self, account_id: _ID, caller: SignedIn) -> Response:
        try:
            made = await self._manager.reset_password(account_id, caller=caller)
        except tuple(_REFUSED) as error:
            return self._refused(error)
        return self._pages.part("_made_account.html", account=made.account, password=made.password)

    async def _remove_otp(self, account_id: _ID, caller: SignedIn) -> Response:
        try:
            await self._manager.remove_otp(account_id, caller=caller)
        except tuple(_REFUSED) as error:
            return self._refused(error)
        return self._pages.led_to(f"{PAGE}/{account_id}")

    async def _end_sessions(self, request: Request, account_id: _ID, caller: SignedIn) -> Response:
        try:
            await self._manager.end_sessions(account_id, caller=caller, whence=whence(request.scope))
        except tuple(_REFUSED) as error:
            return self._refused(error)
        return self._pages.led_to(f"{PAGE}/{account_id}")

    def _refused(self, error: Exception) -> Response:
        if isinstance(error, BadPassword):
            return self._pages.part("_fault.html", status=_REFUSED[BadAccount][0], fault=str(error))
        return refused(self._pages, _REFUSED, error)


def _may(caller: Caller) -> dict[str, bool]:
    return {"manage": caller.may(Permission.USER_MANAGE), "grant": caller.may(Permission.RIGHT_GRANT)}


def _fault_of(login: str, roles: frozenset[Role]) -> str:
    if not is_login(login):
        return "账号名须为 2 至 64 个字符（a-z、0-9、. _ @ -），以字母或数字开头。"
    if apart := conflicts(roles):
        return f"三员分立：{'与'.join(sorted(ROLE_LABELS[one] for one in apart[0]))}不能由同一人兼任。"
    return ""


def _roles(form: Form) -> frozenset[Role]:
    return frozenset(Role(one) for one in form.every("role") if one in set(Role))


def scope_levels(form: Form) -> dict[str, frozenset[str] | None]:
    """Codes parted by commas or spaces; a blank level has no limit."""
    told = {name: frozenset(re.split(r"[\s,，、;；]+", form.one(name))) - {""} for name in _LEVELS}
    return {name: codes or None for name, codes in told.items()}


def _scope(form: Form) -> Scope:
    return Scope(**scope_levels(form), practitioner=form.one("practitioner", 64))


def _told(codes: frozenset[str] | None) -> str:
    return "" if codes is None else ", ".join(sorted(codes))


def shown_scope(scope: Scope) -> str:
    """In one line."""
    labels = zip(("机构", "院区", "科室"), _LEVELS, strict=True)
    parts = [f"{label} {_told(limit)}" for label, name in labels if (limit := getattr(scope, name)) is not None]
    return "；".join([*parts, *([f"医生 {scope.practitioner} 的患者"] if scope.practitioner else [])]) or "不限"

"""The page of machine keys (接口密钥): issued, given a new secret, revoked. A secret is shown once."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from app.application.authorise import OutOfScope
from app.application.manage_keys import ChangedMeanwhile, KeyDesk, KeyEnded, KeyRequest, UnknownKey
from app.domain.access import ROLE_LABELS, Role, Scope
from app.domain.api_key import MACHINE_ROLES, ApiKey, BadKey
from app.interfaces.caller import SignedIn
from app.interfaces.console.accounts import scope_levels, shown_scope
from app.interfaces.console.forms import Form, read_form
from app.interfaces.console.page_route import PageRoute, refused
from app.interfaces.console.pages import Pages
from app.interfaces.console.system_words import CHANGED, UNAVAILABLE
from app.store.audit_log import NotRecorded
from app.store.history import Unavailable

PAGE = "/console/keys"
_SOON = timedelta(days=30)
_REASON = 500
_REFUSED: Mapping[type[Exception], tuple[int, str]] = {
    UnknownKey: (404, "没有该密钥，或在您的数据范围之外。"),
    KeyEnded: (409, "该密钥已吊销，请另发新密钥。"),
    ChangedMeanwhile: (409, CHANGED),
    OutOfScope: (403, "密钥的数据范围不能超出您本人的范围。"),
    BadKey: (
        422,
        "密钥不合要求：须填系统名称，至少一个接口可持有的角色，有效期 1 至 1095 天，来源网段形如 10.1.2.0/24。",
    ),
    NotRecorded: (503, UNAVAILABLE),
    Unavailable: (503, UNAVAILABLE),
}
_ID = Annotated[str, Path(max_length=32)]


def key_pages(pages: Pages, desk: KeyDesk) -> APIRouter:
    routes = APIRouter(include_in_schema=False, route_class=PageRoute)
    _add_issuing(routes, pages, desk)
    _add_changes(routes, pages, desk)
    return routes


def _add_issuing(routes: APIRouter, pages: Pages, desk: KeyDesk) -> None:
    @routes.get(PAGE)
    async def show(request: Request, caller: SignedIn) -> Response:
        now = datetime.now(UTC)
        rows = [(one, state_of(one.key, now)) for one in await desk.keys(caller)]
        labels = {role: ROLE_LABELS[role] for role in Role if role in MACHINE_ROLES}
        return pages.page(
            request, "keys.html", title="接口密钥", rows=rows, role_labels=ROLE_LABELS, machine_roles=labels,
            shown_scope=shown_scope,
        )  # fmt: skip

    @routes.post(PAGE)
    async def issue(request: Request, caller: SignedIn) -> Response:
        form = await read_form(request)
        try:
            made = await desk.issue(_request_of(form), caller)
        except tuple(_REFUSED) as error:
            return refused(pages, _REFUSED, error)
        return pages.part("_made_key.html", key=made.key, token=made.token, until=None)


def _add_changes(routes: APIRouter, pages: Pages, desk: KeyDesk) -> None:
    @routes.post(f"{PAGE}/{{key_id}}/rotate")
    async def rotate(request: Request, key_id: _ID, caller: SignedIn) -> Response:
        form = await read_form(request)
        days = form.number("overlap_days")
        overlap = None if days is None else timedelta(days=min(days, 90))
        try:
            made = await desk.rotate(key_id, caller, overlap, form.one("reason", _REASON))
        except tuple(_REFUSED) as error:
            return refused(pages, _REFUSED, error)
        return pages.part("_made_key.html", key=made.key, token=made.token, until=made.key.earlier_until)

    @routes.post(f"{PAGE}/{{key_id}}/revoke")
    async def revoke(request: Request, key_id: _ID, caller: SignedIn) -> Response:
        form = await read_form(request)
        try:
            await desk.revoke(key_id, caller, form.one("reason", _REASON))
        except tuple(_REFUSED) as error:
            return refused(pages, _REFUSED, error)
        return pages.led_to(PAGE)


def state_of(key: ApiKey, now: datetime) -> tuple[str, str]:
    """In Chinese, with its colour."""
    if key.revoked_at is not None:
        return "已吊销", "red"
    if key.expires_at <= now:
        return "已过期", "red"
    if key.not_before > now:
        return "未生效", "gold"
    return ("即将过期", "orange") if key.expires_at - now < _SOON else ("有效", "green")


def _request_of(form: Form) -> KeyRequest:
    days = form.number("days")
    return KeyRequest(
        name=form.one("name", 100),
        roles=frozenset(Role(one) for one in form.every("role") if one in set(Role)),
        scope=Scope(**scope_levels(form)),  # type: ignore[arg-type]
        networks=tuple(form.one("networks").replace("，", ",").replace(",", " ").split()),
        certificates=tuple(one.strip() for one in form.one("certificates").splitlines() if one.strip()),
        expires_at=None if days is None else datetime.now(UTC) + timedelta(days=days),
        reason=form.one("reason", _REASON),
    )

"""Webhooks on the page of interfaces (通知订阅): added, removed, and what could not be delivered sent again."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from app.application.authorise import OutOfScope
from app.application.manage_webhooks import UnknownWebhook, WebhookDesk
from app.application.webhook_targets import BadTarget
from app.domain.access import Caller, Permission, Scope
from app.domain.notice import DELIVERY_LABELS, NOTICE_LABELS, DeliveryState, NoticeKind
from app.interfaces.caller import SignedIn
from app.interfaces.console.accounts import scope_levels, shown_scope
from app.interfaces.console.forms import read_form
from app.interfaces.console.page_route import PageRoute, refused
from app.interfaces.console.pages import Pages
from app.interfaces.console.system_words import UNAVAILABLE
from app.store.audit_log import NotRecorded
from app.store.history import Unavailable

PAGE = "/console/webhooks"
_LIST = "/console/profiles"
_SHOWN = 100
_REFUSED: Mapping[type[Exception], tuple[int, str]] = {
    UnknownWebhook: (404, "没有该订阅，或在您的数据范围之外。"),
    OutOfScope: (403, "订阅的数据范围不能超出您本人的范围。"),
    BadTarget: (
        422,
        "不能发往该地址：须以 http(s):// 开头，在 MINGJIAN_WEBHOOK_TARGETS 所列主机或网段之内，并至少选一类通知。",
    ),
    NotRecorded: (503, UNAVAILABLE),
    Unavailable: (503, UNAVAILABLE),
}
_ID = Annotated[str, Path(max_length=32)]


class WebhookPages:
    def __init__(self, pages: Pages, desk: WebhookDesk) -> None:
        self._pages, self._desk = pages, desk

    def router(self) -> APIRouter:
        routes = APIRouter(include_in_schema=False, route_class=PageRoute)
        routes.get(f"{PAGE}/{{webhook_id}}")(self._show)
        routes.post(PAGE)(self._add)
        routes.post(f"{PAGE}/{{webhook_id}}/remove")(self._remove)
        routes.post(f"{PAGE}/{{webhook_id}}/redeliver")(self._send_again)
        return routes

    async def context(self, caller: Caller) -> dict[str, Any]:
        """What the list needs. Raises Unavailable."""
        return {
            "webhooks": await self._desk.all(caller),
            "delivery_counts": await self._desk.counts(),
            "targets": self._desk.targets,
            "notice_labels": NOTICE_LABELS,
            "shown_scope": shown_scope,
            "may_manage": caller.may(Permission.KEY_MANAGE),
        }

    async def _show(self, request: Request, webhook_id: _ID, caller: SignedIn) -> Response:
        state = request.query_params.get("state", "")
        wanted = DeliveryState(state) if state in set(DeliveryState) else None
        try:
            webhook = await self._desk.get(webhook_id, caller)
            found = await self._desk.deliveries(webhook_id, caller, wanted, most=_SHOWN)
        except (UnknownWebhook, Unavailable) as error:
            return refused(self._pages, _REFUSED, error)
        return self._pages.page(
            request, "webhook.html", title="通知发送记录", webhook=webhook, deliveries=found, state=state,
            delivery_labels=DELIVERY_LABELS, notice_labels=NOTICE_LABELS, may_manage=caller.may(Permission.KEY_MANAGE),
        )  # fmt: skip

    async def _add(self, request: Request, caller: SignedIn) -> Response:
        form = await read_form(request)
        kinds = frozenset(NoticeKind(one) for one in form.every("kind") if one in set(NoticeKind))
        levels: dict[str, Any] = scope_levels(form)
        own = {name: getattr(caller.scope, name) for name in levels}
        scope = Scope(**{name: levels[name] or own[name] for name in levels}, practitioner=caller.scope.practitioner)
        try:
            made = await self._desk.add(form.one("url"), kinds, caller, scope, form.one("description", 100))
        except tuple(_REFUSED) as error:
            return refused(self._pages, _REFUSED, error)
        return self._pages.part("_made_webhook.html", webhook=made.webhook, secret=made.secret)

    async def _remove(self, webhook_id: _ID, caller: SignedIn) -> Response:
        try:
            await self._desk.remove(webhook_id, caller)
        except tuple(_REFUSED) as error:
            return refused(self._pages, _REFUSED, error)
        return self._pages.led_to(_LIST)

    async def _send_again(self, request: Request, webhook_id: _ID, caller: SignedIn) -> Response:
        form = await read_form(request)
        ids = [int(one) for one in form.every("delivery") if one.isascii() and one.isdecimal() and len(one) < 19]
        try:
            await self._desk.send_again(webhook_id, caller, ids)
        except tuple(_REFUSED) as error:
            return refused(self._pages, _REFUSED, error)
        return self._pages.led_to(f"{PAGE}/{webhook_id}")

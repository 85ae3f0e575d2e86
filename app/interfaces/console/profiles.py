"""The page of interfaces (接口配置): what is set up, without secrets, and how what it rests on is doing."""

import json
from datetime import UTC, datetime
from typing import NamedTuple

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from app.application.safety_net import SafetyNet
from app.interfaces.authentication.oauth_issuers import OAuthIssuer, read_issuers
from app.interfaces.caller import caller_in
from app.interfaces.cds_hooks.clients import CdsClients, read_clients
from app.interfaces.console.page_route import PageRoute
from app.interfaces.console.pages import Pages
from app.interfaces.console.setting_words import CDS_FIELDS, ISSUER_FIELDS, SETTINGS
from app.interfaces.console.system_words import BREAKER_LABELS, DEPENDENCY_LABELS, STATE_LABELS
from app.interfaces.console.webhooks import WebhookPages
from app.interfaces.nhsa.profile_words import PROFILE_FIELDS
from app.interfaces.nhsa.profiles import Profiles
from app.settings import Settings
from app.store.access_log import Access, AccessLog
from app.trail.entry import Kind

PAGE = "/console/profiles"
_COLOURS = {"ok": "green", "slow": "orange", "down": "red", "unknown": ""}
_WINDOWS = 20
Row = tuple[str, str, str]  # name, value, what it means


class Configured(NamedTuple):
    """What is set up, as it was read when the service started."""

    profiles: Profiles
    clients: CdsClients
    issuers: tuple[OAuthIssuer, ...]
    settings: tuple[Row, ...]


def configured(settings: Settings, profiles: Profiles) -> Configured:
    """Raises as the readers of the files do."""
    changed = settings.model_fields_set
    rows = [
        (f"MINGJIAN_{name.upper()}", _shown(getattr(settings, name)), meaning + ("" if name in changed else "（默认）"))
        for name, meaning in SETTINGS.items()
    ]
    return Configured(
        profiles, read_clients(settings.cds_clients), tuple(read_issuers(settings.oauth_issuers)), tuple(rows)
    )


class ProfilePages:
    def __init__(
        self, pages: Pages, told: Configured, net: SafetyNet, access: AccessLog, webhooks: WebhookPages
    ) -> None:
        self._pages, self._told, self._net, self._access, self._webhooks = pages, told, net, access, webhooks

    def router(self) -> APIRouter:
        routes = APIRouter(include_in_schema=False, route_class=PageRoute)
        routes.get(PAGE)(self._show)
        return routes

    async def _show(self, request: Request) -> Response:
        windows = await self._access.latest(kind=Kind.DEGRADED, most=_WINDOWS)
        return self._pages.page(
            request,
            "profiles.html",
            title="接口配置",
            dependencies=[
                (
                    DEPENDENCY_LABELS.get(one.name, one.name),
                    STATE_LABELS[one.state],
                    _COLOURS[one.state],
                    _at(one.since),
                )
                for one in self._net.dependencies
            ],
            breakers=[(BREAKER_LABELS.get(one.name, one.name), one.is_closed) for one in self._net.breakers],
            spool=self._net.spool,
            windows=[
                (DEPENDENCY_LABELS.get(one.body.subject, one.body.subject), *_window(one)) for one in windows.found
            ],
            profiles=[(one.name, rows_of(one, PROFILE_FIELDS)) for one in self._told.profiles.all],
            clients=[(one.name, rows_of(one, CDS_FIELDS)) for one in self._told.clients.clients],
            issuers=[(one.name, rows_of(one, ISSUER_FIELDS)) for one in self._told.issuers],
            settings=self._told.settings,
            **await self._webhooks.context(caller_in(request.scope)),
        )


def rows_of(one: BaseModel, fields: dict[str, str]) -> list[Row]:
    """The fields that are told: what is not named there is shown to nobody."""
    return [(name, _shown(getattr(one, name)), meaning) for name, meaning in fields.items()]


def _shown(value: object) -> str:
    if value is None or value in ("", (), [], {}):
        return "—"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, tuple | list | frozenset | set):
        return "、".join(str(getattr(one, "value", one)) for one in value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(getattr(value, "value", value))


def _window(one: Access) -> tuple[str, str]:
    return str(one.body.details.get("from", "")), str(one.body.details.get("until", ""))


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)

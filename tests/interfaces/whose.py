"""Whose patients each operation is about: all that is documented stands here once, in one of these tables."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from tests.interfaces.finding_access import ABOUT_FINDINGS, Kept
from tests.service import Service, charge, request

OWN, FOREIGN = ("F-own", "D-own"), ("F-foreign", "D-foreign")
SECRET = "E-of-a-foreign-facility"


class Desk(NamedTuple):
    service: Service
    audits: dict[str, str]  # id of a recorded audit by facility
    findings: dict[str, Kept]  # likewise


def encounter(place: tuple[str, str], number: str = "1") -> dict[str, Any]:
    facility, department = place
    name = f"{SECRET}-{number}" if place == FOREIGN else f"E-own-{number}"
    return request(charge(), id=name, facility={"id": facility}, department=department)


def stay(place: tuple[str, str]) -> dict[str, Any]:
    return {
        "facility": {"id": place[0]}, "department": place[1], "discharge_date": "2026-03-01",
        "stay": {"id": f"S-{place[0]}", "diagnoses": ["I10.x00"]},
    }  # fmt: skip


Ask = Callable[[Desk, tuple[str, str]], dict[str, Any]]


def sent(body: Any) -> dict[str, Any]:
    return {"content": body if isinstance(body, bytes) else json.dumps(body).encode()}


# What is asked about a place; `read` answers with what lies there, `list` with as much of it as there is for the
# caller, `write` changes it.
PLACED: dict[str, tuple[str, Ask]] = {
    "POST /v1/audits": ("write", lambda _, place: sent(encounter(place, "2"))),
    "POST /v1/audits/bulk": ("line", lambda _, place: sent(encounter(place, "3"))),
    "POST /v1/history": ("line", lambda _, place: sent(encounter(place, "4")["encounter"])),
    "POST /v1/stays": ("line", lambda _, place: sent(stay(place))),
    "GET /v1/audits/{audit_id}": ("read", lambda desk, place: {"path": f"/v1/audits/{desk.audits[place[0]]}"}),
    "POST /v1/audits/{audit_id}/unmask": (
        "read",
        lambda desk, place: {
            "path": f"/v1/audits/{desk.audits[place[0]]}/unmask", **sent({"reason": "核对参保身份"}),
        },
    ),
    "GET /v1/alerts/suppressed": (
        "read",
        lambda _, place: {"params": {"facility": place[0], "encounter": encounter(place)["encounter"]["id"]}},
    ),
    "DELETE /v1/encounters/{encounter}/lines/{line}": (
        "write",
        lambda _, place: {
            "path": f"/v1/encounters/{encounter(place)['encounter']['id']}/lines/L1", "params": {"facility": place[0]},
        },
    ),
    "POST /v1/settlements/simulate": ("read", lambda _, place: sent(_priced(place))),
    "POST /v1/settlements/indices": ("read", lambda _, place: sent({"scheme": _SCHEME, "stays": _stays(place)})),
    **ABOUT_FINDINGS,
}  # fmt: skip

# What holds for the whole installation: only those without a limit change it, or read what tells of everything.
EVERYWHERE_ONLY = {
    "POST /v1/feeds/{name}",
    "POST /v1/rulesets/{revision}/activate",
    "GET /v1/rules/{rule_id}/alerts",
    "GET /v1/trail/checkpoint",
    "GET /v1/trail/entries",
    "GET /v1/trail/entries/{seq}",
    "GET /v1/trail/entries/{seq}/proof",
    "GET /v1/trail/proof/inclusion",
    "GET /v1/trail/proof/consistency",
}

# For who manages them, wherever: rights over machines and people are not parted by place.
MANAGED = {
    "GET /v1/keys",
    "POST /v1/keys",
    "POST /v1/keys/{key_id}/rotate",
    "DELETE /v1/keys/{key_id}",
    "GET /v1/webhooks",
    "POST /v1/webhooks",
    "DELETE /v1/webhooks/{webhook_id}",
    "GET /v1/webhooks/{webhook_id}/deliveries",
    "POST /v1/webhooks/{webhook_id}/redeliver",
    "GET /metrics",
    "GET /v1/accounts",
    "POST /v1/accounts",
    "PATCH /v1/accounts/{account_id}",
    "PUT /v1/accounts/{account_id}/rights",
    "POST /v1/accounts/{account_id}/password",
    "DELETE /v1/accounts/{account_id}/totp",
    "DELETE /v1/accounts/{account_id}/sessions",
    "POST /v1/tickets",
}

# About the caller alone: what they say of themselves, and their own sessions.
OWN_SESSION = {
    "POST /v1/session",
    "GET /v1/session",
    "DELETE /v1/session",
    "POST /v1/session/password",
    "POST /v1/session/totp",
    "POST /v1/session/totp/confirm",
    "GET /v1/session/sessions",
    "DELETE /v1/session/sessions/{session_id}",
    "POST /v1/session/ticket",
    "GET /v1/session/oidc",
    "GET /v1/session/oidc/callback",
}

# About nobody: rules, schemes, and what is told in the request itself and kept nowhere.
PLACELESS = {
    "GET /healthz",
    "GET /readyz",
    "GET /v1/rules",
    "GET /v1/rules/{rule_id}",
    "GET /v1/rulesets",
    "GET /v1/feeds",
    "GET /v1/schemes",
    "POST /v1/coding/check",
    "POST /v1/groupings/drg",
    "POST /v1/groupings/drg/bulk",
    "POST /v1/groupings/dip",
    "POST /v1/groupings/dip/bulk",
    "POST /v1/settlements/preview",
    "POST /v1/settlements/what-if",
}

_SCHEME: Any = {"scheme": "starter"}


def _stays(place: tuple[str, str]) -> dict[str, Any]:
    return {"facilities": [place[0]]}


def _priced(place: tuple[str, str]) -> dict[str, Any]:
    return {"from": _SCHEME, "to": _SCHEME, "stays": _stays(place)}

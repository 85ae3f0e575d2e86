"""Operations (操作与权限): what every path of every interface needs, in one table. What is not here is not served.

A path in braces stands for one segment. `BASES` are served whole, whatever lies below them.
"""

from collections.abc import Mapping
from typing import NamedTuple

from app.domain.access import Permission as P
from app.interfaces.need import Entrance, Need
from app.interfaces.rest.finding_operations import FINDING_OPERATIONS
from app.interfaces.rest.notice_operations import NOTICE_OPERATIONS
from app.interfaces.session.operations import STAFF_OPERATIONS

OPERATIONS: dict[str, Need] = {
    "GET /healthz": Entrance.OPEN,
    "GET /readyz": Entrance.OPEN,
    "GET /metrics": P.SYSTEM_READ,
    "GET /docs": Entrance.SIGNED_IN,
    "GET /redoc": Entrance.SIGNED_IN,
    "GET /openapi.json": Entrance.SIGNED_IN,
    "POST /v1/audits": P.AUDIT_SUBMIT,
    "POST /v1/audits/bulk": P.AUDIT_SUBMIT,
    "GET /v1/audits/{audit_id}": P.AUDIT_READ,
    "POST /v1/audits/{audit_id}/unmask": P.PATIENT_UNMASK,
    "GET /v1/alerts/suppressed": P.STATISTICS_READ,
    "GET /v1/keys": P.KEY_MANAGE,
    "POST /v1/keys": P.KEY_MANAGE,
    "POST /v1/keys/{key_id}/rotate": P.KEY_MANAGE,
    "DELETE /v1/keys/{key_id}": P.KEY_MANAGE,
    "GET /v1/rules": P.RULE_READ,
    "GET /v1/rules/{rule_id}": P.RULE_READ,
    "GET /v1/rules/{rule_id}/alerts": P.STATISTICS_READ,
    "GET /v1/rulesets": P.RULE_READ,
    "POST /v1/rulesets/{revision}/activate": P.RULE_APPROVE,
    "GET /v1/feeds": P.FEED_READ,
    "POST /v1/feeds/{name}": P.FEED_WRITE,
    "POST /v1/history": P.HISTORY_WRITE,
    "POST /v1/coding/check": P.GROUP_PREVIEW,
    "POST /v1/groupings/drg": P.GROUP_PREVIEW,
    "POST /v1/groupings/drg/bulk": P.GROUP_PREVIEW,
    "POST /v1/groupings/dip": P.GROUP_PREVIEW,
    "POST /v1/groupings/dip/bulk": P.GROUP_PREVIEW,
    "GET /v1/schemes": P.GROUP_PREVIEW,
    "POST /v1/settlements/preview": P.GROUP_PREVIEW,
    "POST /v1/settlements/what-if": P.GROUP_PREVIEW,
    "POST /v1/settlements/simulate": P.GROUP_SIMULATE,
    "POST /v1/settlements/indices": P.GROUP_SIMULATE,
    "POST /v1/stays": P.HISTORY_WRITE,
    "GET /v1/trail/checkpoint": P.TRAIL_READ,
    "GET /v1/trail/entries": P.TRAIL_READ,
    "GET /v1/trail/entries/{seq}": P.TRAIL_READ,
    "GET /v1/trail/entries/{seq}/proof": P.TRAIL_READ,
    "GET /v1/trail/proof/inclusion": P.TRAIL_READ,
    "GET /v1/trail/proof/consistency": P.TRAIL_READ,
    **STAFF_OPERATIONS,
    **FINDING_OPERATIONS,
    **NOTICE_OPERATIONS,
}

BASES: dict[str, Need] = {
    "/v1/encounters": P.HISTORY_WRITE,  # ids in its paths may hold a slash
    "/static-offline-docs": Entrance.SIGNED_IN,
    "/cds-services": Entrance.OWN,
    "/fhir": Entrance.OWN,
    "/popup": Entrance.OWN,
}


class Found(NamedTuple):
    """What the path needs; or, where it knows other methods only, which."""

    need: Need | None
    methods: tuple[str, ...] = ()


_ANY = "{}"


class Operations:
    """The table, ready to be asked for every request."""

    def __init__(
        self, operations: Mapping[str, Need] = OPERATIONS, bases: Mapping[str, Need] = BASES, *own: str
    ) -> None:
        """`own`: further bases that let in by their own rules."""
        self._bases = tuple({**bases, **dict.fromkeys(own, Entrance.OWN)}.items())
        self._exact: dict[tuple[str, str], Found] = {}
        self._tree: dict[str, object] = {}
        for told, need in operations.items():
            method, _, path = told.partition(" ")
            if "{" in path:
                self._plant(method, path, need)
            else:
                self._exact[method, path] = Found(need)
        self._methods = {path: self._methods_of(path) for _, path in self._exact}

    def _plant(self, method: str, path: str, need: Need) -> None:
        node = self._tree
        for part in path.split("/"):
            node = node.setdefault(_ANY if part.startswith("{") else part, {})  # type: ignore[assignment]
        node.setdefault("", {})[method] = Found(need)  # type: ignore[index]

    def _methods_of(self, path: str) -> Found:
        return Found(None, tuple(sorted(method for method, where in self._exact if where == path)))

    def find(self, method: str, path: str) -> Found:
        """As the routers read it: by the path with its escapes undone."""
        if (found := self._exact.get((method, path)) or self._methods.get(path)) is not None:
            return found
        for base, need in self._bases:
            if path.startswith(base) and path[len(base) : len(base) + 1] in ("", "/"):
                return Found(need)
        known: dict[str, Found] = _walk(self._tree, path.split("/"), 0) or {}
        if (found := known.get(method)) is not None:
            return found
        return Found(None, tuple(sorted(known)))


def _walk(node: dict[str, object], parts: list[str], at: int) -> dict[str, Found] | None:
    """What is served at a path: a segment that is named goes before one that may be anything."""
    if at == len(parts):
        return node.get("") if at else None  # type: ignore[return-value]
    if not parts[at] and at:
        return None
    for name in (parts[at], _ANY):
        if isinstance(below := node.get(name), dict):
            found = _walk(below, parts, at + 1)
            if found is not None:
                return found
    return None

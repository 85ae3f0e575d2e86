"""Which work a request asks for (请求归类): told by its path, its header X-Stage, or the start of its body."""

import re
from collections.abc import Iterable

from app.domain.work import Work
from app.interfaces.asgi import Scope, header

STAGE = b"x-stage"
_FREE = frozenset({"/healthz", "/readyz", "/metrics", "/v1/events"})  # a stream waits; it has bounds of its own
_EXACT = {
    ("POST", "/v1/audits"): Work.ORDERING,
    ("POST", "/v1/audits/bulk"): Work.RETROSPECTIVE,
    ("POST", "/v1/history"): Work.RETROSPECTIVE,
    ("POST", "/v1/stays"): Work.RETROSPECTIVE,
    ("POST", "/v1/groupings/drg"): Work.SETTLING,
    ("POST", "/v1/groupings/dip"): Work.SETTLING,
    ("POST", "/v1/settlements/preview"): Work.SETTLING,
    ("POST", "/v1/settlements/what-if"): Work.SETTLING,
    ("POST", "/v1/coding/check"): Work.SETTLING,
}
_ORDERING = ("/cds-services", "/popup", "/fhir")
_AUDITS = re.compile(r"^/v1/audits/[^/]+$")
_SETTLING = re.compile(
    rb'"stage"\s*:\s*"settl(?:ing|ed)"|"infno"\s*:\s*"?3(?:102|661)|"use"\s*:\s*"claim"'
)  # in the body; wrong only about whose turn it is
_LOOK = 64 * 1024  # bytes of the body, at either end


class WorkTable:
    def __init__(self, ordering: Iterable[str] = ()) -> None:
        """`ordering`: further bases of paths that doctors' screens ask."""
        self._ordering = (*_ORDERING, *ordering)

    def is_ordering(self, path: str) -> bool:
        """Whether doctors' screens ask there, in a form that knows no refusal."""
        return path.startswith(self._ordering)

    def of(self, scope: Scope) -> Work | None:
        """By method and path alone; None for what is never shed."""
        method, path = scope["method"], scope["path"]
        if path in _FREE or method == "OPTIONS":
            return None
        if (found := _EXACT.get((method, path))) is not None:
            return found
        if path.startswith(self._ordering):
            return Work.ORDERING
        if _AUDITS.match(path):
            return Work.SETTLING
        if "export" in path or path.startswith("/v1/trail"):
            return Work.EXPORT
        return Work.DASHBOARD if method in ("GET", "HEAD") else Work.RETROSPECTIVE


def stage_of(scope: Scope, start: bytes) -> Work:
    """Of an audit, by the header X-Stage or by what the start of the body says; ordering where neither tells."""
    told = header(scope, STAGE)
    if told:
        return Work.SETTLING if told.strip().lower() in ("settling", "settled") else Work.ORDERING
    if len(start) > 2 * _LOOK:
        start = start[:_LOOK] + start[-_LOOK:]
    return Work.SETTLING if _SETTLING.search(start) else Work.ORDERING

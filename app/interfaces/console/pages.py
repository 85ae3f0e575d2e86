"""Pages (页面渲染): templates with what every page shows, under headers that let nothing in from elsewhere."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from app.domain.access import ROLE_LABELS
from app.domain.labels import SEVERITY_LABELS
from app.interfaces.caller import caller_in
from app.interfaces.console.menu import menu_of
from app.interfaces.console.rule_words import told_parameters, told_value
from app.interfaces.session.cookies import PublicAddress, session_token
from app.interfaces.session.csrf import csrf_token

STATIC = "/console/static"
_FOLDER = Path(__file__).parent / "static"
_CHINA = timezone(timedelta(hours=8))  # one time for the whole country
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
}


class Pages:
    def __init__(self, public: PublicAddress, degraded: Callable[[], Sequence[str]] = tuple) -> None:
        """`degraded`: the names, in Chinese, of what does not answer now."""
        self._public, self._degraded = public, degraded
        self._environment = Environment(
            loader=PackageLoader("app.interfaces.console"), autoescape=True, undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True,
        )  # fmt: skip
        self._environment.globals |= {"asset": _assets().__getitem__, "severity_labels": SEVERITY_LABELS}
        self._environment.globals |= {"told_value": told_value, "told_parameters": told_parameters}
        self._environment.filters |= {"yuan": yuan, "moment": moment, "day": day, "count": count, "percent": percent}

    def page(self, request: Request, template: str, *, title: str, status: int = 200, **context: Any) -> Response:
        """A whole page within the frame, for the caller of the request."""
        caller = caller_in(request.scope)
        frame = {
            "title": title,
            "caller": caller,
            "roles": "、".join(ROLE_LABELS[role] for role in sorted(caller.roles)),
            "menu": menu_of(caller),
            "here": str(request.url.path),
            "csrf": csrf_token(session_token(request.scope, self._public)),
            "degraded": self._degraded(),
        }
        return self.part(template, status=status, **frame, **context)

    def part(self, template: str, *, status: int = 200, **context: Any) -> Response:
        """A piece of a page, or a page without a frame."""
        return HTMLResponse(self._environment.get_template(template).render(context), status, HEADERS)

    @staticmethod
    def led_to(path: str) -> Response:
        """What answers a form: the browser, or htmx in it, goes on to the path."""
        return Response(status_code=200, headers={**HEADERS, "hx-redirect": path})


def _assets() -> dict[str, str]:
    """Addresses of the static files, each with a part of its digest: they may be kept for as long as anybody likes."""
    files = {str(one.relative_to(_FOLDER)): one for one in sorted(_FOLDER.rglob("*")) if one.is_file()}
    return {name: f"{STATIC}/{name}?v={sha256(one.read_bytes()).hexdigest()[:12]}" for name, one in files.items()}


def yuan(cents: int | Decimal | None) -> str:
    """An amount in cents (分) as yuan; a dash where it is not known."""
    return "—" if cents is None else f"{Decimal(cents) / 100:,.2f}"


def count(number: int | None) -> str:
    return "—" if number is None else f"{number:,}"


def percent(share: float | None) -> str:
    return "—" if share is None else f"{share * 100:.1f}%"


def moment(at: datetime | int | None) -> str:
    """A moment, or microseconds since 1970, in the time of China."""
    if at is None:
        return "—"
    told = datetime.fromtimestamp(at / 1_000_000, UTC) if isinstance(at, int) else at
    return told.astimezone(_CHINA).strftime("%Y-%m-%d %H:%M")


def day(at: date | datetime | None) -> str:
    if at is None:
        return "—"
    return (at.astimezone(_CHINA) if isinstance(at, datetime) else at).strftime("%Y-%m-%d")

"""Shelter (安全响应头): what every answer tells browsers to refuse, unless its interface says otherwise itself."""

from app.interfaces.asgi import Application, Header, Receive, Scope, Send

_PLAIN: tuple[Header, ...] = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
# The pages of the API documentation hold their own scripts in line.
_DOCUMENTATION = (
    b"default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    b"worker-src 'self' blob:; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
)
_PAGES = frozenset({"/docs", "/redoc"})
_OVER_TLS: Header = (b"strict-transport-security", b"max-age=31536000")


class Shelter:
    """Adds what is missing, and changes nothing that is there."""

    def __init__(self, behind: Application) -> None:
        self.behind = behind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.behind(scope, receive, send)
            return

        async def sheltered(message: Scope) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _completed(message.get("headers", ()), scope)
            await send(message)

        await self.behind(scope, receive, sheltered)


def _completed(given: "list[Header] | tuple[Header, ...]", scope: Scope) -> list[Header]:
    present = {name for name, _ in given}
    added = [one for one in _PLAIN if one[0] not in present]
    if scope["path"] in _PAGES and b"content-security-policy" not in present:
        added = [(name, _DOCUMENTATION if name == b"content-security-policy" else value) for name, value in added]
    if scope.get("scheme") == "https":
        added.append(_OVER_TLS)
    return [*given, *added]

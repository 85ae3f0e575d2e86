"""CORS (跨域): which web pages may call the services from a browser. Every kind of address and every answer says so."""

from collections.abc import Collection

from app.interfaces.asgi import Header, Scope, header

_ALWAYS: tuple[Header, ...] = (
    (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
    (b"access-control-allow-headers", b"Authorization, Content-Type, If-None-Match, X-Deadline-Ms"),
    (b"access-control-expose-headers", b"ETag"),
    (b"access-control-max-age", b"600"),
    (b"vary", b"Origin"),
)


class OriginList:
    """Called with the scope of a request: the headers for where it comes from; none for a page that is not listed."""

    def __init__(self, origins: Collection[str]) -> None:
        """`*` lets every page call; it still needs a token or key."""
        self._origins = frozenset(one.rstrip("/") for one in origins)

    def __call__(self, scope: Scope) -> list[Header]:
        origin = header(scope, b"origin")
        if not origin or not ({origin, "*"} & self._origins):
            return [(b"vary", b"Origin")] if self._origins else []
        return [(b"access-control-allow-origin", origin.encode("latin-1")), *_ALWAYS]

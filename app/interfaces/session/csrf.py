"""Cross-site requests (跨站请求防护): what changes something is sent by our own pages, or by nobody's."""

import hmac
from hashlib import sha256
from urllib.parse import urlsplit

from app.interfaces.asgi import Scope, header
from app.interfaces.errors import Problem
from app.interfaces.session.cookies import PublicAddress

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
HEADER = b"x-csrf-token"
_NOWHERE = ("", None)
_OWN_SITES = ("", "same-origin", "none")


def csrf_token(token: str) -> str:
    """What pages of this session send with whatever changes something. The session's own token does not follow."""
    return hmac.digest(sha256(token.encode()).digest(), b"mingjian csrf", "sha256").hex()


def check_origin(scope: Scope, public: PublicAddress) -> None:
    """Where the browser says which page sent it, that is one of ours. Raises Problem (403)."""
    sent = header(scope, b"origin")
    site = header(scope, b"sec-fetch-site")
    is_ours = _host(sent) == _host(public.origin(scope)) != _NOWHERE if sent else site in _OWN_SITES
    if not is_ours:
        raise Problem(
            403, "foreign-origin", "The request comes from a page of another site",
            "Send it from a page of this service; behind a proxy, set MINGJIAN_PUBLIC_URL to the address of its pages.",
        )  # fmt: skip


def check_request(scope: Scope, token: str, public: PublicAddress) -> None:
    """For a request that a cookie let in. Raises Problem (403)."""
    if scope["method"] in SAFE:
        return
    check_origin(scope, public)
    if not hmac.compare_digest(header(scope, HEADER).encode("latin-1"), csrf_token(token).encode()):
        raise Problem(
            403, "csrf-token", "The request lacks the token of its session",
            "Send the header X-CSRF-Token with what signing in answered, or GET /v1/session answers, as csrf_token.",
        )  # fmt: skip


def check_safe(scope: Scope, public: PublicAddress) -> None:
    """Raises Problem (403)."""
    if not public.is_safe(scope):
        raise Problem(
            403, "sign-in-unsafe", "Nobody signs in over a connection that others can read",
            "Serve over TLS, and set MINGJIAN_PUBLIC_URL to the address that browsers see.",
        )  # fmt: skip


def _host(origin: str) -> tuple[str, int | None]:
    """Scheme aside: behind a proxy that ends TLS, this service may not know it."""
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return _NOWHERE
    is_usual = (parts.scheme, port) in (("http", 80), ("https", 443))
    return (parts.hostname or "", None if is_usual else port)

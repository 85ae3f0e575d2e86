"""Session cookies (会话 Cookie): out of reach of scripts, and over TLS bound to this host."""

from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from urllib.parse import urlsplit

from app.application.account_entries import Whence
from app.interfaces.asgi import Scope, header

SECURE, PLAIN = "__Host-mj", "mj"
_LONGEST_TOKEN = 100
# At the end of a session. Not "cookies": those of the hospital's other systems on the same domain would go, too.
CLEARED = {"clear-site-data": '"storage"'}


class PublicAddress:
    """How browsers see this service, where it stands behind a proxy: `https://host`, without a path; else blank."""

    def __init__(self, url: str = "") -> None:
        """Raises ValueError for what is no such address."""
        parts = urlsplit(url)
        if url and (parts.scheme not in ("http", "https") or not parts.netloc or parts.path not in ("", "/")):
            raise ValueError("MINGJIAN_PUBLIC_URL is https://host or https://host:port, without a path")
        self.url = f"{parts.scheme}://{parts.netloc}" if url else ""

    def origin(self, scope: Scope) -> str:
        return self.url or f"{scope.get('scheme', 'http')}://{header(scope, b'host')}"

    def is_secure(self, scope: Scope) -> bool:
        return self.origin(scope).startswith("https://")

    def is_safe(self, scope: Scope) -> bool:
        """Whether a password may come this way: over TLS, on this machine, or as the operator says it may."""
        return bool(self.url) or self.is_secure(scope) or _is_local(address_of(scope))


def address_of(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def whence(scope: Scope) -> Whence:
    return Whence(address_of(scope), header(scope, b"user-agent")[:200])


def _is_local(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def session_token(scope: Scope, public: PublicAddress) -> str:
    """What the session's cookie holds; blank without one. Over TLS the plain name is not believed."""
    token = cookie(scope, SECURE if public.is_secure(scope) else PLAIN)
    return token if len(token) <= _LONGEST_TOKEN else ""


def cookie(scope: Scope, name: str) -> str:
    sent = header(scope, b"cookie")
    if name not in sent:
        return ""
    try:
        found = SimpleCookie(sent).get(name)
    except CookieError:
        return ""
    return found.value if found is not None else ""


def set_session(scope: Scope, public: PublicAddress, token: str) -> str:
    """The value of Set-Cookie. Lax, for a doctor comes in by a form of the hospital system, and is led on."""
    return _set(scope, public, SECURE if public.is_secure(scope) else PLAIN, token)


def end_session(scope: Scope, public: PublicAddress) -> str:
    return f"{set_session(scope, public, '')}; Max-Age=0"


def set_for_minutes(scope: Scope, public: PublicAddress, name: str, value: str, minutes: int) -> str:
    prefix = "__Host-" if public.is_secure(scope) else ""
    return f"{_set(scope, public, prefix + name, value)}; Max-Age={minutes * 60}"


def kept_for_minutes(scope: Scope, public: PublicAddress, name: str) -> str:
    return cookie(scope, ("__Host-" if public.is_secure(scope) else "") + name)


def _set(scope: Scope, public: PublicAddress, name: str, value: str) -> str:
    secure = "; Secure" if public.is_secure(scope) else ""
    return f"{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}"

"""Client certificates (双向 TLS) as a trusted proxy tells them: the machine whose key record names the certificate.

The header is believed only where the connection itself comes from a proxy that the settings trust, and is taken off
every request, so that nothing behind ever sees what somebody else may have written into it.
"""

import binascii
import time
from base64 import b64decode
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from ipaddress import ip_address, ip_network
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.application.hold_keys import KeyHolder
from app.domain.access import Caller
from app.interfaces.asgi import Application, Receive, Scope, Send
from app.interfaces.authentication.bearer import address_of
from app.settings import Settings

CERTIFICATE = "mingjian.certificate"  # in the scope: the names of the certificate that a trusted proxy has checked
_LONGEST = 16_384  # bytes of a header
_HEX = frozenset("0123456789abcdef")


class ProxyDoor:
    """Stands before everything else, where the connection's own address is still known."""

    def __init__(self, behind: Application, trusted: str, header: str) -> None:
        """`trusted`: addresses and networks, comma-parted. Raises ValueError for what is none."""
        self.behind, self._header = behind, header.lower().encode("ascii")
        self._trusted = tuple(ip_network(one.strip()) for one in trusted.split(",") if one.strip())
        self._inner: Application = ProxyHeadersMiddleware(behind, trusted)  # type: ignore[arg-type,assignment]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._header:
            told = [value for name, value in scope["headers"] if name == self._header]
            if told:
                scope["headers"] = [one for one in scope["headers"] if one[0] != self._header]
            if len(told) == 1 and self._is_trusted(address_of(scope)):  # two would be somebody's own beside the proxy's
                scope[CERTIFICATE] = certificate_names(bytes(told[0]))
        await self._inner(scope, receive, send)

    def _is_trusted(self, address: str) -> bool:
        try:
            found = ip_address(address)
        except ValueError:
            return False
        plain = getattr(found, "ipv4_mapped", None) or found
        return any([plain in network for network in self._trusted])


def behind_proxies(app: Application, settings: Settings) -> Application:
    """The application as it is where no proxy is trusted; uvicorn's own `proxy_headers` has to be off."""
    if not settings.trusted_proxies:
        return app
    return ProxyDoor(app, settings.trusted_proxies, settings.client_cert_header)


@lru_cache(1024)
def certificate_names(value: bytes) -> tuple[str, ...]:
    """As key records write them. The value is the certificate (RFC 9440, or PEM with percent signs), the SHA-256 of it
    as hex, or the distinguished name of its subject; none for anything else.
    """
    text = value.decode("latin-1").strip()
    if not text or len(value) > _LONGEST:
        return ()
    plain = text.replace(":", "").lower()
    if len(plain) == 64 and set(plain) <= _HEX:
        return (f"sha256:{plain}",)
    try:
        if text[0] == text[-1] == ":":
            return _names(x509.load_der_x509_certificate(b64decode(text[1:-1], validate=True)))
        if text.startswith("-----BEGIN"):
            return _names(x509.load_pem_x509_certificate(unquote(text).encode()))
    except (ValueError, binascii.Error):
        return ()
    return (f"subject:{text}",) if "=" in text else ()


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    digest = sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
    return f"sha256:{digest}", f"subject:{certificate.subject.rfc4514_string()}"


class ClientCertificates:
    """The authenticator of what the door has found."""

    def __init__(self, holder: KeyHolder, clock: Callable[[], float] = time.time) -> None:
        self._holder, self._clock = holder, clock

    def known(self, scope: Scope) -> Caller | None:
        for name in scope.get(CERTIFICATE, ()):
            held = self._holder.of_certificate(name)
            if held is not None and held.admits(address_of(scope), self._clock()):
                return held.caller
        return None

    async def find(self, scope: Scope) -> Caller | None:
        if not scope.get(CERTIFICATE):
            return None
        await self._holder.look_at_once()
        return self.known(scope)

"""Who calls a service (接入认证): a client's signed token (JWT), or a key of this service.

Whoever is refused is told nothing but that; why stands in the log, which holds nothing of the token.
"""

import logging
import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jwt

from app.interfaces.asgi import Scope, header
from app.interfaces.auth import KeyRing
from app.interfaces.cds_hooks.client_keys import Key, Keys, PinnedKeys
from app.interfaces.cds_hooks.clients import CdsClient, CdsClients
from app.interfaces.cds_hooks.replay import ReplayGuard
from app.interfaces.errors import Problem, unauthorized

log = logging.getLogger("mingjian.cds_hooks")

_LEEWAY = 30.0  # seconds by which clocks may differ
_LONGEST = 8192  # characters of a token


class Refused(Exception):
    """The token opens nothing; the text, for the log, says why."""


class Times(NamedTuple):
    issued: float
    expires: float


class _Known:
    """A client with its keys and the tokens seen of it."""

    def __init__(self, client: CdsClient) -> None:
        self.client, self.guard = client, ReplayGuard()
        self._own = client.own_keys()
        self.pinned = PinnedKeys(client.jku) if client.jku else None

    @property
    def keys(self) -> Keys:
        return self._own if self.pinned is None else self.pinned.current()


class ClientAuth:
    """Called with the scope of a request: the caller's name, or Problem (401)."""

    def __init__(self, clients: CdsClients, keys: KeyRing, clock: Callable[[], float] = time.time) -> None:
        self._bases, self._keyring, self._clock = [one.rstrip("/") for one in clients.bases], keys, clock
        self._clients = {client.issuer: _Known(client) for client in clients.clients}

    async def open(self) -> None:
        """Have the keys that are fetched; who cannot be reached now is asked again later."""
        pinned = [known.pinned for known in self._clients.values() if known.pinned is not None]
        for one in pinned:
            one.look_again()
        for one in pinned:
            await one.wait()

    def __call__(self, scope: Scope) -> str:
        authorization = header(scope, b"authorization")
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if not self._clients or scheme.lower() != "bearer" or token.count(".") != 2:
            return self._keyring.caller_of(authorization)
        try:
            return self._keyring.caller_of(authorization)  # a key may look like a token
        except Problem:
            pass
        try:
            return self._verify(token, scope["path"])
        except Refused as refusal:
            log.warning("a CDS client is refused: %s", refusal)
        except Exception as error:  # whatever a token holds, it must not break anything
            log.warning("a CDS client is refused: %s", type(error).__name__)
        raise unauthorized()

    def _verify(self, token: str, path: str) -> str:
        if len(token) > _LONGEST:
            raise Refused("the token is too long")
        told, claims = _peek(token)
        known = self._clients.get(claims["iss"]) if isinstance(claims.get("iss"), str) else None
        if known is None:
            raise Refused(f"issuer {str(claims.get('iss'))[:100]!r} is not listed")
        client = known.client
        algorithm = told.get("alg")
        if algorithm not in client.algorithms:
            raise Refused(f"{client.name}: algorithm {str(algorithm)[:20]!r} is not allowed")
        if client.jku and told.get("jku", client.jku) != client.jku:
            raise Refused(f"{client.name}: jku {str(told['jku'])[:200]!r} is not the pinned one")
        times = _times(claims, client, self._clock())
        self._check_audience(claims.get("aud"), client, path)
        jti = claims.get("jti")
        if not isinstance(jti, str) or not 0 < len(jti) <= 200:
            raise Refused(f"{client.name}: no usable jti")
        _check_signature(token, _key_for(known, told.get("kid"), algorithm), algorithm, client)
        if not known.guard.is_new(jti, times.issued, times.expires + _LEEWAY, self._clock()):
            raise Refused(f"{client.name}: the token was used before, or is older than what is remembered")
        return f"cds:{client.name}"

    def _check_audience(self, told: Any, client: CdsClient, path: str) -> None:
        named = told if isinstance(told, list) else [told]
        if not any(one in client.audiences or one in [base + path for base in self._bases] for one in named):
            raise Refused(f"{client.name}: audience {str(told)[:300]!r} is not this service")


def _peek(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, which nobody vouches for yet."""
    try:
        found = jwt.decode_complete(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise Refused(f"no token that can be read: {type(error).__name__}") from None
    return found["header"], found["payload"]


def _times(claims: dict[str, Any], client: CdsClient, now: float) -> Times:
    issued, expires = _moment(claims, "iat", client), _moment(claims, "exp", client)
    if expires <= now - _LEEWAY:
        raise Refused(f"{client.name}: expired {now - expires:.0f} seconds ago")
    if issued > now + _LEEWAY:
        raise Refused(f"{client.name}: issued {issued - now:.0f} seconds in the future; compare the clocks")
    if "nbf" in claims and _moment(claims, "nbf", client) > now + _LEEWAY:
        raise Refused(f"{client.name}: not valid yet (nbf)")
    if not 0 < expires - issued <= client.longest_seconds:
        raise Refused(f"{client.name}: lives {expires - issued:.0f} seconds, {client.longest_seconds} are allowed")
    return Times(issued, expires)


def _moment(claims: dict[str, Any], name: str, client: CdsClient) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Refused(f"{client.name}: {name} is missing or no time")
    return float(value)


def _key_for(known: _Known, kid: Any, algorithm: Any) -> Key:
    """The key with the id; where none is named, the only one that fits."""
    keys = known.keys
    named = keys.get(kid, ()) if isinstance(kid, str) and kid else [key for some in keys.values() for key in some]
    fitting = [key for key in named if algorithm in key.algorithms]
    if len(fitting) != 1:
        if known.pinned is not None:
            known.pinned.look_again()
        raise Refused(f"{known.client.name}: {len(fitting)} keys fit kid {str(kid)[:100]!r} and {algorithm}")
    return fitting[0]


def _check_signature(token: str, key: Key, algorithm: str, client: CdsClient) -> None:
    try:
        jwt.api_jws.decode_complete(token, key.key, algorithms=[algorithm])
    except jwt.PyJWTError as error:
        raise Refused(f"{client.name}: {type(error).__name__}") from None

"""Who calls a service (接入认证): a client's signed token (JWT), or a key of this service.

Whoever is refused is told nothing but that; why stands in the log, which holds nothing of the token.
"""

import json
import logging
import math
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jwt

from app.domain.access import Caller, Permission, Role
from app.domain.access import Scope as Reach
from app.interfaces.asgi import Scope, header
from app.interfaces.authentication.jwks import Key, Keys, PinnedKeys
from app.interfaces.authentication.replay import SharedReplay
from app.interfaces.authenticator import Authenticator
from app.interfaces.caller import KEY
from app.interfaces.cds_hooks.clients import CdsClient, CdsClients
from app.interfaces.errors import forbidden, unauthorized

log = logging.getLogger("mingjian.cds_hooks")

_LEEWAY = 30.0  # seconds by which clocks may differ
_LONGEST = 8192  # characters of a token


class Refused(Exception):
    """The token opens nothing; the text, for the log, says why."""


class Times(NamedTuple):
    issued: float
    expires: float


class _Known:
    """A client with its keys."""

    def __init__(self, client: CdsClient) -> None:
        self.client = client
        roles, limit = frozenset({Role.HIS_CLIENT}), frozenset(client.facilities) or None
        self.caller = Caller(id=f"cds:{client.name}", roles=roles, scope=Reach(facilities=limit), kind="token")
        self._own = client.own_keys()
        self.pinned = PinnedKeys(client.jku) if client.jku else None

    @property
    def keys(self) -> Keys:
        return self._own if self.pinned is None else self.pinned.current()


class ClientAuth:
    """Called with the scope of a request: the caller, who is noted there too, or Problem (401, 403)."""

    def __init__(
        self,
        clients: CdsClients,
        machines: Sequence[Authenticator],
        replay: SharedReplay,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`machines`: the other ways by which a machine may show who it is."""
        self._bases, self._clock = [one.rstrip("/") for one in clients.bases], clock
        self._clients = {client.issuer: _Known(client) for client in clients.clients}
        self._machines, self._replay = tuple(machines), replay

    async def open(self) -> None:
        """Have the keys that are fetched; who cannot be reached now is asked again later."""
        pinned = [known.pinned for known in self._clients.values() if known.pinned is not None]
        for one in pinned:
            one.look_again()
        for one in pinned:
            await one.wait()

    async def __call__(self, scope: Scope) -> Caller:
        found = await self._machine(scope) or await self._client(scope)
        if found is None:
            raise unauthorized()
        if not found.may(Permission.AUDIT_SUBMIT):
            raise forbidden(Permission.AUDIT_SUBMIT)
        scope[KEY] = found
        return found

    async def _machine(self, scope: Scope) -> Caller | None:
        for one in self._machines:  # first: a key may look like a token
            if (caller := one.known(scope)) is not None:
                return caller
        for one in self._machines:
            if (caller := await one.find(scope)) is not None:
                return caller
        return None

    async def _client(self, scope: Scope) -> Caller | None:
        scheme, _, token = header(scope, b"authorization").partition(" ")
        token = token.strip()
        if not self._clients or scheme.lower() != "bearer" or token.count(".") != 2:
            return None
        try:
            return await self._verify(token, scope["path"])
        except Refused as refusal:
            log.warning("a CDS client is refused: %s", refusal)
        except Exception as error:  # whatever a token holds, it must not break anything
            log.warning("a CDS client is refused: %s", type(error).__name__)
        return None

    async def _verify(self, token: str, path: str) -> Caller:
        if len(token) > _LONGEST:
            raise Refused("the token is too long")
        told, claims, signature = _peek(token)
        known = self._clients.get(claims["iss"]) if isinstance(claims.get("iss"), str) else None
        if known is None:
            raise Refused(f"issuer {str(claims.get('iss'))[:100]!r} is not listed")
        client = known.client
        algorithm = told.get("alg")
        if algorithm not in client.algorithms:
            raise Refused(f"{client.name}: algorithm {str(algorithm)[:20]!r} is not allowed")
        if client.jku and told.get("jku", client.jku) != client.jku:
            raise Refused(f"{client.name}: jku {str(told['jku'])[:200]!r} is not the pinned one")
        now = self._clock()
        times = _times(claims, client, now)
        self._check_audience(claims.get("aud"), client, path)
        jti = claims.get("jti")
        if not isinstance(jti, str) or not 0 < len(jti) <= 200:
            raise Refused(f"{client.name}: no usable jti")
        key = _key_for(known, told.get("kid"), algorithm)
        signed = token.rpartition(".")[0].encode()
        if not jwt.get_algorithm_by_name(algorithm).verify(signed, key.key, signature):
            raise Refused(f"{client.name}: InvalidSignatureError")
        if not await self._replay.is_new(known.caller.id, jti, times.issued, times.expires + _LEEWAY, now):
            raise Refused(f"{client.name}: the token was used before, or is older than what is remembered")
        return known.caller

    def _check_audience(self, told: Any, client: CdsClient, path: str) -> None:
        named = told if isinstance(told, list) else [told]
        if not any(one in client.audiences or one in [base + path for base in self._bases] for one in named):
            raise Refused(f"{client.name}: audience {str(told)[:300]!r} is not this service")


def _peek(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """Header, claims, and the signature, which nobody has verified yet."""
    try:
        found = jwt.api_jws.decode_complete(token, options={"verify_signature": False})
        claims = json.loads(found["payload"])
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise Refused(f"no token that can be read: {type(error).__name__}") from None
    if not isinstance(claims, dict):
        raise Refused("no token that can be read: its claims are no object")
    return found["header"], claims, found["signature"]


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

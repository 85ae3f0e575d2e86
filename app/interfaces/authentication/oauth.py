"""Access tokens (OAuth 2.0 令牌): signed by an issuer that the settings name, for this service, for a client it knows.

A token that was verified is known until it expires, or until its issuer's keys are others. Whoever is refused is told
nothing but that; why stands in the log, which holds nothing of the token.
"""

import logging
import math
import time
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any, NamedTuple

import jwt

from app.domain.access import Caller, Role, Scope
from app.interfaces import asgi
from app.interfaces.authentication.bearer import bearer_of
from app.interfaces.authentication.jwks import Key, Keys, PinnedKeys
from app.interfaces.authentication.oauth_issuers import OAuthIssuer

log = logging.getLogger("mingjian.authentication")

_LEEWAY = 30.0  # seconds by which clocks may differ
_LONGEST = 8192  # bytes of a token
_MOST = 10_000  # verified tokens that are remembered
_PATIENCE = 1.0  # seconds for new keys, while a request waits
_TYPES = ("", "jwt", "at+jwt", "application/at+jwt")


class Refused(Exception):
    """The token opens nothing; the text, for the log, says why."""


class UnknownSigner(Refused):
    """None of the keys at hand fits."""


class _Known:
    """An issuer with its keys."""

    def __init__(self, issuer: OAuthIssuer) -> None:
        self.told, self._own = issuer, issuer.own_keys()
        self.pinned = PinnedKeys(issuer.jwks_uri) if issuer.jwks_uri else None

    @property
    def keys(self) -> Keys:
        return self._own if self.pinned is None else self.pinned.current()


class _Verified(NamedTuple):
    caller: Caller
    expires: float
    issuer: _Known
    keys: Keys  # by which it was verified: other keys, another look


class AccessTokens:
    def __init__(self, issuers: Iterable[OAuthIssuer], clock: Callable[[], float] = time.time) -> None:
        self._issuers, self._clock = {one.issuer: _Known(one) for one in issuers}, clock
        self._verified: dict[bytes, _Verified] = {}  # by the digest of the token, the oldest first

    async def open(self) -> None:
        """Have the keys that are fetched; who cannot be reached now is asked again later."""
        pinned = [known.pinned for known in self._issuers.values() if known.pinned is not None]
        for one in pinned:
            one.look_again()
        for one in pinned:
            await one.wait()

    def known(self, scope: asgi.Scope) -> Caller | None:
        token = bearer_of(scope)
        if not self._verified or not token or len(token) > _LONGEST:
            return None
        found = self._verified.get(sha256(token).digest())
        if found is None or found.expires <= self._clock() or found.keys is not found.issuer.keys:
            return None
        return found.caller

    async def find(self, scope: asgi.Scope) -> Caller | None:
        token = bearer_of(scope)
        if not self._issuers or token.count(b".") != 2:
            return None
        try:
            return await self._find(token)
        except Refused as refusal:
            log.warning("an access token is refused: %s", refusal)
        except Exception as error:  # whatever a token holds, it must not break anything
            log.warning("an access token is refused: %s", type(error).__name__)
        return None

    async def _find(self, token: bytes) -> Caller | None:
        if len(token) > _LONGEST:
            raise Refused("it is too long")
        head, claims = _peek(token)
        issuer = claims.get("iss")
        known = self._issuers.get(issuer) if isinstance(issuer, str) else None
        if known is None:
            return None  # it may be meant for another authenticator
        try:
            found = _verify(token, head, claims, known, self._clock())
        except UnknownSigner:
            if known.pinned is None:
                raise
            known.pinned.look_again()  # which it does now and then only, however many unknown keys are named
            await known.pinned.wait(_PATIENCE)
            found = _verify(token, head, claims, known, self._clock())
        self._remember(sha256(token).digest(), found)
        return found.caller

    def _remember(self, digest: bytes, found: _Verified) -> None:
        while len(self._verified) >= _MOST:
            del self._verified[next(iter(self._verified))]
        self._verified[digest] = found


def _peek(token: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, which nobody vouches for yet."""
    try:
        found = jwt.decode_complete(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise Refused(f"no token that can be read: {type(error).__name__}") from None
    return found["header"], found["payload"]


def _verify(token: bytes, head: dict[str, Any], claims: dict[str, Any], known: _Known, now: float) -> _Verified:
    issuer, algorithm, keys = known.told, head.get("alg"), known.keys
    if algorithm not in issuer.algorithms:
        raise Refused(f"{issuer.name}: algorithm {str(algorithm)[:20]!r} is not allowed")
    if "crit" in head or str(head.get("typ", "")).lower() not in _TYPES:
        raise Refused(f"{issuer.name}: it is not of a kind that is known here")
    expires = _expiry(claims, issuer, now)
    audience = claims.get("aud")
    if issuer.audience not in (audience if isinstance(audience, list) else [audience]):
        raise Refused(f"{issuer.name}: audience {str(audience)[:200]!r} is not this service")
    _check_signature(token, _key_for(keys, head.get("kid"), algorithm, issuer), algorithm, issuer)
    return _Verified(_caller(claims, issuer), expires, known, keys)


def _expiry(claims: dict[str, Any], issuer: OAuthIssuer, now: float) -> float:
    issued, expires = _moment(claims, "iat", issuer), _moment(claims, "exp", issuer)
    if expires <= now - _LEEWAY:
        raise Refused(f"{issuer.name}: expired {now - expires:.0f} seconds ago")
    if issued > now + _LEEWAY:
        raise Refused(f"{issuer.name}: issued {issued - now:.0f} seconds in the future; compare the clocks")
    if "nbf" in claims and _moment(claims, "nbf", issuer) > now + _LEEWAY:
        raise Refused(f"{issuer.name}: not valid yet (nbf)")
    if not 0 < expires - issued <= issuer.longest_seconds:
        raise Refused(f"{issuer.name}: lives {expires - issued:.0f} seconds, {issuer.longest_seconds} are allowed")
    return expires + _LEEWAY


def _moment(claims: dict[str, Any], name: str, issuer: OAuthIssuer) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Refused(f"{issuer.name}: {name} is missing or no time")
    return float(value)


def _key_for(keys: Keys, kid: Any, algorithm: str, issuer: OAuthIssuer) -> Key:
    """The key with the id; where none is named, the only one that fits."""
    named = keys.get(kid, ()) if isinstance(kid, str) and kid else [key for some in keys.values() for key in some]
    fitting = [key for key in named if algorithm in key.algorithms]
    if len(fitting) != 1:
        raise UnknownSigner(f"{issuer.name}: {len(fitting)} keys fit kid {str(kid)[:100]!r} and {algorithm}")
    return fitting[0]


def _check_signature(token: bytes, key: Key, algorithm: str, issuer: OAuthIssuer) -> None:
    try:
        jwt.api_jws.decode_complete(token, key.key, algorithms=[algorithm])
    except jwt.PyJWTError as error:
        raise Refused(f"{issuer.name}: {type(error).__name__}") from None


def _caller(claims: dict[str, Any], issuer: OAuthIssuer) -> Caller:
    client = claims.get(issuer.client_claim)
    if not isinstance(client, str) or not 0 < len(client) <= 100 or not client.isprintable():
        raise Refused(f"{issuer.name}: no usable {issuer.client_claim}")
    caller = f"oauth:{issuer.name}:{client}"
    if len(caller) > 64:  # as much as records hold; two clients must not become one
        caller = f"oauth:{issuer.name}:{sha256(client.encode()).hexdigest()[:32]}"
    if (listed := issuer.clients.get(client)) is not None:
        return Caller(id=caller, roles=listed.roles, scope=listed.scope, kind="token", name=client)
    if not issuer.roles_claim:
        raise Refused(f"{issuer.name}: client {client!r} is not listed")
    roles: frozenset[Role] = frozenset(
        {issuer.roles[one] for one in _words(claims.get(issuer.roles_claim)) if one in issuer.roles}
    )
    facilities = _words(claims.get(issuer.facilities_claim))
    if not roles or not facilities:
        raise Refused(f"{issuer.name}: client {client!r} has no role here, or no facility")
    return Caller(id=caller, roles=roles, scope=Scope(facilities=facilities), kind="token", name=client)


def _words(told: Any) -> frozenset[str]:
    """A text parted by spaces, or a list of texts."""
    found = told.split() if isinstance(told, str) else told if isinstance(told, list) else []
    return frozenset({one for one in found if isinstance(one, str) and 0 < len(one) <= 64})

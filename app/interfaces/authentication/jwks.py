"""Public keys (公钥): read from a JWKS, and fetched from the one address that is pinned for an issuer.

What a token says of where its keys are is never followed. Keys at hand go on while their address does not answer, but
not for ever: an issuer that took a key back must be heard some day.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import httpx
import msgspec
from jwt import PyJWK, PyJWTError

log = logging.getLogger("mingjian.authentication")

_CURVES: Mapping[str, tuple[str, ...]] = {"P-384": ("ES384",), "P-256": ("ES256",), "Ed25519": ("EdDSA",)}
_RSA: tuple[str, ...] = ("RS384", "RS256", "PS256")
_KINDS = {"RSA", "EC", "OKP"}
_SHORTEST_RSA = 2048  # bits
_MOST_KEYS = 50
_LARGEST = 256 * 1024  # bytes of an answer
_PATIENCE = 5.0  # seconds for an answer
_FRESH = 3600.0  # seconds until the keys are fetched anew
_HELD = 24 * 3600.0  # seconds for which keys are believed without being fetched anew
_PAUSE = 30.0  # seconds between two fetches, however many unknown keys are named


class BadKeys(Exception):
    """What was to be a JWKS is none."""


class Key(NamedTuple):
    algorithms: tuple[str, ...]
    key: Any


Keys = Mapping[str, tuple[Key, ...]]  # by `kid`


def keys_in(document: Any) -> dict[str, tuple[Key, ...]]:
    """The keys that can verify; others are passed over. Raises BadKeys."""
    members = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(members, list):
        raise BadKeys("no JWKS: it has no list of keys")
    found: dict[str, tuple[Key, ...]] = {}
    for member in members[:_MOST_KEYS]:
        if isinstance(member, dict) and (key := _key(member)) is not None:
            kid = str(member.get("kid") or "")
            found[kid] = (*found.get(kid, ()), key)
    if not found:
        raise BadKeys("the JWKS holds no public key for signatures by ES256, ES384, RS256, RS384, PS256 or EdDSA")
    return found


def _key(member: dict[str, Any]) -> Key | None:
    algorithms = _RSA if member.get("kty") == "RSA" else _CURVES.get(str(member.get("crv")), ())
    if (told := member.get("alg")) is not None:
        algorithms = tuple(one for one in algorithms if one == told)
    if not algorithms or member.get("kty") not in _KINDS or member.get("use", "sig") != "sig" or "d" in member:
        return None
    try:
        key = PyJWK({name: value for name, value in member.items() if name != "alg"}, algorithms[0]).key
    except (PyJWTError, ValueError, TypeError):
        return None
    return Key(algorithms, key) if member["kty"] != "RSA" or key.key_size >= _SHORTEST_RSA else None


class PinnedKeys:
    """The keys of one issuer, kept fresh from the address that is pinned for it."""

    def __init__(self, jku: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._jku, self._clock = jku, clock
        self._keys: Keys = {}
        self._tried = self._fetched = -_FRESH
        self._task: asyncio.Task[None] | None = None

    def current(self) -> Keys:
        """What is at hand; where it grows old, it is fetched anew in the background."""
        age = self._clock() - self._fetched
        if age >= _FRESH:
            self.look_again()
        return self._keys if age < _HELD else {}

    def look_again(self) -> None:
        """Fetch in the background, where the last time is not just past. Called from the event loop."""
        if self._task is None and self._clock() - self._tried >= _PAUSE:
            self._task = asyncio.get_running_loop().create_task(self._fetch())

    async def wait(self, seconds: float | None = None) -> None:
        """Until what is being fetched is there, or was not to be had; at most that long."""
        if self._task is not None:
            await asyncio.wait([self._task], timeout=seconds)

    async def _fetch(self) -> None:
        self._tried = self._clock()
        try:
            async with asyncio.timeout(_PATIENCE):
                self._keys = keys_in(msgspec.json.decode(await _get(self._jku)))
            self._fetched = self._clock()
        except (httpx.HTTPError, httpx.InvalidURL, msgspec.DecodeError, RecursionError, TimeoutError, BadKeys) as error:
            log.warning("the keys at %s cannot be had: %s", self._jku, error if str(error) else type(error).__name__)
        finally:
            self._task = None


async def _get(url: str) -> bytes:
    """Without following redirects: another address is not the pinned one."""
    headers = {"accept": "application/json", "accept-encoding": "identity"}
    async with (
        httpx.AsyncClient(timeout=_PATIENCE, follow_redirects=False, trust_env=False) as client,
        client.stream("GET", url, headers=headers) as answer,
    ):
        if answer.status_code != 200:
            raise BadKeys(f"status {answer.status_code}")
        body = b""
        async for part in answer.aiter_raw():
            body += part
            if len(body) > _LARGEST:
                raise BadKeys(f"more than {_LARGEST} bytes")
    return body

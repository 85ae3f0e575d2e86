"""Who calls (接入认证): clients that can send no key are known by facility code and network, or by a signature.

The platform's signature is the hex SHA-256 of timestamp + secret + nonce + timestamp, in the `x-tif-` headers; that of
the envelope is in envelope_signature.py. Nothing that was signed is taken twice.
"""

import hmac
import re
import time
from collections.abc import Callable
from hashlib import sha256
from typing import NamedTuple

from app.domain.access import Caller, Role
from app.interfaces.asgi import Scope, header
from app.interfaces.authentication.replay import SharedReplay
from app.interfaces.caller import KEY
from app.interfaces.nhsa.envelope_signature import BadSignature, EnvelopeSignature
from app.interfaces.nhsa.profiles import Profile, Profiles

_CLOCK_SKEW_SECONDS = 300
_SECONDS = re.compile("[0-9]{1,12}")
_ROLES = frozenset({Role.HIS_CLIENT})


class Refused(Exception):
    """The caller may not use this interface; the text says so without saying why."""


class _Signed(NamedTuple):
    """What was signed, and when, in seconds since 1970."""

    at: float
    once: str


class Admission:
    """Lets in, or raises Refused. Called with the message in UTF-8, as far as it could be read."""

    def __init__(self, replay: SharedReplay | None = None, clock: Callable[[], float] = time.time) -> None:
        self._replay, self._clock = replay or SharedReplay(None), clock
        self._signatures: dict[Profile, EnvelopeSignature] = {}

    def prepare(self, profiles: Profiles) -> None:
        """Raises ProfileError for a profile whose key cannot be read: better at the start than at the first message."""
        for profile in profiles.all:
            if profile.authentication in ("sm2", "sm3"):
                self._signatures[profile] = EnvelopeSignature(profile)

    async def __call__(self, profile: Profile, facility: str, scope: Scope, text: bytes = b"") -> Caller:
        """Who calls, for the record; it is noted in the scope too."""
        client = scope.get("client")
        if not profile.admits(client[0] if client else ""):
            raise Refused("接入被拒绝：调用地址不在允许范围内，请联系管理员登记")
        await self._check_proof(profile, scope, text)
        caller = Caller(id=f"nhsa:{profile.name}:{facility}"[:64], roles=_ROLES, scope=profile.scope, kind="profile")
        scope[KEY] = caller
        return caller

    async def _check_proof(self, profile: Profile, scope: Scope, text: bytes) -> None:
        if profile.authentication == "apikey" and not hmac.compare_digest(
            header(scope, b"apikey").encode(), profile.secret.encode()
        ):
            raise Refused("接入被拒绝：apikey 无效")
        if profile.authentication == "signature":
            signed = _by_header(profile, scope)
        elif profile.authentication in ("sm2", "sm3"):
            signed = await self._by_envelope(profile, text)
        else:
            return
        now = self._clock()
        if signed is None or abs(now - signed.at) > _CLOCK_SKEW_SECONDS:
            raise Refused("接入被拒绝：签名无效")
        until = signed.at + _CLOCK_SKEW_SECONDS + 1
        if not await self._replay.is_new(f"nhsa:{profile.name}", signed.once, signed.at, until, now):
            raise Refused("接入被拒绝：同一签名报文已经提交过，请重新签名后提交")

    async def _by_envelope(self, profile: Profile, text: bytes) -> _Signed | None:
        found = self._signatures.get(profile)
        if found is None:
            found = self._signatures[profile] = EnvelopeSignature(profile)
        try:
            return _Signed(*await found.check(text))
        except BadSignature:
            return None


def _by_header(profile: Profile, scope: Scope) -> _Signed | None:
    timestamp, nonce = header(scope, b"x-tif-timestamp"), header(scope, b"x-tif-nonce")
    if not _SECONDS.fullmatch(timestamp) or not nonce:
        return None
    wanted = sha256(f"{timestamp}{profile.secret}{nonce}{timestamp}".encode()).hexdigest()
    if not hmac.compare_digest(header(scope, b"x-tif-signature").lower().encode(), wanted.encode()):
        return None
    return _Signed(float(timestamp), f"{timestamp}:{nonce}")

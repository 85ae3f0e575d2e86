"""The envelope's signature (报文签名): `cainfo` by SM2 with SM3, or by SM3 with a shared secret (`signtype`).

No public client tells over which bytes it signs, so the profile says it: the members of the envelope in their order,
each as it stands in the message (texts without quotes, `input` byte for byte), with what stands between them.
"""

import asyncio
import binascii
import hmac
from base64 import b64decode
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from app.interfaces.nhsa.profiles import Profile, ProfileError
from app.trail.sm2 import Sm2Verifier

_CHINA = timezone(timedelta(hours=8))
_RAW = 64  # bytes of an SM2 signature as r and s, one after the other
_LONGEST = 1024  # characters of cainfo
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_text = msgspec.json.Decoder(str).decode


class BadSignature(Exception):
    """The message is not signed as its profile asks for."""


class Checked(NamedTuple):
    """When it was signed, in seconds since 1970, and what tells this message from any other."""

    at: float
    once: str


class EnvelopeSignature:
    def __init__(self, profile: Profile) -> None:
        """Raises ProfileError where the public key cannot be read."""
        self._profile = profile
        self._verifier = Sm2Verifier(profile.name, _public_key(profile)) if profile.authentication == "sm2" else None

    async def check(self, text: bytes) -> Checked:
        """Raises BadSignature. SM2 takes OpenSSL some 10 ms, beside the event loop."""
        try:
            members = _members(text)
            signature, kind = _text(members["cainfo"]), _text(members["signtype"])
            signed_at = datetime.fromisoformat(_text(members["inf_time"])).replace(tzinfo=_CHINA)
            signed = self._profile.signed_between.encode().join([_part(members, one) for one in self._profile.signed])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, ValueError) as error:
            raise BadSignature(type(error).__name__) from None
        if kind.upper() != self._profile.authentication.upper() or len(signature) > _LONGEST:
            raise BadSignature("signtype")
        if self._verifier is None:
            wanted = hmac.new(self._profile.secret.encode(), signed, "sm3").hexdigest()
            is_right = hmac.compare_digest(signature.lower().encode(), wanted.encode())
        else:
            is_right = await asyncio.to_thread(self._verifier.verify, signed, _der(signature))
        if not is_right:
            raise BadSignature("cainfo")
        return Checked(signed_at.timestamp(), sha256(signed).hexdigest())


def _part(members: dict[str, msgspec.Raw], name: str) -> bytes:
    raw = bytes(members[name]).strip()
    return _text(raw).encode() if raw[:1] == b'"' else raw


def _der(signature: str) -> bytes:
    """From hex or base64; from DER, or from r and s one after the other."""
    try:
        found = bytes.fromhex(signature)
    except ValueError:
        try:
            found = b64decode(signature, validate=True)
        except binascii.Error:
            raise BadSignature("cainfo") from None
    if len(found) != _RAW:
        return found
    return encode_dss_signature(int.from_bytes(found[:32], "big"), int.from_bytes(found[32:], "big"))


def _public_key(profile: Profile) -> bytes:
    """The SubjectPublicKeyInfo of a PEM file; OpenSSL reads it when it checks, as no library here knows the curve."""
    try:
        lines = Path(profile.public_key_file).read_text("ascii").strip().splitlines()
        if lines[0] != "-----BEGIN PUBLIC KEY-----" or lines[-1] != "-----END PUBLIC KEY-----":
            raise ValueError("it is no PEM of a public key")
        return b64decode("".join(lines[1:-1]), validate=True)
    except (OSError, ValueError, IndexError) as error:
        raise ProfileError(f"{profile.name}: public_key_file {profile.public_key_file}: {error}") from None

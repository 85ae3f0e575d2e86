"""One-time codes (动态口令): TOTP of RFC 6238 as authenticator apps have it: SHA-1, six digits, thirty seconds."""

import base64
import hmac
import struct
from urllib.parse import quote

PERIOD, DIGITS, SECRET_SIZE = 30, 6, 20
_DRIFT = 1  # steps that a clock may be off


def code_at(secret: bytes, step: int, digits: int = DIGITS) -> str:
    mac = hmac.digest(secret, struct.pack(">Q", step), "sha1")
    at = mac[-1] & 0xF
    number = int.from_bytes(mac[at : at + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def step_of(secret: bytes, code: str, now: float) -> int | None:
    """The time step that the code belongs to; None where it belongs to none of about now."""
    current, found = int(now) // PERIOD, None
    for step in range(max(0, current - _DRIFT), current + _DRIFT + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), code.encode()):
            found = step
    return found


def enrolment_uri(secret: bytes, login: str, issuer: str) -> str:
    """What an authenticator app reads from the square code."""
    encoded = base64.b32encode(secret).decode().rstrip("=")
    return f"otpauth://totp/{quote(issuer)}:{quote(login)}?secret={encoded}&issuer={quote(issuer)}&digits={DIGITS}&period={PERIOD}"

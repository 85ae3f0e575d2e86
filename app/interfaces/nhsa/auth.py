"""Who calls (接入认证): clients that can send no key are known by facility code and network, or by a signature.

The platform's signature is the hex SHA-256 of timestamp + secret + nonce + timestamp, in the `x-tif-` headers.
"""

import hmac
import re
import time
from hashlib import sha256

from app.interfaces.asgi import Scope, header
from app.interfaces.nhsa.profiles import Profile

_CLOCK_SKEW_SECONDS = 300
_SECONDS = re.compile("[0-9]{1,12}")


class Refused(Exception):
    """The caller may not use this interface; the text says so without saying why."""


def admit(profile: Profile, facility: str, scope: Scope) -> str:
    """The caller's name for the record; raises Refused."""
    client = scope.get("client")
    if not profile.admits(client[0] if client else ""):
        raise Refused("接入被拒绝：调用地址不在允许范围内，请联系管理员登记")
    if profile.authentication == "signature" and not _is_signed(profile, scope):
        raise Refused("接入被拒绝：签名无效")
    if profile.authentication == "apikey" and not hmac.compare_digest(
        header(scope, b"apikey").encode(), profile.secret.encode()
    ):
        raise Refused("接入被拒绝：apikey 无效")
    return f"nhsa:{profile.name}:{facility}"[:64]


def _is_signed(profile: Profile, scope: Scope) -> bool:
    timestamp, nonce = header(scope, b"x-tif-timestamp"), header(scope, b"x-tif-nonce")
    if not _SECONDS.fullmatch(timestamp) or not nonce or abs(time.time() - int(timestamp)) > _CLOCK_SKEW_SECONDS:
        return False
    wanted = sha256(f"{timestamp}{profile.secret}{nonce}{timestamp}".encode()).hexdigest()
    return hmac.compare_digest(header(scope, b"x-tif-signature").lower().encode(), wanted.encode())

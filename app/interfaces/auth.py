"""Who calls (调用方): bearer keys, compared in constant time by their digest."""

import hmac
import os
import secrets
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from app.domain.access import Caller, Role
from app.interfaces.asgi import Scope, header
from app.interfaces.errors import Problem, unauthorized


class KeyRing:
    """The keys that open this service, by name of their caller. It holds digests only."""

    def __init__(self, keys: dict[str, str]) -> None:
        """`keys`: caller's name to key. Raises ValueError for a blank one, which would let everybody in."""
        if blank := [name for name, key in keys.items() if not key.strip()]:
            raise ValueError(f"the key of {', '.join(blank)} is blank; set one, or leave it unset to have one made")
        self._digests = {name: sha256(key.encode()).digest() for name, key in keys.items()}

    def caller_of(self, authorization: str) -> str:
        """The caller whose key stands in an Authorization header; raises Problem (401) for none."""
        scheme, _, key = authorization.partition(" ")
        digest = sha256(key.strip().encode()).digest()
        if scheme.lower() == "bearer":
            for name, known in self._digests.items():
                if hmac.compare_digest(digest, known):
                    return name
        raise unauthorized()


def local_key(data_dir: Path) -> str:
    """The key made at the first start of a single-machine installation, readable by its owner only."""
    file = data_dir / "api-key"
    if file.exists() and (known := file.read_text("ascii").strip()):
        return known
    key = "mj_" + secrets.token_urlsafe(24)
    data_dir.mkdir(parents=True, exist_ok=True)
    temporary = data_dir / f"api-key.{os.getpid()}.tmp"  # so that a crash leaves no file without a key in it
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as out:
        out.write(key + "\n")
    temporary.replace(file)
    return key


class InstallationKey:
    """The authenticator of the keys above: for the machine that runs the service, and for small installations."""

    def __init__(self, ring: KeyRing, roles: Iterable[Role]) -> None:
        self._ring, self._roles = ring, frozenset(roles)
        self._callers: dict[str, Caller] = {}

    def known(self, scope: Scope) -> Caller | None:
        authorization = header(scope, b"authorization")
        if not authorization:
            return None
        try:
            name = self._ring.caller_of(authorization)
        except Problem:
            return None
        return self._callers.setdefault(name, Caller(id=name, roles=self._roles))

    async def find(self, scope: Scope) -> Caller | None:  # noqa: ARG002 - what is known is known at once
        return None

"""API keys (接口密钥): `Authorization: Bearer mj.<id>.<secret>`, looked up in memory."""

import time
from collections.abc import Callable
from hashlib import sha256

from app.application.hold_keys import KeyHolder
from app.domain.access import Caller
from app.domain.api_key import PREFIX
from app.interfaces.asgi import Scope
from app.interfaces.authentication.bearer import address_of, bearer_of
from app.interfaces.errors import database_unavailable

_BEGINS = f"{PREFIX}.".encode()
_LONGEST = 200  # bytes


class ApiKeys:
    def __init__(self, holder: KeyHolder, clock: Callable[[], float] = time.time) -> None:
        self._holder, self._clock = holder, clock

    def known(self, scope: Scope) -> Caller | None:
        token = bearer_of(scope)
        if not token.startswith(_BEGINS) or len(token) > _LONGEST:
            return None
        key_id, _, secret = token[len(_BEGINS) :].partition(b".")
        held = self._holder.get(key_id.decode("latin-1"))
        if held is not None and held.opens(sha256(secret).digest(), address_of(scope), self._clock()):
            return held.caller
        return None

    async def find(self, scope: Scope) -> Caller | None:
        """Raises Problem (503) where the database has been away for too long to believe any key."""
        token = bearer_of(scope)
        if not token.startswith(_BEGINS) or len(token) > _LONGEST:
            return None
        await self._holder.look_at_once()
        if self._holder.is_stale:
            raise database_unavailable()
        return self.known(scope)

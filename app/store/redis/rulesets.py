"""Rulesets in Redis (规则库分发): compiled revisions at hand, and the news that another one is in force.

The database has all of it: what Redis lost, could not take or did not tell is found there.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from hashlib import sha256
from typing import Any

import msgspec
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from app.store.redis.connection import RedisConnection, Unreachable
from app.store.rulesets import Move

_KEEP_SECONDS = 7 * 24 * 3600
_TRANSFER_SECONDS = 2.0  # for megabytes; a request never waits for it
_DIGEST = 32
_CONNECT_SECONDS = 0.5
_SILENCE_SECONDS = 1.0  # then Redis is asked whether it is there, and must say so within as long again
_PAUSES = (0.1, 2.0)  # seconds between attempts to connect, the first and the longest


class _Announcement(msgspec.Struct, frozen=True):
    seq: int
    revision: str


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Announcement).decode


class RulesetCache:
    def __init__(self, connection: RedisConnection, installation: Callable[[], str]) -> None:
        """`installation` parts those that share one Redis and not one database; asked for once the store is open."""
        self._connection, self._installation = connection, installation

    @property
    def _channel(self) -> str:
        return f"mingjian:moves:{self._installation()}"

    async def put(self, revision: str, compiled: bytes) -> None:
        value = sha256(compiled).digest() + compiled
        with suppress(Unreachable):
            await self._connection.ask(
                lambda redis: redis.set(_key(revision), value, ex=_KEEP_SECONDS), _TRANSFER_SECONDS
            )

    async def get(self, revision: str) -> bytes | None:
        """Exactly the bytes that were put, or None."""
        try:
            value = await self._connection.ask(lambda redis: redis.get(_key(revision)), _TRANSFER_SECONDS)
        except Unreachable:
            return None
        if not isinstance(value, bytes) or sha256(value[_DIGEST:]).digest() != value[:_DIGEST]:
            return None
        return value[_DIGEST:]

    async def announce(self, move: Move) -> None:
        message = _encode(_Announcement(move.seq, move.revision))
        with suppress(Unreachable):
            await self._connection.ask(lambda redis: redis.publish(self._channel, message))

    async def follow(self) -> AsyncIterator[str]:
        """Revisions as they are announced, without end; "" after every (re)connection."""
        pause, longest = _PAUSES
        while True:
            listener = self._connection.client.pubsub()
            try:
                async with asyncio.timeout(_CONNECT_SECONDS):
                    await listener.subscribe(self._channel)
                pause = _PAUSES[0]
                yield ""
                async for revision in _heard(listener):
                    yield revision
            except (RedisError, OSError, TimeoutError):
                pass  # whatever it was: connect anew
            finally:
                with suppress(RedisError, OSError):
                    await listener.aclose()  # type: ignore[no-untyped-call]
            await asyncio.sleep(pause * (0.5 + random.random() / 2))  # noqa: S311 - so that not all come at once
            pause = min(2 * pause, longest)


async def _heard(listener: PubSub) -> AsyncIterator[str]:
    """Until the connection is lost: ConnectionError, or TimeoutError where Redis is there and says nothing."""
    is_asked = False
    while True:
        message: dict[str, Any] | None = await listener.get_message(timeout=_SILENCE_SECONDS)
        if message is None:
            if is_asked:
                raise TimeoutError
            is_asked = True
            await listener.ping()
            continue
        is_asked = False
        if message["type"] == "message":
            with suppress(msgspec.MsgspecError):  # somebody else's words
                yield _decode(message["data"]).revision


def _key(revision: str) -> str:
    return f"mingjian:ruleset:{revision}"

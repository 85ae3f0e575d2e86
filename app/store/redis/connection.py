"""The connection to Redis (缓存连接): every question is answered in time or given up, and while Redis does not answer
nobody waits for it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha1
from importlib.resources import files
from typing import Any, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

from app.store.breaker import Breaker, BreakerOpen, BreakerState, Picture

T = TypeVar("T")
Argument = str | bytes | int

_CONNECT_SECONDS = 0.05
_ANSWER_SECONDS = 0.02
_PROBE_SECONDS = 1.0
_CONNECTIONS = 32
_STALLED = 3  # times the limit: so late a timeout tells of this process, not of Redis


class Unreachable(Exception):
    """Redis did not answer in time, or could not, or was not asked because it has not answered lately."""


class Script:
    """A Lua script, which Redis knows by the digest of its text."""

    def __init__(self, *names: str) -> None:
        """The scripts of these names in lua/, one after the other."""
        folder = files(__package__).joinpath("lua")
        self.text = "".join([folder.joinpath(f"{name}.lua").read_text("utf-8") for name in names])
        self.digest = sha1(self.text.encode(), usedforsecurity=False).hexdigest()


class RedisConnection:
    def __init__(self, url: str, *, state: BreakerState | None = None, seconds: float = _ANSWER_SECONDS) -> None:
        """The URL may hold a password and is told to nobody. Nothing is asked yet. `seconds`: how long to wait for an
        answer.
        """
        self._client, self._seconds = _client(url), seconds
        self.breaker = Breaker("Redis", self._probe, state)

    @property
    def picture(self) -> Picture:
        return self.breaker.picture

    @property
    def client(self) -> Redis:
        """For those who wait for messages, and so look after time and failure themselves."""
        return self._client

    async def ask(self, operation: Callable[[Redis], Awaitable[T]], seconds: float | None = None) -> T:
        """What the operation returns, within that time, getting a connection included. Raises Unreachable."""
        seconds = seconds or self._seconds
        try:
            self.breaker.check()
        except BreakerOpen:
            raise Unreachable("Redis has not answered lately") from None
        began = time.monotonic()
        try:
            async with asyncio.timeout(seconds):
                result = await operation(self._client)
        except (RedisError, OSError, TimeoutError) as error:
            if time.monotonic() - began < _STALLED * seconds:
                self.breaker.failed(error)
            raise Unreachable(type(error).__name__) from None  # the text may hold an address
        self.breaker.succeeded()
        return result

    async def run(
        self, script: Script, keys: Sequence[str], arguments: Sequence[Argument], seconds: float | None = None
    ) -> Any:
        """What the script returns. Raises Unreachable."""

        async def evaluate(client: Redis) -> Any:
            try:
                return await client.execute_command(  # type: ignore[no-untyped-call]
                    "EVALSHA", script.digest, len(keys), *keys, *arguments
                )
            except NoScriptError:  # Redis is new, or was told to forget
                return await client.execute_command(  # type: ignore[no-untyped-call]
                    "EVAL", script.text, len(keys), *keys, *arguments
                )

        return await self.ask(evaluate, seconds)

    async def check(self) -> None:
        """Returns where Redis answers; raises Unreachable where it does not."""
        await self.ask(lambda redis: redis.echo("?"))

    async def _probe(self) -> None:
        async with asyncio.timeout(_PROBE_SECONDS):
            await self._client.execute_command("PING")  # type: ignore[no-untyped-call]

    async def close(self) -> None:
        await self.breaker.close()
        await self._client.aclose()


def _client(url: str) -> Redis:
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=_CONNECTIONS,
        timeout=None,  # what waits too long is given up by ask()
        socket_connect_timeout=_CONNECT_SECONDS,
        socket_timeout=None,
        retry=Retry(NoBackoff(), 0),
        retry_on_error=[],
        client_name="mingjian",
        driver_info=None,  # a new connection says no more than it must
        protocol=2,
        decode_responses=False,
    )
    return Redis.from_pool(pool)

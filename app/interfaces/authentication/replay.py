"""The replay guard (防重放): no token is taken twice, by whichever worker, and what is remembered of them is bounded.

Where there is no more room the oldest token is forgotten, and with it every token made as early or earlier is refused
from then on: a guard that is full refuses too much rather than too little. Each issuer has its own, so that none fills
another's. What other workers took is asked of the store; while that does not answer, each worker guards for itself: a
signed message is no reason to keep a doctor waiting.
"""

import asyncio
import heapq
import logging
import time
from collections.abc import Callable
from hashlib import sha256

from app.store.history import Unavailable
from app.store.used_tokens import UsedTokens

log = logging.getLogger("mingjian.authentication")

_PATIENCE = 0.05  # seconds for the store's answer
_PAUSE = 5.0  # seconds in which a store that did not answer is not asked


class ReplayGuard:
    def __init__(self, most: int = 20_000) -> None:
        self._most = most
        self._expiry: dict[str, float] = {}
        self._by_age: list[tuple[float, str]] = []  # a heap of (iat, jti)
        self._floor = float("-inf")

    def __len__(self) -> int:
        return len(self._expiry)

    def is_new(self, jti: str, issued: float, expires: float, now: float) -> bool:
        """Whether this token was not seen before; it is remembered until `expires`, with leeway."""
        if issued <= self._floor or jti in self._expiry:
            return False
        self._forget_expired(now)
        if len(self._expiry) >= self._most:
            self._floor, oldest = heapq.heappop(self._by_age)
            del self._expiry[oldest]
            if issued <= self._floor:
                return False
        self._expiry[jti] = expires
        heapq.heappush(self._by_age, (issued, jti))
        return True

    def _forget_expired(self, now: float) -> None:
        """From the oldest on; one that lives long holds up those behind it, until there is no room."""
        while self._by_age and self._expiry[self._by_age[0][1]] < now:
            del self._expiry[heapq.heappop(self._by_age)[1]]


class SharedReplay:
    """One guard for each issuer here, and what all workers share."""

    def __init__(
        self,
        used: UsedTokens | None,
        patience: float = _PATIENCE,
        clock: Callable[[], float] = time.monotonic,
        most: int = 20_000,
    ) -> None:
        """`used` None: nothing is shared. `most`: tokens of one issuer that are remembered here."""
        self._used, self._patience, self._clock, self._most = used, patience, clock, most
        self._guards: dict[str, ReplayGuard] = {}
        self._not_before = float("-inf")

    async def is_new(self, issuer: str, token: str, issued: float, expires: float, now: float) -> bool:
        """`issuer` is one of those that are configured, so that there are no more guards than of them."""
        guard = self._guards.get(issuer)
        if guard is None:
            guard = self._guards[issuer] = ReplayGuard(self._most)
        if not guard.is_new(token, issued, expires, now):
            return False
        if self._used is None or self._clock() < self._not_before:
            return True
        digest = sha256(f"{issuer}\0{token}".encode("utf-8", "surrogatepass")).digest()
        try:
            async with asyncio.timeout(self._patience):
                return await self._used.claim(digest, expires)
        except (Unavailable, TimeoutError):
            self._not_before = self._clock() + _PAUSE
            log.warning("used tokens are not shared for now: each worker knows its own only")
            return True

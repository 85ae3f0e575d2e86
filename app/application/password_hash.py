"""Password hashes (口令散列): argon2id, off the event loop and few at once, so that no order entry waits for it."""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.domain.password import LONGEST, normal

_AT_ONCE = 2  # each takes a core and 19 MiB for some 20 ms
_PASSES, _KIB = 2, 19 * 1024  # OWASP, Password Storage Cheat Sheet: argon2id with one lane


class PasswordHashes:
    def __init__(self, *, time_cost: int = _PASSES, memory_cost: int = _KIB) -> None:
        self._hasher = PasswordHasher(time_cost, memory_cost, parallelism=1)
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._nobodys: str | None = None

    async def make(self, password: str) -> str:
        async with self._free:
            return await asyncio.to_thread(self._hasher.hash, normal(password))

    async def fits(self, password: str, known: str) -> bool:
        """It takes as long where there is nothing to fit: `known` is blank for an account that there is not."""
        if self._nobodys is None:
            self._nobodys = await self.make("the password of nobody")
        async with self._free:
            does_fit = await asyncio.to_thread(self._verify, password, known or self._nobodys)
        return does_fit and bool(known)

    def is_weak(self, known: str) -> bool:
        """Whether it was made with other parameters than are asked for now."""
        return self._hasher.check_needs_rehash(known)

    def _verify(self, password: str, known: str) -> bool:
        try:
            return self._hasher.verify(known, normal(password[: LONGEST * 2]))
        except (VerificationError, InvalidHashError):
            return False

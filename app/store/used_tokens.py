"""Used tokens (已用令牌): which signed messages were taken already, by whichever worker; until they expire."""

from typing import Protocol


class UsedTokens(Protocol):
    async def claim(self, digest: bytes, expires: float) -> bool:
        """Whether nobody claimed it before; it is remembered until `expires`, seconds since 1970. What is remembered
        need not survive a power cut. Raises Unavailable where that cannot be told now.
        """
        ...

    async def close(self) -> None: ...

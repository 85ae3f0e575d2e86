"""Rulesets (规则库版本): every compiled revision, kept for good, and the pointer to the one in force.

The pointer is a list of moves that only grows: the last move tells what is in force.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import NamedTuple, Protocol


class Move(NamedTuple):
    """One publication or rollback. `seq` counts up without end."""

    seq: int
    revision: str
    action: str  # publish | rollback
    caller: str
    reason: str
    at: datetime


class StoredRuleset(NamedTuple):
    """A revision, without its content. `format` is the compiled form's mark; a service reads its own format only."""

    revision: str
    format: str
    size: int
    stored_at: datetime
    stored_by: str


def format_of(compiled: bytes) -> str:
    """The mark that a compiled form begins with."""
    return compiled[:8].decode("ascii", "replace")


class RulesetStore(Protocol):
    async def put(self, revision: str, compiled: bytes, *, caller: str, at: datetime) -> bool:
        """Store a revision; False where it was stored before. Raises NotRecorded."""
        ...

    async def read(self, revision: str) -> bytes | None:
        """The compiled form."""
        ...

    async def move(self, revision: str, *, action: str, caller: str, reason: str, at: datetime) -> Move:
        """Point to a stored revision, durably; raises LookupError for one that is not stored, NotRecorded."""
        ...

    async def move_first(self, revision: str, *, caller: str, reason: str, at: datetime) -> Move | None:
        """Publish a stored revision unless some move, however old, pointed to it before: None then. Of many processes
        that ask at once, one moves. Raises NotRecorded.
        """
        ...

    async def current(self) -> Move | None:
        """The last move; None where nothing was ever published."""
        ...

    async def stored(self) -> list[StoredRuleset]:
        """All revisions, the newest first."""
        ...

    async def moves(self, limit: int = 100) -> list[Move]:
        """The last moves, the newest first."""
        ...


class RulesetDistribution(Protocol):
    """Brings revisions and moves to the workers sooner than they would find them in the database (Redis). Nothing here
    raises, and nothing is promised: what was not stored, not found or not announced is in the database all the same,
    so whoever follows also polls.
    """

    async def put(self, revision: str, compiled: bytes) -> None: ...

    async def get(self, revision: str) -> bytes | None:
        """Exactly the bytes that were put, or None."""
        ...

    async def announce(self, move: Move) -> None: ...

    def follow(self) -> AsyncIterator[str]:
        """Revisions as they are announced, without end. One that is announced while the connection is lost is missed;
        "" is given after every (re)connection: look into the database now.
        """
        ...

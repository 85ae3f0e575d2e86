"""Whose turn it is to write (轮流写入), where several processes write to one SQLite file.

SQLite lets whoever asks at the right moment write next, and makes the others look again at ever longer intervals: who
has just written has the best chance, and some wait for seconds. Here whoever has waited longest at the head is next,
because nobody else may even ask before.
"""

import fcntl
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_LOOK_EVERY = 0.0005  # seconds; a commit takes longer


class Turn:
    """Begins the transactions of one connection, which waits as long as its busy_timeout was."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._patience: float = connection.execute("PRAGMA busy_timeout").fetchone()[0] / 1000
        connection.execute("PRAGMA busy_timeout = 0")
        self._queue = path.with_name(f"{path.name}-turn").open("ab")

    def close(self) -> None:
        self._queue.close()

    def begin(self) -> None:
        """Begin a transaction that writes; raises OperationalError when patience is at an end."""
        until = time.monotonic() + self._patience
        with suppress(BlockingIOError):  # nobody lets go of the head of the queue: ask without a place in it
            _insist(self._stand_first, BlockingIOError, until)
        try:
            _insist(self._begin, _Busy, until)
        except _Busy as busy:
            raise sqlite3.OperationalError("database is locked") from busy
        finally:
            fcntl.flock(self._queue, fcntl.LOCK_UN)

    def _stand_first(self) -> None:
        fcntl.flock(self._queue, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _begin(self) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                raise _Busy from error
            raise


class _Busy(Exception):
    pass


def _insist(act: Callable[[], None], refusal: type[Exception], until: float) -> None:
    while True:
        try:
            act()
        except refusal:
            if time.monotonic() >= until:
                raise
            time.sleep(_LOOK_EVERY)
        else:
            return

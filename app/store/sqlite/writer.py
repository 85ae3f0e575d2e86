"""The writer (单写线程): one thread that writes to SQLite, and one fsync for all the requests that wait for it.

The thread takes whatever has gathered while the last commit ran, does it in one transaction, and wakes the requests
together. Python's own sqlite3 serves the writes, as SQLAlchemy costs ten times more per record here (see benchmarks/).
"""

import asyncio
import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from contextlib import closing
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

from app.store.audit_log import NotRecorded, Unstorable
from app.store.sqlite.turn import Turn
from app.store.vault import PLAIN, Vault

log = logging.getLogger("mingjian")

_BATCH = 256

T = TypeVar("T")
Job = Callable[[sqlite3.Connection], Any]
Batch = Callable[[sqlite3.Connection, list[Any]], list[Any]]
Waiting = tuple[Batch, Any, "asyncio.Future[Any]"]  # what does it, with what, who waits
Outcome = tuple["asyncio.Future[Any]", Any]


class SealingConnection(sqlite3.Connection):
    """Whoever has it knows how to encrypt what goes into its rows (`vault_of`)."""

    vault = PLAIN


def connect(path: Path, vault: Vault = PLAIN) -> sqlite3.Connection:
    """A connection whose commits survive a power cut: write-ahead log, synced at every commit."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=5, factory=SealingConnection)
    connection.vault = vault
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
    except BaseException:
        connection.close()
        raise
    return connection


class SqliteWriter:
    def __init__(self, path: Path, vault: Vault = PLAIN) -> None:
        self._path, self.vault = path, vault
        self._waiting: deque[Waiting] = deque()
        self._wake = threading.Event()
        self._closing = False
        self._gate = threading.Lock()  # nothing joins the queue once it is closing
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    def start(self) -> None:
        """Begin to write; call it from the event loop that will await."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def close(self) -> None:
        """Write what still waits, then stop."""
        self._shut()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def _shut(self) -> None:
        with self._gate:
            self._closing = True

    async def write(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Do the job inside a transaction and return what it returns, once that is durable.

        The job may run twice (should the batch fail, each runs alone), so it must do nothing but write. Raises
        NotRecorded where the database refuses.
        """
        found: T = await self.write_together(_each, job)
        return found

    async def write_together(self, batch: Batch, payload: Any) -> Any:
        """The same for what is written often: `batch` gets all payloads that wait for it and gives a result for each.

        Every statement lets go of the interpreter lock and has to win it back, so few statements for many records are
        worth more than their work.
        """
        if self._loop is None:
            raise NotRecorded("the store is not open")
        future: asyncio.Future[Any] = self._loop.create_future()
        with self._gate:
            if self._closing:
                raise NotRecorded("the store is closed")
            self._waiting.append((batch, payload, future))
        self._wake.set()
        return await future

    def _run(self) -> None:
        try:
            with closing(connect(self._path, self.vault)) as connection, closing(Turn(self._path, connection)) as turn:
                self._serve(connection, turn)
        except Exception as error:  # whatever it was, nobody may wait for a thread that is gone
            log.exception("the store has stopped")
            self._shut()
            while batch := self._take():
                self._settle([(future, NotRecorded(str(error))) for _, _, future in batch])

    def _serve(self, connection: sqlite3.Connection, turn: Turn) -> None:
        is_last = False
        while not is_last:
            self._wake.wait()
            self._wake.clear()
            is_last = self._closing  # read before the queue is emptied: nothing joins it afterwards
            while batch := self._take():
                self._settle(_write_all(connection, turn, batch))

    def _take(self) -> list[Waiting]:
        batch: list[Waiting] = []
        while self._waiting and len(batch) < _BATCH:
            batch.append(self._waiting.popleft())
        return batch

    def _settle(self, outcomes: list[Outcome]) -> None:
        assert self._loop is not None  # noqa: S101 - the thread starts after it is set
        try:
            self._loop.call_soon_threadsafe(_wake_all, outcomes)
        except RuntimeError:  # the loop is closed: nobody waits any more, and the records are safe
            return


def _write_all(connection: sqlite3.Connection, turn: Turn, waiting: list[Waiting]) -> list[Outcome]:
    """Write in one transaction; should that fail, one by one, so that a bad record fails alone."""
    try:
        results = _write(connection, turn, waiting)
    except sqlite3.OperationalError as error:
        # Locked, full or unreadable: no record is at fault, and alone each would only wait for it anew.
        log.warning("%d records could not be written: %s", len(waiting), error)
        results = [NotRecorded(str(error)) for _ in waiting]
    except Exception:
        results = [_write_alone(connection, turn, one) for one in waiting]
    return [(future, result) for (_, _, future), result in zip(waiting, results, strict=True)]


def _write_alone(connection: sqlite3.Connection, turn: Turn, one: Waiting) -> Any:
    try:
        return _write(connection, turn, [one])[0]
    except sqlite3.OperationalError as error:
        return NotRecorded(str(error))
    except sqlite3.Error as error:
        return Unstorable(str(error))
    except Exception as error:
        return error


def _write(connection: sqlite3.Connection, turn: Turn, waiting: list[Waiting]) -> list[Any]:
    turn.begin()
    try:
        results: list[Any] = []
        for batch, some in groupby(waiting, key=itemgetter(0)):
            results += batch(connection, [payload for _, payload, _ in some])
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return results


def _each(connection: sqlite3.Connection, jobs: list[Job]) -> list[Any]:
    return [job(connection) for job in jobs]


def _wake_all(outcomes: list[Outcome]) -> None:
    for future, outcome in outcomes:
        if future.done():  # the request was cancelled; its record stays
            continue
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)

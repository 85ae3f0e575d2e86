"""The database (数据库连接): how PostgreSQL is connected to, and what its failures are called.

What asks seldom takes a connection from SQLAlchemy's pool. What asks with every audit (reader.py, writer.py) keeps an
asyncpg connection of its own: to take one from the pool and to give it back costs the worker more than the statement.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from app.store.audit_log import NotRecorded, Unstorable
from app.store.history import Unavailable
from app.store.vault import PLAIN, Vault

T = TypeVar("T")

_SCHEME = re.compile(r"(postgres|postgresql|postgresql\+asyncpg)://")
_SPARE = 4  # connections for what asks seldom
_ATTEMPTS = 3
_GOING = ("08", "57")  # SQLSTATE classes: connection failure; shutting down, starting up, or told to stop
_AT_FAULT = ("22", "23")  # a value or a row that cannot be stored
_CONFLICT = "40"  # deadlock: nobody is at fault, the same again may succeed
DRIVER_FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
FAILURES = (*DRIVER_FAILURES, DBAPIError, PoolTimeout)  # whatever a statement may fail with


class Connection(Protocol):
    """What is used of asyncpg's connection, which has no types of its own."""

    async def execute(self, statement: str, *values: Any, timeout: float | None = None) -> str: ...
    async def fetch(self, statement: str, *values: Any) -> list[Any]: ...
    async def fetchrow(self, statement: str, *values: Any) -> Any: ...
    async def fetchval(self, statement: str, *values: Any) -> Any: ...
    def transaction(self) -> AbstractAsyncContextManager[object]: ...
    def is_closed(self) -> bool: ...
    def terminate(self) -> None: ...


class SealingConnection(asyncpg.Connection):  # type: ignore[misc]
    """Whoever has it knows how to encrypt what goes into its rows (`vault_of`)."""

    __slots__ = ("vault",)

    vault: Vault


def is_postgres(url: str) -> bool:
    return _SCHEME.match(url) is not None


def dsn_of(url: str) -> str:
    """The URL as asyncpg reads it. Raises ValueError, which tells nothing of the URL: it may hold a password."""
    dsn = _SCHEME.sub("postgresql://", url, count=1)
    try:
        parts = urlsplit(dsn)
        is_usable = is_postgres(url) and bool(parts.hostname or parts.query) and parts.path.count("/") <= 1
        if "," not in parts.netloc:  # more than one host: each has its port
            _ = parts.port
    except ValueError:
        is_usable = False
    if not is_usable:
        raise ValueError(
            "DATABASE_URL cannot be read; write postgresql://user:password@host:5432/database, and inside of user and"
            " password %40 for @, %2F for /, %3A for :, %23 for #"
        )
    return dsn


def told(error: BaseException) -> str:
    """The kind of failure. PostgreSQL's own words repeat what a row holds, which must not get into logs."""
    cause: BaseException | None = error
    while isinstance(cause, DBAPIError) or (cause is not None and not isinstance(cause, DRIVER_FAILURES)):
        cause = cause.orig if isinstance(cause, DBAPIError) else cause.__cause__
    cause = cause or error
    code = getattr(cause, "sqlstate", None)
    return f"{type(cause).__name__} {code}" if code else type(cause).__name__


def unavailable(error: BaseException) -> Unavailable:
    return Unavailable(f"the database does not answer as it should: {told(error)}")


def is_refusal(error: BaseException) -> bool:
    """Whether the server said no and goes on; else it is gone, going, or does not answer."""
    return isinstance(error, asyncpg.PostgresError) and (error.sqlstate or "")[:2] not in _GOING


def is_conflict(error: BaseException) -> bool:
    """Whether others were in the way, so that the same may succeed if it is done again."""
    return isinstance(error, asyncpg.PostgresError) and (error.sqlstate or "")[:2] == _CONFLICT


def is_at_fault(error: BaseException) -> bool:
    """Whether what was to be stored is at fault, and not the database."""
    return isinstance(error, asyncpg.PostgresError) and (error.sqlstate or "")[:2] in _AT_FAULT


def not_recorded(error: BaseException) -> NotRecorded:
    return Unstorable(told(error)) if is_at_fault(error) else NotRecorded(told(error))


class Database:
    def __init__(
        self, url: str, vault: Vault = PLAIN, *, connect_timeout: float = 2.0, command_timeout: float = 5.0
    ) -> None:
        """Nothing is connected yet. Seconds: until a connection is there, and for each statement."""
        self._dsn, self.vault = dsn_of(url), vault
        self.connect_timeout, self.command_timeout = connect_timeout, command_timeout
        self._bulk = asyncio.Semaphore(2)
        self.engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=self.connect,
            pool_size=_SPARE,
            max_overflow=0,
            pool_timeout=command_timeout,
            pool_pre_ping=True,
            hide_parameters=True,
        )

    async def connect(self, settings: Mapping[str, str] = {}, *, timeout: float | None = None) -> Connection:
        """A connection outside the pool. It belongs to whoever asked, who ends it. `timeout`: of each statement."""
        timeout = timeout or self.command_timeout
        common = {
            "application_name": "mingjian",
            "statement_timeout": f"{timeout * 1000:.0f}",  # what nobody awaits any more ends there too
            "idle_in_transaction_session_timeout": "15000",  # a worker that hangs lets go of its rows
            "default_transaction_isolation": "read committed",  # who waits for another's commit sees it afterwards
            "jit": "off",  # to compile a plan takes longer than any of these statements
            "mingjian.scope": "all",  # what limits a caller, walls.py sets for a transaction
        }
        connection: SealingConnection = await asyncpg.connect(
            self._dsn,
            timeout=self.connect_timeout,
            command_timeout=timeout,
            max_cached_statement_lifetime=0,
            server_settings=common | dict(settings),
            connection_class=SealingConnection,
        )
        connection.vault = self.vault
        found: Connection = connection
        return found

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection of the pool, to ask with. Raises Unavailable for whatever fails inside."""
        try:
            async with asyncio.timeout(self.command_timeout), self.engine.connect() as connection:
                yield connection
        except FAILURES as error:
            raise unavailable(error) from None

    async def write(self, job: Callable[[Connection], Awaitable[T]], *, timeout: float = 60.0) -> T:
        """Do what takes long in a transaction of its own, durably, past the writer that others wait for.

        The job may run twice, so it must do nothing but write. Raises NotRecorded.
        """
        try:
            async with self._bulk:
                connection = await self.connect(timeout=timeout)
                try:
                    return await _in_transaction(connection, job)
                finally:
                    connection.terminate()
        except FAILURES as error:
            raise not_recorded(error) from None

    async def close(self) -> None:
        await self.engine.dispose()


async def _in_transaction(connection: Connection, job: Callable[[Connection], Awaitable[T]]) -> T:
    await commit_durably(connection)
    for left in reversed(range(_ATTEMPTS)):
        try:
            async with connection.transaction():
                return await job(connection)
        except asyncpg.PostgresError as error:
            if not (left and is_conflict(error)):
                raise
    raise AssertionError("the last attempt returns or raises")


async def commit_durably(connection: Connection) -> None:
    """Wait for the disk at each commit, even where the server was told that this need not be."""
    await connection.execute(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )

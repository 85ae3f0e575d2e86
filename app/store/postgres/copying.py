"""Copies a PostgreSQL database and puts it back (备份与恢复) with pg_dump and pg_restore, which must be installed."""

import asyncio
import os
import re
import secrets
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from app.store.copying import Copied, CopyFailed
from app.store.postgres.database import FAILURES, Connection, Database, dsn_of, told

_SIZE = "SELECT coalesce(max(seq), -1) + 1 FROM trail_entries"
_CHECKPOINT = "SELECT note FROM trail_checkpoints ORDER BY size DESC LIMIT 1"
_TABLES = """SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"""
_HOURS = 24 * 3600.0
_FAULT = re.compile(r"error: (.*)")
_QUOTED = re.compile(r'"[^"]*"|\([^)]*\)=\([^)]*\)')


async def dump_postgres(url: str, target: Path) -> Copied:
    """The database in pg_dump's custom format, as it is at one moment, which is told."""
    async with _connection(url) as connection, connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
        found = Copied(await connection.fetchval(_SIZE), await connection.fetchval(_CHECKPOINT))
        options = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={target}"]
        await _run("pg_dump", url, options)
    return found


async def restore_postgres(url: str, file: Path) -> None:
    """All of it or nothing, into an empty database."""
    async with _connection(url) as connection:
        if await connection.fetchval(_TABLES):
            raise CopyFailed("the database is not empty; make a new one, and give that as DATABASE_URL")
    options = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", str(file)]
    await _run("pg_restore", url, options)


@asynccontextmanager
async def scratch_database(url: str) -> AsyncIterator[str]:
    """The URL of an empty database beside the one of the URL, which is dropped in the end."""
    name = f"mingjian_drill_{secrets.token_hex(6)}"
    async with _connection(url) as connection:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    try:
        yield urlunsplit(urlsplit(dsn_of(url))._replace(path=f"/{name}"))
    finally:
        async with _connection(url) as connection:
            await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@asynccontextmanager
async def _connection(url: str) -> AsyncIterator[Connection]:
    database = Database(url, command_timeout=_HOURS)
    try:
        connection = await database.connect()
        try:
            yield connection
        finally:
            connection.terminate()
    except FAILURES as error:
        raise CopyFailed(f"the database did not do what was asked of it: {told(error)}") from None
    finally:
        await database.close()


async def _run(program: str, url: str, options: list[str]) -> None:
    """The password goes by the environment: arguments can be read by everybody on the machine."""
    parts = urlsplit(dsn_of(url))
    user, _, hosts = parts.netloc.rpartition("@")
    name, _, password = user.partition(":")
    plain = urlunsplit(parts._replace(netloc=f"{name}@{hosts}" if name else hosts))
    environment = os.environ | ({"PGPASSWORD": unquote(password)} if password else {}) | {"LC_ALL": "C"}
    command = [program, f"--dbname={plain}", "--no-password", *options]
    try:
        done = await asyncio.to_thread(
            subprocess.run, command, env=environment, capture_output=True, text=True, check=False, errors="replace"
        )
    except FileNotFoundError:
        raise CopyFailed(f"{program} is not installed; install postgresql-client of the server's version") from None
    if done.returncode:
        raise CopyFailed(f"{program} failed: {_fault(done.stderr)}")


def _fault(output: str) -> str:
    """The first complaint, without what it quotes: that may be what a row holds."""
    found = _FAULT.search(output)
    return _QUOTED.sub("…", found[1])[:300] if found else "it gave no reason"

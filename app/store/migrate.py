"""Brings a database to the newest revision (数据库迁移) with the scripts under migrations/."""

import asyncio
import fcntl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config

_ONE_AT_A_TIME = threading.Lock()  # Alembic holds what it is at in globals
MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def migrate(url: str) -> None:
    """Upgrade the database at this URL; one that is up to date is left alone. Several processes may ask at once.

    May be called whether or not an event loop runs in this thread. Raises Unavailable where a server does not answer.
    """
    if url.startswith("sqlite"):
        with _alone(Path(url.partition(":///")[2])):
            _upgrade(url=url)
    else:
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, _upgrade_postgres(url)).result()


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One process at a time: SQLite does not keep others from altering a table in between."""
    with path.with_name(f"{path.name}.migrating").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


async def _upgrade_postgres(url: str) -> None:
    from app.store.postgres.database import FAILURES, Database, unavailable

    database = Database(url, command_timeout=600)  # to lock or to fill large tables takes its time
    try:
        async with database.engine.connect() as connection:
            await connection.run_sync(lambda bound: _upgrade(bound=bound))
    except FAILURES as error:
        raise unavailable(error) from None
    finally:
        await database.close()


def _upgrade(**attributes: Any) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes.update(attributes)
    with _ONE_AT_A_TIME:
        command.upgrade(config, "head")

"""Copies an SQLite database that is being written to (单机在线备份), as it is at one moment."""

import sqlite3
from contextlib import closing
from pathlib import Path

from app.store.copying import Copied, CopyFailed

_SIZE = "SELECT coalesce(max(seq), -1) + 1 FROM trail_entries"
_CHECKPOINT = "SELECT note FROM trail_checkpoints ORDER BY size DESC LIMIT 1"


def copy_sqlite(source: Path, target: Path) -> Copied:
    """All pages in one step: in a write-ahead log a reader sees one moment, and nobody who writes waits for it."""
    if not source.is_file():
        raise CopyFailed(f"{source}: there is no database to copy; was the service ever started here?")
    try:
        origin = sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)
        with closing(origin), closing(sqlite3.connect(target)) as copy:
            origin.backup(copy)
        return _told(target)
    except sqlite3.Error as error:
        raise CopyFailed(f"the database could not be copied: {error}") from error


def _told(file: Path) -> Copied:
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?immutable=1", uri=True)) as copy:
        (size,) = copy.execute(_SIZE).fetchone()
        row = copy.execute(_CHECKPOINT).fetchone()
        return Copied(size, None if row is None else row[0])

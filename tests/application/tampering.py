"""Tampering (篡改): what somebody with full access to the database might do to it."""

import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from app.trail.keys import Ed25519Signer
from app.trail.note import Checkpoint, sign
from app.trail.tree import Peaks, leaf_hash

_GUARDED = ("audits", "findings", "dispositions", "withdrawals", "rulesets", "ruleset_moves", "trail_entries")


class Tampering:
    """One change by someone who may write anything, triggers gone; `describe` tells which."""

    def __init__(self, path: Path, seed: int) -> None:
        self.random, self.path = Random(seed), path
        self.done = ""

    def apply(self) -> None:
        ways = [self.edit, self.edit, self.edit, self.delete, self.swap, self.insert, self.truncate]
        with closing(sqlite3.connect(self.path)) as connection:
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                connection.execute(f"DROP TRIGGER {name}")
            connection.execute("PRAGMA foreign_keys = OFF")
            self.random.choice(ways)(connection)
            connection.commit()

    def table(self) -> str:
        return self.random.choice(_GUARDED)

    def some_row(self, connection: sqlite3.Connection, table: str) -> tuple[int, dict[str, Any]]:
        connection.row_factory = sqlite3.Row
        rows = connection.execute(f"SELECT rowid AS the_row, * FROM {table}").fetchall()
        row = dict(self.random.choice(rows))
        return row.pop("the_row"), row

    def edit(self, connection: sqlite3.Connection) -> None:
        table = self.table()
        rowid, row = self.some_row(connection, table)
        column = self.random.choice([one for one in row if one not in ("seq", "audit_seq", "position")])
        self.done = f"edit {table}.{column}"
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (self.other(row[column]), rowid))

    def other(self, value: Any) -> Any:
        if isinstance(value, bytes):
            at = self.random.randrange(len(value)) if value else 0
            return value[:at] + bytes([(value[at] if value else 0) ^ 1]) + value[at + 1 :]
        if isinstance(value, str):
            return value + "x"
        return 1 - value if value in (0, 1) else (value or 0) + 1

    def delete(self, connection: sqlite3.Connection) -> None:
        table = self.table()
        rowid, _ = self.some_row(connection, table)
        self.done = f"delete {table}"
        connection.execute(f"DELETE FROM {table} WHERE rowid = ?", (rowid,))

    def swap(self, connection: sqlite3.Connection) -> None:
        table, column = self.random.choice(
            [("audits", "content"), ("audits", "decision"), ("trail_entries", "body"), ("dispositions", "reason"),
             ("findings", "amount_cents"), ("findings", "rule")]
        )  # fmt: skip
        self.done = f"swap {table}.{column}"
        while True:
            (one, first), (two, second) = self.some_row(connection, table), self.some_row(connection, table)
            if first[column] != second[column]:
                break
            if len({row[0] for row in connection.execute(f"SELECT DISTINCT {column} FROM {table}")}) < 2:
                return self.edit(connection)
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (second[column], one))
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (first[column], two))
        return None

    def insert(self, connection: sqlite3.Connection) -> None:
        table = self.table()
        _, row = self.some_row(connection, table)
        self.done = f"insert {table}"
        if "seq" in row:
            row["seq"] = connection.execute(f"SELECT max(seq) + 1 FROM {table}").fetchone()[0]
        elif table == "findings":
            row["position"] += 50
        for name in ("id", "revision"):
            if name in row and table in ("audits", "rulesets"):
                row[name] = row[name][:-2] + "zz"
        places = ", ".join("?" * len(row))
        connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", tuple(row.values()))

    def truncate(self, connection: sqlite3.Connection) -> None:
        self.done = "truncate"
        last = connection.execute("SELECT max(seq) FROM trail_entries").fetchone()[0]
        connection.execute("DELETE FROM trail_entries WHERE seq > ?", (last - self.random.randrange(1, 40),))


def rewrite(path: Path, signer: Ed25519Signer) -> None:
    """Change the past and make everything fit again, signatures included."""
    with closing(sqlite3.connect(path)) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        seq, body = connection.execute("SELECT seq, body FROM trail_entries WHERE kind = 'audit' LIMIT 1").fetchone()
        audit = msgspec.json.decode(body)["subject"]
        changed = body.replace(b'"block"', b'"pass"').replace(b'"require_reason"', b'"pass"')
        assert changed != body
        leaf = sha256(b"\x00" + changed).digest()
        connection.execute("UPDATE trail_entries SET body = ?, leaf = ? WHERE seq = ?", (changed, leaf, seq))
        connection.execute("UPDATE audits SET decision = 'pass' WHERE id = ?", (audit,))
        peaks = Peaks()
        sizes = {size for (size,) in connection.execute("SELECT size FROM trail_checkpoints")}
        for (entry,) in connection.execute("SELECT body FROM trail_entries ORDER BY seq").fetchall():
            peaks.append(leaf_hash(entry))
            if peaks.size in sizes:
                note = sign(Checkpoint(signer.name, peaks.size, peaks.root()).encode(), [signer]).encode()
                connection.execute(
                    "UPDATE trail_checkpoints SET root = ?, note = ? WHERE size = ?", (peaks.root(), note, peaks.size)
                )
        connection.commit()

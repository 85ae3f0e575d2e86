"""Plans of the hot path's statements (执行计划), as PostgreSQL tells them, without the parts that were not executed."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from app.store.history import HistoryQuery
from app.store.packing import microseconds
from app.store.postgres import audit_rows, dispositions, history, history_fetch
from app.store.postgres.database import Connection
from app.store.postgres.reader import SETTINGS

_TYPES = "text, text, text[], text[], text, text, text[], text[], text, text"  # of what FETCH is asked with
_PARTITION = re.compile(r" on (history_lines|audits|findings)_(\d{6}|other)\b")
_SHOWN = 4  # plans of what fetches history; the others are the same but for the numbers
_LONG_LIST = re.compile(r"'\{([^}]{40})[^}]*\}'")
_FIND_AUDIT = "SELECT id, caller, facility, ruleset, content FROM audits WHERE id = $1"
_NOW = datetime(2026, 11, 15, 9, 0, 0, tzinfo=UTC)
_AT = microseconds(_NOW)


async def plans(connection: Connection, queries: dict[str, HistoryQuery]) -> list[tuple[str, str]]:
    """Each statement's name and plan. Nothing of what the statements write stays."""
    shown = [(f"history_fetch.FETCH: {name}", plan) for name, plan in await _fetches(connection, queries)]
    await connection.execute("RESET ALL; SET jit = off; BEGIN")
    for name, statement, *values in _statements():
        found = await connection.fetch(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", *values)
        shown.append((name, trimmed(row[0] for row in found)))
    await connection.execute("ROLLBACK")
    return shown


async def _fetches(connection: Connection, queries: dict[str, HistoryQuery]) -> list[tuple[str, str]]:
    """As the reader does: prepared, and planned once for all values."""
    for name, value in SETTINGS.items():
        await connection.execute(f"SET {name} = '{value}'")
    await connection.execute(f"SET jit = off; PREPARE history ({_TYPES}) AS {history_fetch.FETCH}")
    shown = []
    for name, query in list(queries.items())[:_SHOWN]:
        values = ", ".join(map(_literal, history_fetch.values_of(query, [query.patient])))
        for _ in range(2):  # the first time, the plan itself is made
            found = await connection.fetch(f"EXPLAIN (ANALYZE, BUFFERS) EXECUTE history ({values})")
        shown.append((name, trimmed(row[0] for row in found)))
    return shown


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return f"'{value}'"
    return f"ARRAY[{', '.join(map(_literal, value))}]::text[]"


def _statements() -> list[tuple[Any, ...]]:
    places = [f"H{number % 4}" for number in range(32)], [f"E{number}" for number in range(32)]
    names, used = ([f"{name}-{2 * number}" for number in range(1, 33)] for name in ("plan", "filled"))
    digests, at = [sha256(b"").digest()] * 32, [_AT] * 32
    word = ["x"] * 32
    lines = [f"L{number}" for number in range(40)]
    one = [["H0"] * 40, ["E0"] * 40]
    return [
        ("audit_rows.NUMBERS", audit_rows.NUMBERS, 32),
        ("audit_rows.TAKE_KEYS, 32 keys", audit_rows.TAKE_KEYS, ["local"] * 32, names, digests, list(range(32)), at),
        ("audit_rows.FIND_KEYS, 32 keys", audit_rows.FIND_KEYS, ["local"] * 32, used),
        ("audit_rows.PUT_AUDITS, 32 records with a finding each", audit_rows.PUT_AUDITS,
            [None] * 32, names, at, word, *places, word, word, word, digests, digests,
            names, [0] * 32, names, word, [1] * 32, word, word, word, word, [True] * 32, [5] * 32, word),
        ("history.PUT_ENCOUNTERS, 32 that are known", history.PUT_ENCOUNTERS, *places, names, [202611] * 32,
            ["2026-11-15"] * 32, [False] * 32, ["{}"] * 32),
        ("history.MONTHS, 32 encounters", history.MONTHS, *places),
        ("history.PUT_LINES, 40 that are known", history.PUT_LINES, [201611] * 40, *one, lines, ["2026-11-15"] * 40,
            ["x"] * 40, [True] * 40, [""] * 40, ["{}"] * 40),
        ("history.WITHDRAW", history.WITHDRAW, 201611, "H0", "E0", "L3"),
        ("dispositions.KNOWN", dispositions.KNOWN, ["f-17", "f-99000", "unknown"]),
        ("an audit by its id", _FIND_AUDIT, "filled-4711"),
    ]  # fmt: skip


def trimmed(lines: Iterable[str]) -> str:
    """The first partition that was looked into stands for the others; of these, and of those that were not, one line
    tells the number. Long lists are cut.
    """
    kept: list[str] = []
    looked_into: dict[int, int] = {}  # by indent: how many partitions of this node
    idle: dict[int, int] = {}
    skipped: int | None = None
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if skipped is not None and indent > skipped:
            continue
        for depth in [depth for depth in {*looked_into, *idle} if depth > indent]:
            kept.append(_counted(depth, looked_into.pop(depth, 0), idle.pop(depth, 0)))
        skipped = None
        if _PARTITION.search(line):
            counts = idle if "(never executed)" in line else looked_into
            counts[indent] = counts.get(indent, 0) + 1
            if counts is idle or counts[indent] > 1:
                skipped = indent
                continue
        kept.append(_LONG_LIST.sub(r"'{\1…}'", line))
    return "\n".join(one for one in kept if one)


def _counted(depth: int, looked_into: int, idle: int) -> str:
    told = [f"{looked_into - 1} more partitions, in the same way"] if looked_into > 1 else []
    told += [f"{idle} partitions: never executed"] if idle else []
    return f"{' ' * depth}({'; '.join(told)})" if told else ""

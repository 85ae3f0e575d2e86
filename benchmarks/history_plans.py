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

_TYPES = "text, text, text, text[], text, text, text[], text[], text, text"  # of what FETCH is asked with
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
    for name, query in queries.items():
        values = ", ".join(map(_literal, history_fetch.values_of(query)))
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
    """Partitions that were not looked into become one line that counts them; long lists are cut."""
    kept: list[str] = []
    passed_over, depth = 0, None
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if depth is not None and indent > depth:
            continue
        is_idle = "(never executed)" in line and re.search(r"_(\d{6}|other)\b", line) is not None
        if is_idle:
            passed_over, depth = passed_over + 1, indent
            continue
        if passed_over and depth is not None:
            kept.append(f"{' ' * depth}({passed_over} more partitions: never executed)")
        passed_over, depth = 0, None
        kept.append(_cut(line))
    return "\n".join(kept)


def _cut(line: str) -> str:
    return _LONG_LIST.sub(r"'{\1…}'", line)

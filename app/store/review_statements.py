"""Statements that write reviews (复核写入语句): one for however many rows, which come as JSON; the same for either
database but for how it reads JSON. They are put together from the names of columns, never from values.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Column, Table

from app.store.notice_tables import notices
from app.store.notices import QUEUED
from app.store.review_counts import KEYS, MEASURES
from app.store.review_rows import COLUMNS, plain_json
from app.store.review_tables import (
    NO_DEADLINE,
    review_contents,
    review_counts,
    review_kinds,
    review_places,
    review_stands,
    review_steps,
    review_topics,
    reviews,
    search_terms,
)

_LOOKED_UP = (review_kinds, review_stands, review_topics, review_places)
_LOOKUPS = {table.name: [column.name for column in table.c] for table in _LOOKED_UP}
_TOLD_IN_SQLITE = "(SELECT value ->> 'id' AS id, value ->> 'item' AS item FROM json_each(?1)) AS told"

_ONE_AFTER_THE_OTHER = "SELECT pg_advisory_xact_lock(4843010301)"


class Statement(NamedTuple):
    """`expected`: how many rows it must give back, else nothing of all that is done together is done."""

    text: str
    values: tuple[Any, ...]
    expected: int | None = None


class Outdated(Exception):
    """What is stored is not what the change was made from: read it again."""


def _named(columns: Sequence[Column[Any]]) -> str:
    return ", ".join([f'"{one.name}"' for one in columns])


class Statements:
    def __init__(self, *, is_postgres: bool) -> None:
        self._is_postgres = is_postgres
        rest = [one for one in COLUMNS if one.name != "id"]
        self._reviews = self._put(reviews, COLUMNS) + (
            f' ON CONFLICT ("id") DO UPDATE SET {_taken(rest)} WHERE reviews.touched = excluded.touched - 1 RETURNING 1'
        )
        self._contents = self._put(review_contents, list(review_contents.c)) + (
            " ON CONFLICT (id) DO UPDATE SET content = excluded.content"
        )
        self._steps = self._put(review_steps, list(review_steps.c))
        sums = ", ".join([f'"{name}" = review_counts."{name}" + excluded."{name}"' for name in MEASURES])
        keys = ", ".join([f'"{name}"' for name in KEYS])
        self._counts = self._put(review_counts, list(review_counts.c)) + f" ON CONFLICT ({keys}) DO UPDATE SET {sums}"
        self._terms = self._put(search_terms, list(search_terms.c)) + (
            " ON CONFLICT (kind, code) DO UPDATE SET text = excluded.text, initials = excluded.initials,"
            " uses = search_terms.uses + excluded.uses"
        )
        self._lookups = {
            table.name: self._put(table, list(table.c)) + " ON CONFLICT DO NOTHING" for table in _LOOKED_UP
        }
        told = "json_to_recordset($1::json) AS told (id text, item text)" if is_postgres else _TOLD_IN_SQLITE
        self._items = (
            f"INSERT INTO review_items (item, review) SELECT told.item, reviews.seq FROM {told}"  # noqa: S608
            " JOIN reviews ON reviews.id = told.id WHERE true ON CONFLICT DO NOTHING"
        )
        self._notices = self._put(notices, QUEUED)
        self._advance = self.own(
            "INSERT INTO review_progress (id, next_seq) VALUES (1, $2) ON CONFLICT (id) DO UPDATE"
            " SET next_seq = excluded.next_seq WHERE review_progress.next_seq = $1 RETURNING next_seq"
        )

    def own(self, text: str) -> str:
        """With parameters as this database numbers them."""
        return text if self._is_postgres else text.replace("$", "?")

    def _put(self, table: Table, columns: Sequence[Column[Any]]) -> str:
        names = _named(columns)
        if self._is_postgres:
            source = f"SELECT {names} FROM json_populate_recordset(NULL::{table.name}, $1::json)"  # noqa: S608
        else:
            values = ", ".join([f"value ->> '{one.name}'" for one in columns])
            source = f"SELECT {values} FROM json_each(?1)"  # noqa: S608
        return f"INSERT INTO {table.name} ({names}) {source} WHERE true"

    def put_reviews(self, rows: Sequence[dict[str, Any]]) -> Statement:
        """Rows that were changed since they were read are not."""
        return Statement(self._reviews, _json(sorted(rows, key=lambda one: str(one["id"]))), len(rows))

    def put_contents(self, rows: Sequence[dict[str, Any]]) -> Statement:
        return Statement(self._contents, _json(rows))

    def put_steps(self, rows: Sequence[dict[str, Any]]) -> Statement:
        return Statement(self._steps, _json(rows))

    def put_items(self, rows: Sequence[dict[str, str]]) -> Statement:
        return Statement(self._items, _json(rows))

    def put_terms(self, rows: Sequence[dict[str, Any]]) -> Statement:
        return Statement(self._terms, _json(sorted(rows, key=lambda one: (one["kind"], one["code"]))))

    def queue_notices(self, rows: Sequence[dict[str, Any]]) -> list[Statement]:
        """To be the last of what is done together: notices are numbered in the order of the commits."""
        if not rows:
            return []
        locks = [Statement(_ONE_AFTER_THE_OTHER, ())] if self._is_postgres else []
        return [*locks, Statement(self._notices, _json(rows))]

    def add_counts(self, rows: Sequence[Any]) -> Statement:
        return Statement(self._counts, _json(rows))

    def put_lookups(self, told: Iterable[tuple[Any, ...]]) -> list[Statement]:
        """What `lookups_of` gave: a table's name, and its columns. In their order, as others wait for them."""
        found = []
        for name, text in self._lookups.items():
            if rows := sorted([values for table, *values in told if table == name]):
                named = [dict(zip(_LOOKUPS[name], values, strict=True)) for values in rows]
                found.append(Statement(text, _json(named)))
        return found

    def advance(self, before: int, after: int) -> Statement:
        return Statement(self._advance, (before, after), 1)


def lookups_of(rows: Iterable[Mapping[str, Any]]) -> set[tuple[Any, ...]]:
    """What can be looked up of these rows of `reviews`, each as the name of its table and its values."""
    found: set[tuple[Any, ...]] = set()
    for row in rows:
        told = {**row, "has_deadline": row["deadline"] < NO_DEADLINE, "is_assigned": row["assignee"] != ""}
        found |= {(table, *[told[name] for name in names]) for table, names in _LOOKUPS.items()}
    return found


def _taken(columns: Sequence[Column[Any]]) -> str:
    return ", ".join([f'"{one.name}" = excluded."{one.name}"' for one in columns])


def _json(rows: Sequence[Any]) -> tuple[str]:
    return (plain_json(rows),)

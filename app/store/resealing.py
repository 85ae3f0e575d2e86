"""Sealing again (重新加密): rows that are not encrypted by the newest key, a few at a time, while the service runs."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import LargeBinary, Select, String, exists, func, select, tuple_, update

from app.store.acts import Act, Step
from app.store.data_keys import BadKeys
from app.store.privacy_tables import lookup_secret
from app.store.sealed_columns import SEALED, SealedColumn
from app.store.tables import history_encounters
from app.store.vault import HEAD_SIZE, MARK, TEXT_HEAD, Vault, head_in, head_of, text_head_of
from app.trail.entry import Sealed

Rows = Callable[[Select[Any]], Awaitable[list[Any]]]


class Page(NamedTuple):
    """`last` is None where no row is left after this page."""

    done: int
    last: tuple[Any, ...] | None


class Resealing:
    def __init__(self, vault: Vault, rows: Rows, act: Act) -> None:
        self.vault, self._rows, self._act = vault, rows, act

    async def page(self, one: SealedColumn, after: tuple[Any, ...] | None, size: int) -> Page:
        """Seal the next rows by the newest key. A row that changes meanwhile stays as it was changed: the next pass
        looks at it again. Raises CannotOpen, Unavailable, NotRecorded.
        """
        columns = list(dict.fromkeys([*one.key, *one.read, one.column]))
        asked = select(*columns).where(self._is_stale(one)).order_by(*one.key).limit(size)
        if after is not None:
            asked = asked.where(tuple_(*one.key) > tuple_(*after))
        found = [dict(zip([column.name for column in columns], row, strict=True)) for row in await self._rows(asked)]
        if found:
            await self._act([self._step(one, values) for values in found], [])
        last = tuple([found[-1][column.name] for column in one.key]) if len(found) == size else None
        return Page(len(found), last)

    def _step(self, one: SealedColumn, values: dict[str, Any]) -> Step:
        same = [column == values[column.name] for column in (*one.key, one.column)]
        return Step(update(one.table).where(*same).values(one.again(self.vault, values)))

    def _is_stale(self, one: SealedColumn) -> Any:
        ring = self.vault.ring
        if ring is None:
            raise BadKeys("there are no data keys")
        if one.is_text:
            head: Any = func.substr(one.column, 1, TEXT_HEAD, type_=String)
            return (head != text_head_of(ring.newest, ring.cipher)) & (one.column != "")
        head = func.substr(one.column, 1, HEAD_SIZE, type_=LargeBinary)
        return (head != head_of(ring.newest, ring.cipher)) & (func.length(one.column) > 0)

    async def finish(self) -> None:
        """From the next start on, patients are looked up by their hashes only."""
        left = exists(select(history_encounters.c.patient).where(self._is_stale(_HEADER)))
        await self._act([Step(update(lookup_secret).values(has_plain=False).where(~left))], [])

    async def tell(self, entries: Sequence[Sealed]) -> None:
        """Raises NotRecorded."""
        await self._act([], entries)

    async def counts(self) -> dict[str, dict[str, int]]:
        """How many rows each key has sealed, by key and column; `` for those that none has."""
        found: dict[str, dict[str, int]] = {}
        for one in SEALED:
            size, kind = (TEXT_HEAD, String) if one.is_text else (HEAD_SIZE, LargeBinary)
            head: Any = func.substr(one.column, 1, size, type_=kind)
            asked = select(head, func.count()).where(func.length(one.column) > 0).group_by(head)
            for told, count in await self._rows(asked):
                key = _key_in(told)
                by_column = found.setdefault(key, {})
                by_column[one.name] = by_column.get(one.name, 0) + count
        return found


def _key_in(head: bytes | str) -> str:
    told = head_in(head) if isinstance(head, str) else bytes(head)
    return told[-4:].hex() if told.startswith(MARK) and len(told) == HEAD_SIZE else ""


_HEADER = next(one for one in SEALED if one.table is history_encounters)

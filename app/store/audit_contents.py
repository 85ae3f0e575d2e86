"""Which audits hold anything yet (未删除的审核), page by page, the oldest first."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from sqlalchemy import Select, func, select

from app.store.tables import audits

Rows = Callable[[Select[Any]], Awaitable[list[Any]]]


class HeldAudit(NamedTuple):
    seq: int
    id: str
    recorded_at: int  # microseconds since 1970


class AuditContents:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def page(self, before: int, after: int, size: int) -> list[HeldAudit]:
        """Those recorded before that moment (microseconds since 1970), after the one with that number."""
        one = audits.c
        asked = select(one.seq, one.id, one.recorded_at).where(
            one.recorded_at < before, one.seq > after, func.length(one.content) > 0
        )
        return [HeldAudit(*row) for row in await self._rows(asked.order_by(one.seq).limit(size))]

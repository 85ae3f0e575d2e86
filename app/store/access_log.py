"""The access log (访问记录): entries of the trail that tell who signed in, looked at whom, or took something away."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Select, select, text

from app.store.notice_tables import ACCESS_KINDS, IS_ACCESS
from app.store.tables import trail_entries
from app.trail.entry import Body, Kind, read_body

_PAGE, _MOST_READ = 500, 5_000
_INDEXED = (*ACCESS_KINDS, Kind.DEGRADED)
_one = trail_entries.c


class Access(NamedTuple):
    seq: int
    body: Body


class Accesses(NamedTuple):
    """The latest first. `before`: older ones are asked for with it; None: there are none. `is_partial`: so many were
    looked through that the search was ended there.
    """

    found: list[Access]
    before: int | None
    is_partial: bool = False


class AccessLog:
    def __init__(self, rows: Callable[[Select[Any]], Awaitable[list[Any]]]) -> None:
        self._rows = rows

    async def latest(
        self,
        *,
        kind: str = "",
        actor: str = "",
        since: int = 0,
        until: int = 2**62,
        before: int = 2**62,
        most: int = 50,
    ) -> Accesses:
        """`kind`: one of ACCESS_KINDS, or `degraded`; blank: all of ACCESS_KINDS. Times in microseconds since 1970.

        Raises Unavailable.
        """
        found: list[Access] = []
        asked = select(_one.seq, _one.body).where(text(IS_ACCESS), _one.recorded_at >= since, _one.recorded_at < until)
        asked = asked.where(_one.kind.in_([kind] if kind in _INDEXED else ACCESS_KINDS))
        for _ in range(_MOST_READ // _PAGE):
            rows = await self._rows(asked.where(_one.seq < before).order_by(_one.seq.desc()).limit(_PAGE))
            for seq, body in rows:
                before = seq
                told = _body(bytes(body))
                if told is not None and actor in ("", told.actor, told.subject):
                    found.append(Access(seq, told))
                    if len(found) == most:
                        return Accesses(found, before)
            if len(rows) < _PAGE:
                return Accesses(found, None)
        return Accesses(found, before, is_partial=True)


def _body(body: bytes) -> Body | None:
    try:
        return read_body(body)
    except msgspec.MsgspecError:
        return None

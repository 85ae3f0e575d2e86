"""Stretches (有效时段): the checks of one code, by the days on which they hold together."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import zip_longest
from typing import Any

import msgspec

from app.engine.report import Origin

Bound = tuple[date, date, Any, Origin]  # from, to, check, where the check comes from
_DAY = timedelta(days=1)


class Stretch(msgspec.Struct, frozen=True, gc=False):
    """The checks that hold on all days from `start` to `end`; `older` is the stretch before it."""

    start: date
    end: date
    checks: tuple[Any, ...]
    origins: tuple[Origin, ...]  # apart from the checks, so that the processor reads them only where one hits
    older: "Stretch | None"


def stretches(found: Sequence[Bound], days: dict[date, date]) -> Stretch | None:
    """The latest stretch, which leads to the others. `days` keeps one object per day, whatever the number of codes."""
    starts = sorted({start for start, _, _, _ in found} | {end + _DAY for _, end, _, _ in found if end < date.max})
    latest: Stretch | None = None
    for first, following in zip_longest(starts, starts[1:]):
        pairs = [(check, origin) for start, end, check, origin in found if start <= first <= end]
        if pairs:
            checks, origins = zip(*pairs, strict=True)
            last = date.max if following is None else following - _DAY
            latest = Stretch(days.setdefault(first, first), last, checks, origins, latest)
    return latest


def in_force(latest: Stretch | None, day: date) -> Iterable[tuple[Any, Origin]]:
    """The checks that hold on the day, each with where it comes from."""
    while latest is not None and not latest.start <= day <= latest.end:
        latest = latest.older
    return () if latest is None else zip(latest.checks, latest.origins, strict=True)

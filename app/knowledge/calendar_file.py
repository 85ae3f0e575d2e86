"""Holiday calendar (节假日安排): `calendar/holidays.csv`, a row per day that departs from the plain week.

date      the day
kind      off: a holiday, or a day moved off; work: a Saturday or Sunday on which one works (调休上班)
holiday   the holiday it belongs to
source    the notice that says so
"""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from app.domain.working_days import WEEKENDS_ONLY, WorkingCalendar
from app.knowledge.pack import PackError, read_csv

HEADER = ("date", "kind", "holiday", "source")
_SATURDAY = 5


def calendar_in(rules_dir: Path) -> WorkingCalendar:
    """That of the packs; where they have none, weekends only. Raises PackError."""
    file = rules_dir / "calendar" / "holidays.csv"
    return read_calendar(file, file.read_bytes()) if file.exists() else WEEKENDS_ONLY


def read_calendar(file: Path, content: bytes) -> WorkingCalendar:
    """Raises PackError with all faults, one a line."""
    header, rows, numbers = read_csv(file, content)
    if header != HEADER:
        raise PackError(f"{file} line 1: the columns are {','.join(header)}; write {','.join(HEADER)}")
    faults: list[str] = []
    days: dict[str, set[date]] = {"off": set(), "work": set()}
    last = date.min
    for number, row in zip(numbers, rows, strict=True):
        told = list(_row_faults(row, last))
        faults += [f"{file} line {number}: {fault}" for fault in told]
        if not told:
            last = date.fromisoformat(row[0])
            days[row[1]].add(last)
    if faults:
        raise PackError("\n".join(faults))
    every = days["off"] | days["work"]
    return WorkingCalendar(frozenset(days["off"]), frozenset(days["work"]), frozenset(day.year for day in every))


def _row_faults(row: Sequence[str], last: date) -> Iterator[str]:
    text, kind, holiday, source = row
    try:
        day = date.fromisoformat(text)
    except ValueError:
        yield f"{text!r} is not a date; write it as 2026-10-01"
        return
    if day <= last:
        yield f"{day} does not come after {last} in the row above; sort the rows by date, each day once"
    if kind not in {"off", "work"}:
        yield f"kind {kind!r} is not known; write off or work"
    elif kind == "work" and day.weekday() < _SATURDAY:
        yield f"{day} is a working day anyway; `work` is for Saturdays and Sundays"
    if not holiday or not source:
        yield "holiday and source must be given: a deadline rests on every row"

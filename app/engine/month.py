"""The month of an encounter (所属月份): by which statistics, reports and budgets are kept."""

from datetime import date

from app.domain.case import Case


def settled_on(case: Case) -> date | None:
    """The day that tells the month: the end of the encounter, else its last line, else its start."""
    encounter = case.encounter
    if encounter.end_at is not None:
        return encounter.end_at.date()
    if case.lines:
        return max([line.service_date for line in case.lines])
    return None if encounter.start_at is None else encounter.start_at.date()


def month_of(day: date) -> str:
    """As feeds write it: 2026-03."""
    return f"{day.year:04d}-{day.month:02d}"

"""Periods (统计期间) of pages: two days of an address, or the last so many."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from app.application.overview import LONGEST_DAYS
from app.domain.working_days import day_of

DAYS = 30  # where nothing is asked


class Period(NamedTuple):
    """Both days are included. `fault` says in Chinese what of the address was not used."""

    first: date
    last: date
    fault: str = ""

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


def period_of(query: Mapping[str, str], today: date | None = None, days: int = DAYS) -> Period:
    today = today or day_of(datetime.now(UTC))
    usual = Period(today - timedelta(days=days - 1), today)
    try:
        last = date.fromisoformat(query["to"]) if query.get("to") else today
        first = date.fromisoformat(query["from"]) if query.get("from") else last - timedelta(days=days - 1)
    except (ValueError, OverflowError):
        return usual._replace(fault=f"日期不可识别，已改为最近{days}天。")
    if first > last:
        return usual._replace(fault=f"开始日期晚于结束日期，已改为最近{days}天。")
    if (last - first).days >= LONGEST_DAYS or first.year < 2000 or last.year > 2999:
        return usual._replace(fault=f"期间过长，已改为最近{days}天。")
    return Period(first, last)


def quick_periods(today: date | None = None) -> list[tuple[str, date, date]]:
    """Those that are asked for most."""
    today = today or day_of(datetime.now(UTC))
    month = today.replace(day=1)
    before = month - timedelta(days=1)
    return [
        ("今日", today, today),
        ("近7天", today - timedelta(days=6), today),
        ("近30天", today - timedelta(days=29), today),
        ("本月", month, today),
        ("上月", before.replace(day=1), before),
        ("今年", today.replace(month=1, day=1), today),
    ]

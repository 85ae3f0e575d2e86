"""Working days (工作日): counted by the yearly holiday notice; a year without one has its weekends only."""

from datetime import date, datetime, timedelta, timezone

from msgspec import Struct

CHINA = timezone(timedelta(hours=8))
_DAY = timedelta(days=1)
_SATURDAY = 5


def day_of(at: datetime) -> date:
    """The day it is in China at that moment."""
    return at.astimezone(CHINA).date()


class WorkingCalendar(Struct, frozen=True):
    """`off` are holidays, `work` the weekends on which one works (调休), `years` those whose notice is known."""

    off: frozenset[date] = frozenset()
    work: frozenset[date] = frozenset()
    years: frozenset[int] = frozenset()

    def is_working(self, day: date) -> bool:
        if day in self.off:
            return False
        return day in self.work or day.weekday() < _SATURDAY

    def after(self, day: date, count: int) -> date:
        """The last day of a time of `count` working days; the day itself does not count (民法典第二百零一条)."""
        return self._walk(day, count, _DAY)

    def before(self, day: date, count: int) -> date:
        """The day that lies `count` working days ahead of `day`."""
        return self._walk(day, count, -_DAY)

    def left(self, today: date, deadline: date) -> int:
        """Working days after today, up to and with the deadline; below zero when it is over."""
        early, late = min(today, deadline), max(today, deadline)
        count = sum(self.is_working(early + _DAY * step) for step in range(1, (late - early).days + 1))
        return count if today <= deadline else -count

    def is_sure(self, start: date, end: date) -> bool:
        """Whether the notices of all the years from start to end are known."""
        return all(year in self.years for year in range(start.year, end.year + 1))

    def _walk(self, day: date, count: int, step: timedelta) -> date:
        if count < 0:
            raise ValueError(f"{count} working days: count from 0 upwards")
        while count:
            day += step
            count -= self.is_working(day)
        return day


WEEKENDS_ONLY = WorkingCalendar()

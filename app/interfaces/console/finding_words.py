"""Words for findings (疑点用语), and how near a deadline is."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import NamedTuple

from app.domain.encounter import InsuranceType
from app.domain.labels import ANSWER_LABELS, STAGE_LABELS, label
from app.domain.review import Review, ReviewState
from app.domain.review_labels import ACTION_LABELS, DEADLINE_LABELS, STATE_LABELS
from app.domain.review_reasons import reason_text
from app.domain.working_days import WorkingCalendar, day_of
from app.interfaces.console.fact_labels import FACT_LABELS
from app.interfaces.console.point_labels import POINT_LABELS

INSURANCE_LABELS = {one: label(one) for one in InsuranceType if one is not InsuranceType.UNKNOWN}
HEARD = (ReviewState.FIRST_APPEAL, ReviewState.SECOND_APPEAL, ReviewState.FINAL_APPEAL)
FINISHED = (ReviewState.LAPSED, ReviewState.FALSE_POSITIVE, ReviewState.EXCEPTED, ReviewState.CLOSED)
UNFINISHED = tuple([one for one in ReviewState if one not in FINISHED])
_COLOURS = {
    **dict.fromkeys((ReviewState.OPEN, ReviewState.IN_REVIEW), "blue"),
    **dict.fromkeys((ReviewState.AWAITING_SECOND, *HEARD), "violet"),
    **dict.fromkeys((ReviewState.FIRST_REJECTED, ReviewState.SECOND_REJECTED, ReviewState.CONFIRMED), "red"),
    **dict.fromkeys((ReviewState.RECTIFYING, ReviewState.RECTIFIED), "orange"),
    **dict.fromkeys((ReviewState.FALSE_POSITIVE, ReviewState.EXCEPTED, ReviewState.CLOSED), "green"),
}
_SOON = 2  # working days


class Due(NamedTuple):
    text: str
    colour: str  # late, soon or blank


class DeadlineClock:
    """How many working days are left, today."""

    def __init__(self, calendar: WorkingCalendar, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.calendar, self._now = calendar, now

    def today(self) -> date:
        return day_of(self._now())

    def now(self) -> datetime:
        return self._now()

    def due(self, review: Review) -> Due:
        if review.deadline is None:
            return Due("", "")
        left = self.calendar.left(self.today(), review.deadline)
        if review.deadline < self.today():
            return Due(f"已逾期{abs(left)}个工作日" if left else "已逾期", "late")
        if review.deadline == self.today():
            return Due("今日到期", "soon")
        return Due(f"剩{left}个工作日", "soon" if left <= _SOON else "")

    def is_soon_until(self) -> date:
        return self.calendar.after(self.today(), _SOON)


def words() -> dict[str, object]:
    """What templates of findings ask for."""
    return {
        "state_labels": STATE_LABELS,
        "state_colours": _COLOURS,
        "action_labels": ACTION_LABELS,
        "deadline_labels": DEADLINE_LABELS,
        "stage_labels": STAGE_LABELS,
        "answer_labels": ANSWER_LABELS,
        "insurance_labels": INSURANCE_LABELS,
        "reason_text": reason_text,
        "label": label,
        "fact_labels": FACT_LABELS,
        "point_labels": POINT_LABELS,
    }

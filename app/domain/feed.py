"""Feeds (外部数据): what no request carries and some rules need, given as tables by hospital or office.

A record replaces an earlier one with the same key. `subject` is what rules look it up by. Months are written 2026-03.
"""

from collections.abc import Hashable
from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from app.domain.line import Code, Id, Text
from app.domain.money import LARGEST, ZERO, check_number

Month = Annotated[str, Meta(pattern="^[0-9]{4}-(0[1-9]|1[0-2])$", description="Year and month, as 2026-03")]
Measure = Literal[
    "drug_share",
    "examination_share",
    "consumable_share",
    "treatment_share",
    "ct_share",
    "mri_share",
    "off_formulary_share",
    "unplanned_readmission",
]


class FeedRecord(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """One row of a feed."""

    title: ClassVar[str]

    @property
    def subject(self) -> Hashable:
        return self.key

    @property
    def key(self) -> tuple[str, ...]:
        """What makes the record one and the same whenever it is sent again."""
        raise NotImplementedError

    @property
    def when(self) -> str:
        """The day or month that it is about, in an order that sorts."""
        raise NotImplementedError


class StockBalance(FeedRecord, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """进销存: one item's stock in one facility from `start` to `end`, both days included, in the unit that is charged.

    It holds until its end, or until the day before the next balance of the item starts. `dispensed_elsewhere` is what
    left the stock without being charged to a patient; `closing` is absent while the period runs; `charged` is what all
    bills of the period together have charged, where that is known.
    """

    title: ClassVar[str] = "药品、耗材进销存"

    facility: Id
    item_code: Id
    start: date
    end: date
    opening: Decimal
    received: Decimal
    dispensed_elsewhere: Decimal = ZERO
    closing: Decimal | None = None
    charged: Decimal | None = None
    unit: Code = ""

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"`end` {self.end} is before `start` {self.start}")
        for name in ("opening", "received", "dispensed_elsewhere", "closing", "charged"):
            if (value := getattr(self, name)) is not None:
                check_number(value, name, LARGEST)

    @property
    def subject(self) -> Hashable:
        return self.facility, self.item_code

    @property
    def key(self) -> tuple[str, ...]:
        return self.facility, self.item_code, self.start.isoformat()

    @property
    def when(self) -> str:
        return self.end.isoformat()

    @property
    def available(self) -> Decimal:
        """How much there was to charge; never less than nothing."""
        return max(self.opening + self.received - self.dispensed_elsewhere - (self.closing or ZERO), ZERO)


class TraceCode(FeedRecord, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """药品追溯码: a code that was settled.

    `is_withdrawn`: the settlement was taken back; `is_split`: the pack is given out to several patients (拆零).
    """

    title: ClassVar[str] = "已结算的药品追溯码"

    trace_code: Id
    facility: Id
    encounter: Id
    settled_date: date
    is_withdrawn: bool = False
    is_split: bool = False

    @property
    def subject(self) -> Hashable:
        return self.trace_code

    @property
    def key(self) -> tuple[str, ...]:
        return self.trace_code, self.facility, self.encounter

    @property
    def when(self) -> str:
        return self.settled_date.isoformat()


class InfectionReport(FeedRecord, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """院内感染报告: infections among a department's inpatients in a month; a blank department: the facility."""

    title: ClassVar[str] = "院内感染报告"

    facility: Id
    month: Month
    infections: Annotated[int, Meta(ge=0)]
    inpatients: Annotated[int, Meta(ge=0)]
    department: Code = ""

    @property
    def key(self) -> tuple[str, ...]:
        return self.facility, self.department, self.month

    @property
    def when(self) -> str:
        return self.month


class Statistic(FeedRecord, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """统计指标: numerator and denominator of a measure in a month, of a practitioner, a department or the facility."""

    title: ClassVar[str] = "统计指标"

    facility: Id
    month: Month
    measure: Measure
    numerator: Decimal
    denominator: Decimal
    department: Code = ""
    practitioner: Code = ""

    def __post_init__(self) -> None:
        check_number(self.numerator, "numerator", LARGEST)
        check_number(self.denominator, "denominator", LARGEST)

    @property
    def key(self) -> tuple[str, ...]:
        return self.facility, self.department, self.practitioner, self.month, self.measure

    @property
    def when(self) -> str:
        return self.month


class Blacklisted(FeedRecord, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """暂停或终止医保支付资格: a practitioner or facility that the fund does not pay for from `start` to `end`.

    Without an end it stands until one is sent.
    """

    title: ClassVar[str] = "暂停或终止医保支付资格的人员和机构"

    subject_type: Literal["practitioner", "facility"]
    id: Id
    start: date
    reason: Annotated[Text, Meta(min_length=1)]
    end: date | None = None

    def __post_init__(self) -> None:
        if self.end is not None and self.end < self.start:
            raise ValueError(f"`end` {self.end} is before `start` {self.start}")

    def covers(self, day: date) -> bool:
        return self.start <= day and (self.end is None or day <= self.end)

    @property
    def subject(self) -> Hashable:
        return self.subject_type, self.id

    @property
    def key(self) -> tuple[str, ...]:
        return self.subject_type, self.id, self.start.isoformat()

    @property
    def when(self) -> str:
        return self.start.isoformat()


class Budget(FeedRecord, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """预算: yuan allotted to a department (blank: the facility) for a month, and spent of it up to and with a day."""

    title: ClassVar[str] = "预算"

    facility: Id
    month: Month
    amount: Decimal
    spent: Decimal
    spent_until: date
    department: Code = ""

    def __post_init__(self) -> None:
        check_number(self.amount, "amount", LARGEST)
        check_number(self.spent, "spent", LARGEST)

    @property
    def key(self) -> tuple[str, ...]:
        return self.facility, self.department, self.month

    @property
    def when(self) -> str:
        return self.month


FEEDS: dict[str, type[FeedRecord]] = {
    "stock": StockBalance,
    "trace_codes": TraceCode,
    "infections": InfectionReport,
    "statistics": Statistic,
    "blacklist": Blacklisted,
    "budgets": Budget,
}

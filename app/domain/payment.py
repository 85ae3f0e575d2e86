"""Payment (病组付费): the facts a price is made from, and what comes out. Yuan throughout; None is "not known"."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from app.domain.encounter import FacilityLevel
from app.domain.group_weight import NO_MEANS, GroupMeans
from app.domain.line import Code
from app.domain.money import SMALLEST, ZERO, check_number
from app.domain.settlement import ReviewFlag
from app.domain.stay import Stay

Days = Annotated[int, Meta(ge=0, le=36500)]


class PaymentClass(StrEnum):
    """How the stay is paid."""

    NORMAL = "normal"
    LOW = "low"
    HIGH = "high"
    SPECIAL_REVIEW = "special_review"  # paid as normal so far, but worth filing; see `review_reasons` for other classes
    EXCLUDED = "excluded"
    BED_DAY = "bed_day"
    PER_CAPITA = "per_capita"
    NO_STANDARD = "no_standard"
    UNDETERMINED = "undetermined"  # the standard is known, but a fact that decides is missing: see `missing`

    @property
    def label(self) -> str:
        return _CLASS_LABELS[self]


_CLASS_LABELS = {
    PaymentClass.NORMAL: "正常病例",
    PaymentClass.LOW: "低倍率病例",
    PaymentClass.HIGH: "高倍率病例",
    PaymentClass.SPECIAL_REVIEW: "特病单议候选",
    PaymentClass.EXCLUDED: "不按病组付费",
    PaymentClass.BED_DAY: "按床日付费",
    PaymentClass.PER_CAPITA: "按人头付费",
    PaymentClass.NO_STANDARD: "无支付标准",
    PaymentClass.UNDETERMINED: "资料不足，无法判定",
}


class PaymentFacts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the price of a stay depends on besides its group.

    `total_amount` is the whole cost. `tcm_share` is the share of traditional Chinese medicine as the scheme counts it.
    `days_to_readmission`: days from this discharge to the next admission in the same group. `means` win over those of
    the weight table. `start_date` and `today` are only for the running preview.
    """

    total_amount: Decimal | None = None
    facility_id: Code = ""
    facility_level: FacilityLevel = FacilityLevel.UNKNOWN
    department: Code = ""
    stay_days: Days | None = None
    icu_hours: Annotated[float, Meta(ge=0)] | None = None
    is_day_surgery: bool = False
    is_bed_day: bool = False
    is_per_capita: bool = False
    tcm_share: Decimal | None = None
    days_to_readmission: Days | None = None
    review_flags: tuple[ReviewFlag, ...] = ()
    drug_amount: Decimal | None = None
    consumable_amount: Decimal | None = None
    examination_amount: Decimal | None = None
    means: GroupMeans = NO_MEANS
    start_date: date | None = None
    today: date | None = None

    def __post_init__(self) -> None:
        for name in ("total_amount", "drug_amount", "consumable_amount", "examination_amount"):
            if (value := getattr(self, name)) is not None:
                check_number(value, name)
        if self.tcm_share is not None:
            check_number(self.tcm_share, "tcm_share", largest=Decimal(1))
        if self.means is not NO_MEANS:
            for name in GroupMeans.__struct_fields__:
                if (value := getattr(self.means, name)) is not None:
                    least = SMALLEST if name in ("total_amount", "stay_days") else ZERO
                    check_number(value, f"means.{name}", smallest=least)


def facts_of(stay: Stay, facility_id: str = "", facility_level: FacilityLevel = FacilityLevel.UNKNOWN) -> PaymentFacts:
    """What a stay itself tells; the rest is unknown."""
    return PaymentFacts(
        total_amount=stay.total_amount,
        facility_id=facility_id,
        facility_level=facility_level,
        department=stay.department,
        stay_days=stay.stay_days,
        icu_hours=stay.icu_hours,
    )


class Step(Struct, frozen=True, gc=False):
    """计算步骤: one named number and the sentence that says how it came about. `unit` is 元, 点 or empty."""

    name: str
    label: str
    value: Decimal | None
    unit: str
    text: str


class Payment(Struct, frozen=True, kw_only=True):
    """What a stay is paid. `official_value` = `formula_value` + `adjustment`; `surplus` = `official_value` - cost.

    `formula_value` is what weight, rate and coefficient give; where a stay is paid by item its `formula_surplus` is
    no profit. `ratio` is cost / standard, `mean_ratio` cost / regional mean of the group (4 decimals, for show: what
    is decided is decided exactly). Points are before the coefficient. `low_limit` and `high_limit` are exact amounts.
    """

    group_code: str
    priced_code: str  # differs where the conditions of a TCM group are not met
    payment_class: PaymentClass
    reason: str = ""  # Chinese; why the class is not normal
    attributes: tuple[str, ...] = ()
    weight: Decimal | None = None
    base_points: Decimal | None = None
    coefficient: Decimal | None = None
    total_amount: Decimal | None = None
    formula_value: Decimal | None = None
    adjustment: Decimal | None = None
    official_value: Decimal | None = None
    official_points: Decimal | None = None
    surplus: Decimal | None = None
    formula_surplus: Decimal | None = None
    ratio: Decimal | None = None
    mean_ratio: Decimal | None = None
    low_limit: Decimal | None = None
    high_limit: Decimal | None = None
    readmission_factor: Decimal | None = None
    review_reasons: tuple[str, ...] = ()  # Chinese; why a special review may be worth filing
    missing: tuple[str, ...] = ()  # facts that would have counted, by the names of PaymentFacts
    steps: tuple[Step, ...] = ()

    @property
    def is_review_candidate(self) -> bool:
        return bool(self.review_reasons)


class ShareOfCost(Struct, frozen=True, gc=False):
    """费用结构: drugs, consumables or examinations of the stay against the group's regional mean."""

    name: str
    label: str
    amount: Decimal
    share: Decimal | None  # of the stay's cost
    mean_amount: Decimal | None
    mean_share: Decimal | None  # of the group's mean cost
    difference: Decimal | None  # amount - mean_amount
    text: str


class FundSplit(Struct, frozen=True, gc=False):
    """Who pays what of the official value, and when; None where the scheme gives no share."""

    fund_amount: Decimal | None
    other_amount: Decimal | None
    prepaid_amount: Decimal | None  # of the fund's part, in advance
    deposit_amount: Decimal | None  # held back until the yearly assessment


class Threshold(Struct, frozen=True, gc=False):
    """预警线: a share of the standard. `expected_on`: the day it is crossed if the stay goes on as it did."""

    share: Decimal
    amount: Decimal
    is_reached: bool
    expected_on: date | None
    hint: str


class RunningPreview(Struct, frozen=True):
    """在院费用预警: where the cost of a running stay stands. `share` is cost / standard, 4 decimals."""

    standard_amount: Decimal | None
    accrued_amount: Decimal
    remaining_amount: Decimal | None
    share: Decimal | None
    daily_amount: Decimal | None
    thresholds: tuple[Threshold, ...]
    hint: str
    care_note: str


class SettlementPreview(Struct, frozen=True, kw_only=True):
    """结算预览: everything that is said of one stay at once."""

    payment: Payment
    shares: tuple[ShareOfCost, ...]
    split: FundSplit | None
    running: RunningPreview | None

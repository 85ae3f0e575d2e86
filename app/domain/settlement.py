"""Settlement parameters (支付参数): what a payment scheme says a group is worth, and how it treats unusual stays.

Amounts are yuan, shares and coefficients plain factors (0.92 is 92 %). What a scheme does not say is None, never zero.
Source: 按病种付费管理暂行办法 (医保发〔2025〕18号) for standard, rate, points; local rules differ, hence the choices.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from app.domain.encounter import FacilityLevel
from app.domain.period import Period


class Method(StrEnum):
    """费率法、点数法."""

    RATE = "rate"
    POINTS = "points"


class Basis(StrEnum):
    """What the cost of a case is held against: its payment standard, or the mean cost of its group in the region."""

    STANDARD = "standard"
    GROUP_MEAN = "group_mean"


class LowMethod(StrEnum):
    ITEM = "item"  # 按项目付费: the actual cost
    RATIO = "ratio"  # standard x cost / basis


class HighMethod(StrEnum):
    ITEM = "item"  # 按项目付费: the actual cost
    EXCESS_POINTS = "excess_points"  # standard + (cost / basis - at) x base points
    EXCESS_RATIO = "excess_ratio"  # standard + (cost - limit) x share
    ZERO = "zero"  # 结余清零: surplus and deficit are set to 0, hence the actual cost
    STANDARD = "standard"  # the standard and nothing more: the hospital bears the rest


class QuotaUnit(StrEnum):
    PER_MILLE = "per_mille"  # of the discharges
    PERCENT = "percent"


class ReviewFlag(StrEnum):
    """What besides days and cost makes a case fit for special review (特例单议); source: 医保办发〔2024〕9号."""

    NEW_TECHNOLOGY = "new_technology"  # 新药、新耗材、新技术
    CRITICAL = "critical"  # 复杂危重症
    MULTIDISCIPLINARY = "multidisciplinary"  # 多学科联合诊疗


class Written(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of `payment.json`."""


class Coefficients(Written, frozen=True):
    """机构系数. The most particular one counts: of a group in a facility, at a level, of a group; then of the facility,
    of the level, and `default`. A scheme without coefficients says `default: "1"`; nothing is assumed.
    """

    levels: Mapping[FacilityLevel, Decimal] = {}
    facilities: Mapping[str, Decimal] = {}
    groups: Mapping[str, Decimal] = {}
    group_levels: Mapping[str, Mapping[FacilityLevel, Decimal]] = {}
    group_facilities: Mapping[str, Mapping[str, Decimal]] = {}
    default: Decimal | None = None

    def of(self, group: str, facility: str, level: FacilityLevel) -> Decimal | None:
        """The coefficient, or None where the scheme has none for this place."""
        found = self.of_group(group, facility, level)
        if found is None:
            found = self.facilities.get(facility)
        if found is None:
            found = self.levels.get(level)
        return self.default if found is None else found

    def of_group(self, group: str, facility: str, level: FacilityLevel) -> Decimal | None:
        """What the scheme says for this very group, or None."""
        found = self.group_facilities[group].get(facility) if group in self.group_facilities else None
        if found is None and group in self.group_levels:
            found = self.group_levels[group].get(level)
        return self.groups.get(group) if found is None else found


class Low(Written, frozen=True):
    """低倍率: where the cost is below `at` x basis (`or_equal`: or just there). `levels` win over `at`."""

    at: Decimal | None = None
    levels: Mapping[FacilityLevel, Decimal] = {}
    basis: Basis = Basis.STANDARD
    method: LowMethod = LowMethod.ITEM
    or_equal: bool = False
    cap_at_base_points: bool = False  # never more than the group's points without coefficient


class Tier(Written, frozen=True):
    """For groups of up to `max_points` base points (None: all others), `at` times the basis is high."""

    at: Decimal
    max_points: Decimal | None = None


class High(Written, frozen=True):
    """高倍率: paid otherwise where the cost reaches the limit; `above_only`: exceeds it. `levels` win over `tiers`."""

    tiers: tuple[Tier, ...] = ()
    levels: Mapping[FacilityLevel, tuple[Tier, ...]] = {}
    basis: Basis = Basis.STANDARD
    method: HighMethod = HighMethod.ITEM
    above_only: bool = False
    share: Decimal = Decimal(1)  # of the excess, for `excess_ratio`
    coefficient_on_excess: bool = True  # for `excess_points`


class Limits(Written, frozen=True):
    """界线: explicit amounts for a group, in yuan; they win over the multiples."""

    low: Decimal | None = None
    high: Decimal | None = None


class Exclusion(Written, frozen=True):
    """What the scheme does not pay by group but by item; every condition that is given must hold."""

    reason: str = ""
    max_days: int | None = None  # stays of at most so many days
    min_days: int | None = None  # stays of at least so many days
    bed_day: bool = False
    day_surgery: bool = False
    departments: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


class SpecialReview(Written, frozen=True):
    """特病单议 (特例单议): how many of its discharges a hospital may file, and what marks a case as worth filing.

    One of the marks suffices. `only_deficit`: a stay whose payment covers its cost is not marked.
    """

    quota: Mapping[FacilityLevel, Decimal] = {}
    quota_unit: QuotaUnit = QuotaUnit.PER_MILLE
    min_ratio: Decimal | None = None  # cost / standard
    min_days: int | None = None
    min_days_ratio: Decimal | None = None  # days / mean days of the group
    min_icu_hours: Decimal | None = None
    flags: tuple[ReviewFlag, ...] = ()
    ungrouped: bool = False  # not grouped, or a group without a standard
    fewer_cases_than: int | None = None  # cases of the group in the region
    only_deficit: bool = True


class Readmission(Written, frozen=True):
    """A stay followed within `days` by another one in the same group is paid `factor` of what it would be."""

    days: int
    factor: Decimal


class BedDayTier(Written, frozen=True):
    """The amount for each day up to and with `until_day` (None: all further days)."""

    amount: Decimal
    until_day: int | None = None


class BedDay(Written, frozen=True):
    """按床日付费: stays that are marked so, or lie in one of the departments or groups."""

    tiers: tuple[BedDayTier, ...]
    departments: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    with_coefficient: bool = False


class PerCapita(Written, frozen=True):
    """按人头付费: yuan per insured person and year."""

    amount: Decimal


class TcmGroup(Written, frozen=True):
    """中医优势病组: what a stay must show to be paid in the group; `otherwise` is the group it falls back to."""

    otherwise: str
    min_share: Decimal = Decimal("0.6")
    min_days: int = 10


class AttributeRule(Written, frozen=True):
    """What an attribute of a group (病组属性) means here: no standard, its own coefficient, words for the coder."""

    has_standard: bool = True
    coefficient: Decimal | None = None
    note: str = ""


class PaymentParameters(Written, frozen=True):
    """One period of `payment.json`: either `year`, or `start` and, where known, `end`."""

    id: str
    method: Method
    title: str = ""
    year: int | None = None
    start: date | None = None
    end: date | None = None
    weights: str = "weights.csv"
    rate: Decimal | None = None  # yuan per weight
    point_value: Decimal | None = None  # yuan per point
    points_per_weight: Decimal = Decimal(100)
    coefficients: Coefficients = Coefficients()
    level_as: Mapping[FacilityLevel, FacilityLevel] = {}  # e.g. ungraded facilities are treated as primary
    low: Low | None = None
    high: High | None = None
    limits: Mapping[str, Limits] = {}
    exclusions: tuple[Exclusion, ...] = ()
    special_review: SpecialReview | None = None
    readmission: Readmission | None = None
    prepay_share: Decimal | None = None
    deposit_share: Decimal | None = None
    fund_share: Decimal | None = None
    bed_day: BedDay | None = None
    per_capita: PerCapita | None = None
    tcm_groups: Mapping[str, TcmGroup] = {}
    attributes: Mapping[str, AttributeRule] = {}
    thresholds: tuple[Decimal, ...] = (Decimal("0.9"), Decimal("1.0"), Decimal("1.1"))
    references: tuple[str, ...] = ()

    @property
    def in_force(self) -> Period:
        if self.year is not None:
            return Period(date(self.year, 1, 1), date(self.year, 12, 31))
        return Period(self.start or date.min, self.end or date.max)

    @property
    def per_weight(self) -> Decimal:
        """Yuan for a weight of 1, before the coefficient. Of parameters that were checked."""
        if self.method is Method.RATE and self.rate is not None:
            return self.rate
        if self.method is Method.POINTS and self.point_value is not None:
            return self.point_value * self.points_per_weight
        raise ValueError(f"payment parameters {self.id!r} give no {self.method.value}: check them with `faults_of`")

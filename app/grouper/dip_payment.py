"""Payment of a DIP group (病种分值结算结果): every number by itself, so that none passes for another."""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

ONE = Decimal(1)


class Deviation(StrEnum):
    """费用偏差类型. `unknown`: no cost, or nothing to compare it with; `none`: there is no standard."""

    NORMAL = "normal"
    ULTRA_LOW = "ultra_low"
    ULTRA_HIGH = "ultra_high"
    CAPPED = "capped"
    FALLBACK = "fallback"
    UNKNOWN = "unknown"
    NONE = "none"


class ScoreStep(Struct, frozen=True, kw_only=True, gc=False):
    """One number on the way: `name` for programs, `label` for people."""

    name: str
    label: str
    value: Decimal


class DipPayment(Struct, frozen=True, kw_only=True):
    """What the stay pays. Amounts in yuan, in whole cents; None where something needed is unknown, never 0.

    `formula_amount` = case score x point value (支付标准); `official_amount`: what is paid after the deviation of the
    cost is dealt with; `adjustment_amount`: official - formula. `balance_amount` = official - cost, a surplus where
    positive. `fund_amount`: the fund's part of the official amount, where its share is known.
    """

    deviation: Deviation
    hospital_coefficient: Decimal = ONE
    auxiliary_coefficient: Decimal = ONE
    case_score: Decimal | None = None
    settled_score: Decimal | None = None
    point_value: Decimal | None = None
    ratio: Decimal | None = None
    formula_amount: Decimal | None = None
    adjustment_amount: Decimal | None = None
    official_amount: Decimal | None = None
    cost_amount: Decimal | None = None
    formula_balance_amount: Decimal | None = None
    balance_amount: Decimal | None = None
    fund_amount: Decimal | None = None
    is_review_candidate: bool = False
    steps: tuple[ScoreStep, ...] = ()
    notes: tuple[str, ...] = ()

"""Results of a what-if analysis (假设分析结果): the recorded stay beside its variants, worded without taking sides.

Money is yuan. A difference is the variant less what is recorded: below 0, the recorded codes are paid more.
"""

from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from app.domain.money import ZERO
from app.domain.payment import Payment
from app.grouper.dip_payment import DipPayment
from app.grouper.grouping import Grouping

NOTE = "仅用于核对编码与病历是否一致，不是编码建议；编码以病历记载为准，由编码员和医师确认，系统不回写任何编码。"


class Change(StrEnum):
    """What a variant does to the recorded codes. An added procedure comes last, or `first` before the others."""

    DROP_DIAGNOSIS = "drop_diagnosis"
    SWAP_PRINCIPAL = "swap_principal"
    FIRST_PROCEDURE = "first_procedure"
    DROP_PROCEDURE = "drop_procedure"
    ADD_DIAGNOSIS = "add_diagnosis"
    ADD_PROCEDURE = "add_procedure"
    ADD_FIRST_PROCEDURE = "add_first_procedure"


_DONE = {
    Change.DROP_DIAGNOSIS: "去掉其他诊断{}",
    Change.SWAP_PRINCIPAL: "以{}为主诊断，原主诊断改为其他诊断",
    Change.FIRST_PROCEDURE: "以{}为主要手术操作",
    Change.DROP_PROCEDURE: "去掉手术操作{}",
    Change.ADD_DIAGNOSIS: "增加其他诊断{}",
    Change.ADD_PROCEDURE: "增加手术操作{}",
    Change.ADD_FIRST_PROCEDURE: "增加{}为主要手术操作",
}


def told_change(change: Change, code: str) -> str:
    """What was done to the code, in Chinese."""
    return _DONE[change].format(code)


class Direction(StrEnum):
    """Which pays more; `unknown`: one of the two has no amount to compare."""

    RECORDED_HIGHER = "recorded_higher"
    RECORDED_LOWER = "recorded_lower"
    SAME = "same"
    UNKNOWN = "unknown"


class DrgOutcome(Struct, frozen=True, kw_only=True):
    """`payment` is None where no payment parameters were given."""

    status: str
    mdc: str
    adrg: str
    drg: str
    name: str
    complaints: tuple[str, ...] = ()
    payment: Payment | None = None

    def differs_from(self, other: "DrgOutcome") -> bool:
        return (self.status, self.mdc, self.adrg, self.drg) != (other.status, other.mdc, other.adrg, other.drg)


class DrgVariant(Struct, frozen=True, kw_only=True):
    """`code` is what is dropped, moved or added; `diagnoses` and `procedures` are the codes that were grouped.

    `reasons` tell in Chinese which list, split or exclusion table makes the difference.
    """

    change: Change
    code: str
    name: str
    diagnoses: tuple[str, ...]
    procedures: tuple[str, ...]
    outcome: DrgOutcome
    differs: bool
    difference: Decimal | None
    direction: Direction
    sentence: str
    reasons: tuple[str, ...]


class SeverityStep(Struct, frozen=True, kw_only=True):
    """并发症台阶: the group without any of the secondary diagnoses that count at this level, or higher ones.

    `codes` carry the step; with one of them only (`is_sole`) the step rests on that code.
    """

    level: str  # MCC | CC
    codes: tuple[str, ...]
    is_sole: bool
    outcome: DrgOutcome
    difference: Decimal | None
    sentence: str


class WhatIf(Struct, frozen=True, kw_only=True):
    """`tried`: variants that were grouped, whether they are listed or not. `ignored`: clues that are no variant."""

    recorded: DrgOutcome
    variants: tuple[DrgVariant, ...]
    steps: tuple[SeverityStep, ...]
    tried: int
    ignored: tuple[str, ...] = ()
    note: str = NOTE


class DipOutcome(Struct, frozen=True, kw_only=True):
    """`score` is the group's, `case_score` times the coefficient of the auxiliary catalogue; None: no standard."""

    status: str
    layer: str
    code: str
    name: str
    score: Decimal | None = None
    case_score: Decimal | None = None
    payment: DipPayment | None = None

    def differs_from(self, other: "DipOutcome") -> bool:
        mine, others = (self.status, self.code, self.case_score), (other.status, other.code, other.case_score)
        return mine != others


class DipVariant(Struct, frozen=True, kw_only=True):
    """As DrgVariant; `score_difference` is in points, by `case_score`."""

    change: Change
    code: str
    diagnoses: tuple[str, ...]
    procedures: tuple[str, ...]
    outcome: DipOutcome
    differs: bool
    score_difference: Decimal | None
    difference: Decimal | None
    direction: Direction
    sentence: str
    reasons: tuple[str, ...]


class DipWhatIf(Struct, frozen=True, kw_only=True):
    recorded: DipOutcome
    variants: tuple[DipVariant, ...]
    tried: int
    ignored: tuple[str, ...] = ()
    note: str = NOTE


def drg_outcome(found: Grouping, payment: Payment | None) -> DrgOutcome:
    return DrgOutcome(
        status=found.status.value,
        mdc=found.mdc,
        adrg=found.adrg,
        drg=found.drg,
        name=found.name,
        complaints=found.complaints,
        payment=payment,
    )


def direction_of(difference: Decimal | None) -> Direction:
    if difference is None:
        return Direction.UNKNOWN
    if not difference:
        return Direction.SAME
    return Direction.RECORDED_HIGHER if difference < ZERO else Direction.RECORDED_LOWER


def comparison(difference: Decimal | None, unit: str = "元", say: Callable[[Decimal], str] = "{:,.2f}".format) -> str:
    """The difference in neutral words."""
    if difference is None:
        return "二者支付不能比较"
    if not difference:
        return "记录的分组与该变体支付相同"
    side = "高于" if difference < ZERO else "低于"
    return f"记录的分组支付{side}该变体{say(abs(difference))}{unit}"

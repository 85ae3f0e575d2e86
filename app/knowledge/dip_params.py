"""Parameters of a DIP catalogue (分组与结算参数): what cities decide differently, as data.

`params.json` (nested) or `params.csv` with the columns key,value (`pricing.high.at,2`; lists joined by `;`).
What is not given stays at the default, which follows the 3.0 draft (征求意见稿) and is named here.
"""

from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

from app.knowledge.dip_expression import Signs

Criterion = Literal[
    "complete",
    "main_operation",
    "related",
    "and_terms",
    "matched_operations",
    "exact_operations",
    "longest_diagnosis",
    "full_code",
    "type_order",
    "higher_score",
    "higher_score_if_surgery",
    "nearest_mean_cost",
    "catalogue_order",
]
Sign = Annotated[str, Meta(min_length=1, max_length=1)]

DRAFT_TYPE_ORDER = (
    "core:surgery",
    "grassroots:surgery",
    "core:treatment",
    "grassroots:treatment",
    "core:diagnostic",
    "grassroots:diagnostic",
    "comprehensive:surgery",
    "comprehensive:treatment",
    "comprehensive:diagnostic",
    "core:conservative",
    "grassroots:conservative",
    "comprehensive:conservative",
)


class _Params(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class OperationParams(_Params, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How operations are written and matched.

    `main_is_principal`: only the stay's first operation can be a group's main one. `partial_related`: a group counts
    too when only some of its related operations are recorded (never when none is).
    """

    or_signs: tuple[Sign, ...] = ("|",)
    and_signs: tuple[Sign, ...] = ("+",)
    tighter: Literal["or", "and"] = "or"
    extensions: bool = False
    main_is_principal: bool = False
    partial_related: bool = False

    @property
    def signs(self) -> Signs:
        return Signs(self.or_signs, self.and_signs, self.tighter == "or", self.extensions)


class ConservativeParams(_Params, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When an operation is of the conservative kind; a conservative group takes stays whose operations all are.

    `kind`: operations.csv says so. `incision_level`: its incision is among `incisions` and its level below
    `below_level`. `unlisted`: what an operation is that operations.csv does not hold.
    """

    by: Literal["kind", "incision_level"] = "kind"
    incisions: tuple[str, ...] = ("0",)
    below_level: Annotated[int, Meta(ge=1, le=5)] = 3
    unlisted: Literal["unknown", "conservative"] = "unknown"


class ComprehensiveParams(_Params, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By which operation a comprehensive group is chosen: the first that counts, or the one of the highest kind.

    `falls_to_conservative`: a stay whose kind has no group goes to the conservative one.
    """

    by: Literal["principal", "highest"] = "principal"
    falls_to_conservative: bool = False


class LowParams(_Params, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """费用超低: cost below `at` times the standard. `ratio`: the score times cost/standard; `item`: the cost."""

    at: Decimal = Decimal("0.5")
    inclusive: bool = False
    method: Literal["ratio", "item", "standard"] = "ratio"


class HighParams(_Params, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """费用超高: cost from `at` times the standard on.

    `excess`: score x (cost/standard - at + add), `add` being 1 or the hospital's coefficient, `score` that of the case
    (with all coefficients) or of the group (without the hospital's). Above `cap_at` times: the excess at the cap
    (`limit`), or the standard as if the case were normal (`standard`).
    """

    at: Decimal = Decimal(2)
    inclusive: bool = True
    method: Literal["excess", "item", "standard"] = "excess"
    add: Literal["one", "coefficient"] = "one"
    score: Literal["case", "group"] = "case"
    cap_at: Decimal | None = None
    cap: Literal["limit", "standard"] = "limit"


class PricingParams(_Params, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a score pays.

    `basis` is what the cost is compared with: the case's `standard`, the `group_score` x point value without the
    hospital's coefficient, or the group's `mean_cost`. `review_from`: from this ratio on a case may be reviewed singly
    (特例单议). `fallback_factor`: a fallback group is scored cost/mean x score x factor, without coefficients.
    """

    basis: Literal["standard", "group_score", "mean_cost"] = "standard"
    low: LowParams = LowParams()
    high: HighParams = HighParams()
    review_from: Decimal | None = Decimal(2)
    fallback_factor: Decimal | None = None
    bedday: Literal["per_day", "per_stay"] = "per_day"
    no_auxiliary: tuple[str, ...] = ("tcm", "bedday", "fallback")
    grassroots_coefficient: bool = False
    point_value: Decimal | None = None
    fund_share: Decimal | None = None


class DipParams(_Params, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`layers`: stages of matching, the first that takes the stay wins; layers joined by `+` are judged as one.

    `choice`: what decides between groups of a stage, first to last; `choice_priority` within the priority layer.
    """

    layers: tuple[str, ...] = ("priority", "tcm", "bedday", "merge", "dxaux", "basic", "comprehensive")
    choice: tuple[Criterion, ...] = (
        "complete",
        "main_operation",
        "related",
        "matched_operations",
        "longest_diagnosis",
        "full_code",
        "type_order",
    )
    choice_priority: tuple[Criterion, ...] = ("and_terms", "catalogue_order")
    type_order: tuple[str, ...] = DRAFT_TYPE_ORDER
    icu_days: Literal["whole", "begun"] = "whole"
    operation: OperationParams = OperationParams()
    conservative: ConservativeParams = ConservativeParams()
    comprehensive: ComprehensiveParams = ComprehensiveParams()
    pricing: PricingParams = PricingParams()

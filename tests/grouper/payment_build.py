"""What the payment tests share: the published city of the worked examples, and variants of it.

Source of the figures: shared/reference/settlement-payment.md §4 (rate 9,575.25, coefficient 0.92).
"""

from decimal import Decimal
from typing import Any

import msgspec

from app.domain.encounter import FacilityLevel
from app.domain.group_weight import GroupMeans, GroupWeight
from app.domain.payment import Payment, PaymentFacts
from app.domain.settlement import PaymentParameters
from app.domain.settlement_checks import faults_of
from app.grouper.payment import price

D = Decimal
LEVEL3 = FacilityLevel.TERTIARY
LEVEL2 = FacilityLevel.SECONDARY
LEVEL1 = FacilityLevel.PRIMARY

CITY: dict[str, Any] = {
    "id": "city",
    "year": 2025,
    "method": "rate",
    "rate": "9575.25",
    "coefficients": {"default": "0.92"},
    "low": {"at": "0.4"},
    "high": {"tiers": [{"at": "5"}]},
    "special_review": {"quota": {"tertiary": "5", "secondary": "3", "primary": "1"}, "min_ratio": "3"},
    "tcm_groups": {"IU2Z": {"otherwise": "IU25"}},
    "deposit_share": "0.05",
}
BY_POINTS: dict[str, Any] = {  # the same money: 95.7525 yuan for each of 100 points
    **{name: value for name, value in CITY.items() if name != "rate"},
    "method": "points",
    "point_value": "95.7525",
}


def parameters(document: dict[str, Any] = CITY, **changes: Any) -> PaymentParameters:
    """The document with these fields changed; a field that is None is taken out."""
    made = {name: value for name, value in {**document, **changes}.items() if value is not None}
    found = msgspec.convert(made, PaymentParameters)
    assert faults_of(found) == []
    return found


def row(code: str, weight: str = "", attribute: str = "", mean: str = "", **fields: Any) -> GroupWeight:
    fields.setdefault("means", GroupMeans(total_amount=D(mean) if mean else None))
    return GroupWeight(
        code=code,
        weight=D(weight) if weight else None,
        attributes=tuple(attribute.split("/")) if attribute else (),
        **fields,
    )


WEIGHTS = {
    one.code: one
    for one in (
        row("ES31", "0.8020"),
        row("ES33", "0.6866"),
        row("ES35", "0.3985", "基础组"),
        row("BR23", "0.6641"),
        row("IU25", "0.5366", "无极差组"),
        row("IU2Z", "1.0346", "非基础组/中医优势病组"),
        row("AA19", "", "无权重组"),
        row("AA29", "", "不稳定病组", weights={LEVEL3: D("23.4874"), LEVEL2: D("23.4874")}),
    )
}


def facts(cost: str | None = None, **fields: Any) -> PaymentFacts:
    fields.setdefault("facility_level", LEVEL3)
    return PaymentFacts(total_amount=None if cost is None else D(cost), **fields)


def priced(
    group: str, cost: str | None = None, document: dict[str, Any] = CITY, changes: Any = None, **fields: Any
) -> Payment:
    """The price in the city, with changed parameters; `fields` are further facts."""
    return price(group, facts(cost, **fields), parameters(document, **(changes or {})), WEIGHTS)

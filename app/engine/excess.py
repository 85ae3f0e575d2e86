"""What lies past a quantity (超出部分): which lines of a group, and how much of their money."""

from collections.abc import Sequence
from decimal import Decimal

from app.domain.line import Line
from app.domain.money import ZERO


def past_quantity(group: Sequence[Line], allowed: Decimal) -> tuple[list[Line], list[Line], Decimal | None]:
    """The lines past what is allowed, those within it, and what is claimed for the part past it.

    The group is used up in its order. The amount is None where a line past the limit does not say what it claims.
    """
    at_fault: list[Line] = []
    within: list[Line] = []
    amount: Decimal | None = ZERO
    total = ZERO
    for line in group:
        total += line.quantity
        share = min(total - allowed, line.quantity)
        if share <= 0:
            within.append(line)
            continue
        at_fault.append(line)
        claimed = line.claimed_amount
        amount = None if amount is None or claimed is None else amount + claimed * share / line.quantity
    return at_fault, within, amount

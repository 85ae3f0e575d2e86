"""A slow second reading of the payment rules with exact fractions, from plain JSON values; no code of the grouper."""

from fractions import Fraction
from math import floor
from typing import Any

CENT = Fraction(1, 100)


def to_cents(value: Fraction) -> Fraction:
    """Half up; nothing here is below 0."""
    return floor(value / CENT + Fraction(1, 2)) * CENT


def above(
    high: dict[str, Any],
    cost: Fraction,
    excess: Fraction,
    *,
    exact: Fraction,
    formula: Fraction,
    factor: Fraction,
    against: Fraction | None,
) -> Fraction | None:
    """What a stay is paid whose cost lies above the high line, by that much."""
    if high["method"] == "standard":
        return exact
    if high["method"] == "excess_ratio":
        return exact + excess * Fraction(high["share"])
    if high["method"] == "excess_points":
        priced = (formula if high["basis"] == "standard" else exact) / (1 if high["coefficient_on_excess"] else factor)
        return None if against is None else exact + excess / against * priced
    return cost


def judge(document: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    """The class, and formula and official value, of a case with weight, cost, mean (or None), level, limits."""
    number = {name: Fraction(value) for name, value in case.items() if name in ("weight", "cost", "mean") and value}
    factor = Fraction(document["coefficients"]["levels"].get(case["level"], document["coefficients"]["default"]))
    unit = (
        Fraction(document["rate"])
        if document["method"] == "rate"
        else Fraction(document["point_value"]) * Fraction(document["points_per_weight"])
    )
    if "weight" not in number:
        return {"class": "no_standard", "formula": None, "official": None}
    weight, cost = number["weight"], number["cost"]
    exact = weight * unit * factor
    formula = to_cents(exact)
    basis = {"standard": formula, "group_mean": number.get("mean")}
    points = weight * Fraction(document["points_per_weight"])

    low, high = document["low"], document["high"]
    at = next(Fraction(tier["at"]) for tier in high["tiers"] if points <= Fraction(tier.get("max_points", "1e12")))
    low_line, high_line = case["limits"].get("low"), case["limits"].get("high")
    low_line = Fraction(low_line) if low_line else multiple(Fraction(low["at"]), basis[low["basis"]])
    high_line = Fraction(high_line) if high_line else multiple(at, basis[high["basis"]])

    kind, official = "normal", exact
    if low_line is not None and cost < low_line:
        kind, official = "low", cost
        if low["method"] == "ratio" and low["basis"] == "group_mean":
            official = None if basis["group_mean"] is None else exact * cost / basis["group_mean"]
    elif high_line is not None and cost >= high_line:
        worth = {"exact": exact, "formula": formula, "factor": factor, "against": basis[high["basis"]]}
        kind, official = "high", above(high, cost, cost - high_line, **worth)
    elif low_line is None or high_line is None:
        official = None
    if official is None:
        kind = "undetermined"
    return {"class": kind, "formula": formula, "official": None if official is None else to_cents(official)}


def multiple(at: Fraction, basis: Fraction | None) -> Fraction | None:
    return None if basis is None else at * basis

"""Scores from costs (病种分值测算), and the value of a point (点值): pure sums over the past years' cases.

Sources: DIP 3.0 版技术规范（征求意见稿）第五章: three years weighted 1:2:7, costs trimmed at the 2.5 and 97.5
percentile, RW = mean cost of the group / mean cost of all cases (or of a benchmark group) x 1000.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from msgspec import Struct

from app.domain.money import ZERO

YEAR_WEIGHTS = (1, 2, 7)  # the earliest year first
TRIM = (Decimal("0.025"), Decimal("0.975"))
SCALE = Decimal(1000)

Costs = Mapping[int, Sequence[Decimal]]  # of each year, in yuan


class GroupScore(Struct, frozen=True, kw_only=True, gc=False):
    """`score` is rounded as asked; `mean_cost` in yuan is not. `cases` and `trimmed` count stays kept and left out."""

    score: Decimal
    mean_cost: Decimal
    cases: int
    trimmed: int


def percentile(ordered: Sequence[Decimal], share: Decimal) -> Decimal:
    """The least value that `share` of all do not exceed (nearest rank). `ordered` rises and is not empty.

    Between two values nothing is interpolated: that would take the ends off every group, however small.
    """
    rank = int((share * len(ordered)).to_integral_value(ROUND_CEILING))
    return ordered[max(rank, 1) - 1]


def trim(costs: Sequence[Decimal], bounds: tuple[Decimal, Decimal] = TRIM) -> list[Decimal]:
    """The costs between the two percentiles, both included, in rising order; never none of them."""
    ordered = sorted(costs)
    if not ordered:
        return []
    low, high = percentile(ordered, bounds[0]), percentile(ordered, bounds[1])
    return [cost for cost in ordered if low <= cost <= high]


def weighted_mean(
    means: Mapping[int, Decimal], weights: Sequence[int] = YEAR_WEIGHTS, latest: int | None = None
) -> Decimal:
    """The years' means by weight, the year `latest` (the last one given) taking the last weight; a year that is not
    there takes none. Raises ValueError where there is no year, or one that no weight is for."""
    if not means:
        raise ValueError("no year has cases: a mean needs at least one")
    last = max(means) if latest is None else latest
    first = last - len(weights) + 1
    if min(means) < first or max(means) > last:
        raise ValueError(f"the {len(weights)} weights are for the years {first} to {last}, not for {min(means)}")
    total = sum(weights[year - first] for year in means)
    return sum((mean * weights[year - first] for year, mean in means.items()), ZERO) / total


def group_scores(
    costs: Mapping[str, Costs],
    *,
    benchmark: str = "",
    base: Decimal | None = None,
    weights: Sequence[int] = YEAR_WEIGHTS,
    bounds: tuple[Decimal, Decimal] = TRIM,
    scale: Decimal = SCALE,
    places: int = 4,
) -> dict[str, GroupScore]:
    """Scores of groups by code from the costs of their stays, in yuan, by year.

    M, what a score of `scale` stands for, is the weighted mean of all kept stays; of the group `benchmark` where that
    is named; or `base` yuan where a fixed amount is given (标准定额法: then with `scale` 1). Stays outside the bounds
    of their group and year are left out before any mean. Raises ValueError for a group without cases, or a base of 0.
    """
    kept = {code: {year: trim(paid, bounds) for year, paid in years.items() if paid} for code, years in costs.items()}
    if empty := [code for code, years in kept.items() if not years]:
        raise ValueError(f"group {empty[0]!r} has no cases: a score cannot be computed")
    if benchmark and benchmark not in kept:
        raise ValueError(f"the benchmark group {benchmark!r} is not among the groups")
    latest = max((year for years in kept.values() for year in years), default=0)
    means = {code: _mean(years, weights, latest) for code, years in kept.items()}
    if base is None:
        base = means[benchmark] if benchmark else _mean_of_all(kept.values(), weights, latest)
    if base <= 0:
        raise ValueError(f"the base is {base} yuan; it must be above 0")
    unit = Decimal(1).scaleb(-places)
    return {
        code: GroupScore(
            score=(mean * scale / base).quantize(unit, ROUND_HALF_UP),
            mean_cost=mean,
            cases=sum(map(len, kept[code].values())),
            trimmed=sum(map(len, costs[code].values())) - sum(map(len, kept[code].values())),
        )
        for code, mean in means.items()
    }


def _mean_of_all(groups: Iterable[Costs], weights: Sequence[int], latest: int) -> Decimal:
    everyone: dict[int, list[Decimal]] = {}
    for years in groups:
        for year, paid in years.items():
            everyone.setdefault(year, []).extend(paid)
    return _mean(everyone, weights, latest)


def _mean(years: Costs, weights: Sequence[int], latest: int) -> Decimal:
    """Weights follow the calendar of all groups: a group that ended early does not take the last year's weight."""
    return weighted_mean({year: sum(paid, ZERO) / len(paid) for year, paid in years.items()}, weights, latest)


def budget_point_value(
    costs: Mapping[int, Decimal], scores: Mapping[int, Decimal], weights: Sequence[int] = YEAR_WEIGHTS
) -> Decimal:
    """年初（预算）点值 in yuan a point: weighted yearly cost / weighted score. Raises ValueError without years."""
    if set(costs) != set(scores):
        raise ValueError("costs and scores must be of the same years")
    total = weighted_mean(scores, weights)
    if total <= 0:
        raise ValueError("the total score must be above 0")
    return weighted_mean(costs, weights) / total


def clearing_point_value(fund: Decimal, fund_share: Decimal, total_score: Decimal) -> Decimal:
    """结算点值 in yuan a point: (fund for DIP in yuan / the fund's share of costs) / total score of all hospitals.

    Raises ValueError for a share that is not above 0 and at most 1, or a score that is not above 0.
    """
    if not 0 < fund_share <= 1:
        raise ValueError(f"the fund share is {fund_share}; it must be above 0 and at most 1")
    if total_score <= 0:
        raise ValueError(f"the total score is {total_score}; it must be above 0")
    return fund / fund_share / total_score


def hospital_settlement(
    scores: Sequence[Decimal],
    point_value: Decimal,
    fund_share: Decimal,
    assessment: Decimal = Decimal(1),
    deductions: Decimal = ZERO,
) -> Decimal:
    """What the fund owes a hospital, in yuan, not rounded: Σ(score x point value x share) x assessment - deductions."""
    return sum(scores, ZERO) * point_value * fund_share * assessment - deductions

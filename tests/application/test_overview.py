"""Overview: figures divide by what there is, and days without findings are told too."""

from datetime import date
from typing import Any

import pytest

from app.application.overview import added, figures_of, filled, grain_of, override_rate, precision
from app.domain.review import ReviewState
from app.store.overviews import AppealSums
from app.store.review_counts import MEASURES
from app.store.reviews import Facet, Grain, Overview


def facet(key: str = "", **sums: int) -> Facet:
    return Facet(key, **{**dict.fromkeys(MEASURES, 0), **sums})


def values(total: Facet, states: dict[ReviewState, Facet] | None = None, appeals: AppealSums = AppealSums()) -> Any:  # noqa: B008
    return {one.name: one.value for one in figures_of(total, states or {}, appeals)}


def test_without_findings_there_are_no_shares() -> None:
    told = values(added([]))
    assert told["findings"] == told["amount"] == told["avoided_amount"] == 0
    shares = ("compliance_rate", "override_rate", "answer_rate", "precision", "appeal_success_rate")
    assert {told[name] for name in shares} == {None}


def test_each_figure_follows_its_formula() -> None:
    total = facet(
        total=20, amount_cents=9_000, confirmed=6, confirmed_cents=4_000, false_positive=3, excepted=1, lapsed=2,
        refund_cents=1_500, overridden=2, answered=8,
    )  # fmt: skip
    told = values(total, {ReviewState.LAPSED: facet("lapsed", total=2, amount_cents=700)}, AppealSums(5, 1, 3))
    assert told == {
        "findings": 20, "amount": 9_000, "confirmed": 6, "confirmed_amount": 4_000, "avoided_amount": 700,
        "refund_amount": 1_500, "compliance_rate": 0.75, "override_rate": 0.25, "answer_rate": 0.4, "precision": 0.6,
        "appeal_success_rate": 0.25,
    }  # fmt: skip
    assert precision(total) == 0.6
    assert override_rate(total) == 0.25


def test_sums_add_up() -> None:
    assert added([facet("a", total=2, answered=1), facet("b", total=3)]) == facet(total=5, answered=1)


@pytest.mark.parametrize(
    ("first", "last", "grain", "count"),
    [
        (date(2026, 3, 1), date(2026, 3, 1), Grain.DAY, 1),
        (date(2026, 3, 1), date(2026, 5, 1), Grain.DAY, 62),
        (date(2026, 3, 1), date(2026, 5, 2), Grain.MONTH, 3),
        (date(2025, 12, 31), date(2026, 3, 31), Grain.MONTH, 4),
    ],
)
def test_every_day_or_month_is_told(first: date, last: date, grain: Grain, count: int) -> None:
    assert grain_of(first, last) is grain
    hit = facet(f"{last:%Y%m%d}" if grain is Grain.DAY else f"{last:%Y%m}", total=7)
    series = filled([hit], Overview(first=first, last=last), grain)
    assert len(series) == count
    assert series[-1] == hit
    assert sum(one.total for one in series) == 7

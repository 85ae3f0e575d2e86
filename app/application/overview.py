"""Overview (统计看板): what the sums of reviews say of a period, each figure with the formula it comes from."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from app.domain.access import Scope
from app.domain.review import ReviewState
from app.store.overviews import AppealSums, FeeSums, OverviewStore
from app.store.review_counts import MEASURES, Axis
from app.store.reviews import Facet, Grain, Overview, ReviewStore

MOST_DAYS = 62  # that are told day by day; a longer time is told by month
LONGEST_DAYS = 3660
MOST_ROWS = 50
_NOTHING = Facet("", *[0] * len(MEASURES))


class Figure(NamedTuple):
    """One number: a count, an amount in cents, or a share; None: there is nothing to divide by. `formula` says in
    Chinese how it comes about.
    """

    name: str
    label: str
    unit: str  # count, cents, share
    value: int | float | None
    formula: str


class Told(NamedTuple):
    """`total` sums up all reviews of the period."""

    wanted: Overview
    grain: Grain
    total: Facet
    states: Mapping[ReviewState, Facet]
    appeals: AppealSums
    figures: tuple[Figure, ...]
    departments: list[Facet]
    rules: list[Facet]
    practitioners: list[Facet]
    series: list[Facet]


class Overviews:
    def __init__(self, reviews: ReviewStore, store: OverviewStore) -> None:
        self._reviews, self._store = reviews, store

    async def tell(self, wanted: Overview, scope: Scope, most: int = MOST_ROWS) -> Told:
        """Raises Unavailable."""
        grain = grain_of(wanted.first, wanted.last)
        facets = self._reviews.facets
        states, departments, rules, practitioners, series, appeals = await asyncio.gather(
            facets(wanted, scope, Axis.STATE),
            facets(wanted, scope, None, most),
            facets(wanted, scope, Axis.RULE, most),
            facets(wanted, scope, Axis.PRACTITIONER, most),
            self._reviews.series(wanted, scope, grain),
            self._store.appeals(wanted, scope),
        )
        by_state = {ReviewState(one.key): one for one in states}
        total = added(states)
        figures = figures_of(total, by_state, appeals)
        return Told(
            wanted, grain, total, by_state, appeals, figures, departments, rules, practitioners,
            filled(series, wanted, grain),
        )  # fmt: skip

    async def fees(self, wanted: Overview, scope: Scope) -> list[FeeSums]:
        """By month. Raises Unavailable."""
        return await self._store.fees(wanted.first, wanted.last, wanted.facilities, scope)

    async def facilities(self, scope: Scope, last: date) -> list[str]:
        """Those that had findings within the year before."""
        wanted = Overview(first=last - timedelta(days=365), last=last)
        found = await self._reviews.facets(wanted, scope, None, 1000)
        return sorted({one.key.rpartition("/")[0] for one in found})


def grain_of(first: date, last: date) -> Grain:
    return Grain.DAY if (last - first).days < MOST_DAYS else Grain.MONTH


def added(facets: Sequence[Facet]) -> Facet:
    sums = [sum(column) for column in zip(*[one[1:] for one in facets], strict=True)]
    return Facet("", *sums) if facets else _NOTHING


def filled(series: Sequence[Facet], wanted: Overview, grain: Grain) -> list[Facet]:
    """With the days or months in which nothing was found."""
    found = {one.key: one for one in series}
    day, keys = wanted.first, dict[str, None]()
    while day <= wanted.last:
        keys[f"{day:%Y%m%d}" if grain is Grain.DAY else f"{day:%Y%m}"] = None
        day += timedelta(days=1)
    return [found.get(key, _NOTHING._replace(key=key)) for key in keys]


def decided(one: Facet) -> int:
    return one.confirmed + one.false_positive + one.excepted


def precision(one: Facet) -> float | None:
    return share(one.confirmed, decided(one))


def override_rate(one: Facet) -> float | None:
    return share(one.overridden, one.answered)


def share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def figures_of(total: Facet, states: Mapping[ReviewState, Facet], appeals: AppealSums) -> tuple[Figure, ...]:
    avoided = states.get(ReviewState.LAPSED, _NOTHING).amount_cents
    heard = appeals.granted + appeals.rejected
    return (
        Figure("findings", "疑点数", "count", total.total, "期间内首次发现的疑点条数（不含试运行规则）"),
        Figure("amount", "涉及金额", "cents", total.amount_cents, "上述疑点的涉及金额之和，金额不明的不计"),
        Figure("confirmed", "确认违规", "count", total.confirmed, "已确认的疑点条数，含申诉、整改中和已办结的"),
        Figure("confirmed_amount", "确认违规金额", "cents", total.confirmed_cents, "已确认疑点的涉及金额之和"),
        Figure(
            "avoided_amount", "事前避免金额", "cents", avoided,
            "状态为“已消失”的疑点涉及金额之和：提醒后修改，同一就诊再次审核已不再发现，且未经人工处理",
        ),
        Figure(
            "refund_amount", "事后追回金额", "cents", total.refund_cents, "期间内疑点在整改中登记的退回金额之和"
        ),
        Figure(
            "compliance_rate", "遵从率", "share", share(total.answered - total.overridden, total.answered),
            "（医生已答复的疑点 − 其中坚持执行或适用例外的）÷ 医生已答复的疑点；未答复的不计入",
        ),
        Figure(
            "override_rate", "坚持执行率", "share", override_rate(total),
            "答复为坚持执行或适用例外的疑点 ÷ 医生已答复的疑点",
        ),
        Figure("answer_rate", "答复率", "share", share(total.answered, total.total), "医生已答复的疑点 ÷ 全部疑点"),
        Figure(
            "precision", "准确率", "share", precision(total),
            "确认违规 ÷（确认违规 + 误报 + 合理例外）；未作决定和已消失的不计入",
        ),
        Figure(
            "appeal_success_rate", "申诉成功率", "share", share(appeals.granted, heard),
            "期间内申诉成立的次数 ÷ 期间内作出决定的申诉次数（成立 + 驳回），每一轮各计一次",
        ),
    )  # fmt: skip

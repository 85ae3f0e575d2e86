"""Charts of the dashboard (看板图表): options for ECharts, of the same numbers that stand in the tables beside them."""

from collections.abc import Callable, Sequence
from typing import Any

from app.application.overview import Told
from app.domain.review import ReviewState
from app.store.reviews import Facet

_MOST_BARS = 10
_LONGEST = 11  # characters of a name beside a bar
_LINE = {"length": 8, "length2": 6}
_BLUE, _RED, _ORANGE = "#1456c8", "#c9252d", "#ad5700"
_GROUPS = (
    ("待处理", (ReviewState.OPEN, ReviewState.IN_REVIEW, ReviewState.AWAITING_SECOND), "#5b95ff"),
    ("确认违规", (ReviewState.CONFIRMED,), _RED),
    (
        "申诉中",
        (
            ReviewState.FIRST_APPEAL, ReviewState.FIRST_REJECTED, ReviewState.SECOND_APPEAL,
            ReviewState.SECOND_REJECTED, ReviewState.FINAL_APPEAL,
        ),
        "#6a3fb5",
    ),
    ("整改中", (ReviewState.RECTIFYING, ReviewState.RECTIFIED), _ORANGE),
    ("已办结", (ReviewState.CLOSED,), "#1b7a3d"),
    ("误报或例外", (ReviewState.FALSE_POSITIVE, ReviewState.EXCEPTED), "#8a93a3"),
    ("已消失", (ReviewState.LAPSED,), "#c4c9d2"),
)  # fmt: skip


def trend_chart(told: Told) -> dict[str, Any]:
    return {
        "grid": {"left": 56, "right": 64, "top": 36, "bottom": 28},
        "tooltip": {"trigger": "axis"},
        "xAxis": {"type": "category", "data": [in_time(one.key) for one in told.series]},
        "yAxis": [
            {"type": "value", "name": "条", "minInterval": 1},
            {"type": "value", "name": "元", "splitLine": {"show": False}},
        ],
        "series": [
            _series("疑点", "bar", [one.total for one in told.series], _BLUE),
            _series("确认违规", "bar", [one.confirmed for one in told.series], _RED),
            {**_series("涉及金额", "line", [one.amount_cents / 100 for one in told.series], _ORANGE), "yAxisIndex": 1},
        ],
    }


def state_chart(told: Told) -> dict[str, Any]:
    data = [
        {"name": name, "value": count, "itemStyle": {"color": colour}}
        for name, states, colour in _GROUPS
        if (count := sum(told.states[one].total for one in states if one in told.states))
    ]
    label = {"formatter": "{b} {c}", "overflow": "none", "fontSize": 11}
    pie = {"type": "pie", "radius": ["24%", "40%"], "data": data, "label": label, "labelLine": _LINE}
    return {"tooltip": {"trigger": "item"}, "series": [pie]}


def ranking_chart(facets: Sequence[Facet], name: Callable[[str], str]) -> dict[str, Any]:
    """Those with the highest amounts, the highest on top."""
    shown = sorted(facets, key=lambda one: (-one.amount_cents, -one.total))[:_MOST_BARS][::-1]
    return {
        "grid": {"left": 8, "right": 24, "top": 8, "bottom": 8, "containLabel": True},
        "tooltip": {"trigger": "axis"},
        "xAxis": {"type": "value", "splitNumber": 2, "axisLabel": {"hideOverlap": True}},
        "yAxis": {"type": "category", "data": [_short(name(one.key)) for one in shown]},
        "series": [
            _series("涉及金额（元）", "bar", [one.amount_cents / 100 for one in shown], _BLUE),
            _series("确认金额（元）", "bar", [one.confirmed_cents / 100 for one in shown], _RED),
        ],
    }


def in_time(key: str) -> str:
    """20260301 as 03-01, 202603 as 2026-03."""
    return f"{key[4:6]}-{key[6:]}" if len(key) > 6 else f"{key[:4]}-{key[4:]}"


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"


def _series(name: str, kind: str, data: list[Any], colour: str) -> dict[str, Any]:
    return {"name": name, "type": kind, "data": data, "itemStyle": {"color": colour}}


def quality_chart(months: Sequence[Facet]) -> dict[str, Any]:
    """What became of a rule's findings, by the month in which they were found."""
    stacked = {
        "确认违规": (_RED, [one.confirmed for one in months]),
        "误报或例外": ("#8a93a3", [one.false_positive + one.excepted for one in months]),
        "已消失": ("#c4c9d2", [one.lapsed for one in months]),
        "未处理": ("#5b95ff", [one.undecided for one in months]),
    }
    series = [{**_series(name, "bar", data, colour), "stack": "all"} for name, (colour, data) in stacked.items()]
    return {
        "grid": {"left": 48, "right": 16, "top": 36, "bottom": 28},
        "tooltip": {"trigger": "axis"},
        "xAxis": {"type": "category", "data": [in_time(one.key) for one in months]},
        "yAxis": {"type": "value", "minInterval": 1},
        "series": series,
    }

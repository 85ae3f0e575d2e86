"""Rule library (规则库): every rule in force with what became of its findings, and one rule whole."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Request, Response

from app.application.rule_quality import RuleQualities, RuleQuality
from app.domain.access import Permission
from app.domain.labels import STAGE_LABELS
from app.domain.working_days import day_of
from app.engine.compiled import RuleHead
from app.engine.kinds import KINDS
from app.engine.ruleset import Ruleset
from app.interfaces.caller import SignedIn
from app.interfaces.console.dashboard_charts import quality_chart
from app.interfaces.console.pages import Pages
from app.interfaces.console.period import Period, period_of, quick_periods
from app.interfaces.console.point_labels import POINT_LABELS
from app.interfaces.console.rule_words import told_parameters, told_value
from app.knowledge.rule import Status

PATH = "/console/rules"
STATUS_LABELS = {Status.TRIAL: "试运行", Status.ACTIVE: "启用"}
POINTS_SHOWN = 100
_MONTHS = 12
_DAYS = 90
_OPEN_END = 9999
_NEVER = "0"  # before every day
_LATEST_FIRST = {"last"}
_LONGEST_SEARCH = 50
_SORTED: dict[str, Callable[[RuleQuality], Any]] = {
    "hits": lambda one: -one.sums.total,
    "amount": lambda one: -one.sums.amount_cents,
    "precision": lambda one: _unknown_last(one.precision),
    "override": lambda one: -(one.override_rate or 0),
    "false": lambda one: -one.sums.false_positive,
    "last": lambda one: one.last_hit or _NEVER,
    "title": lambda one: one.head.title,
}


def rule_pages(pages: Pages, ruleset: Callable[[], Ruleset], qualities: RuleQualities) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get(PATH)
    async def show(request: Request, caller: SignedIn) -> Response:
        current, query = ruleset(), request.query_params
        period = period_of(query, days=_DAYS)
        found = await qualities.of_all(current, period.first, period.last, caller.scope)
        shown = _sorted(_filtered(found, query), query.get("sort", ""))
        return pages.page(
            request, "rules.html", title="规则库", rules=shown, all_rules=found, revision=current.revision,
            period=period, query=query, quick=quick_periods(), status_labels=STATUS_LABELS, stage_labels=STAGE_LABELS,
            categories=sorted({one.head.category for one in found}), kinds=KINDS, today=day_of(datetime.now(UTC)),
            path=lambda **changes: _path(query, changes), may_read_findings=caller.may(Permission.FINDING_READ),
        )  # fmt: skip

    _add_rule(routes, pages, ruleset, qualities)
    return routes


def _add_rule(routes: APIRouter, pages: Pages, ruleset: Callable[[], Ruleset], qualities: RuleQualities) -> None:
    @routes.get(f"{PATH}/{{rule_id}}")
    async def show_one(request: Request, rule_id: str, caller: SignedIn) -> Response:
        current, period = ruleset(), period_of(request.query_params, days=_DAYS)
        head = current.rules.get(rule_id)
        if head is None:
            return pages.page(request, "no_rule.html", title="规则不存在", status=404, rule_id=rule_id[:100])
        quality = await qualities.of_one(current, head, period.first, period.last, caller.scope)
        months = await qualities.by_month(head, _months_back(period), period.last, caller.scope)
        return pages.page(
            request, "rule.html", title=head.title, rule=head, quality=quality, period=period, months=months,
            chart=quality_chart(months), periods=_periods(current, head), kind=KINDS[head.kind],
            status_labels=STATUS_LABELS, stage_labels=STAGE_LABELS, revision=current.revision,
            may_read_findings=caller.may(Permission.FINDING_READ), **_points(current, head, ""),
        )  # fmt: skip

    @routes.get(f"{PATH}/{{rule_id}}/points")
    def search_points(rule_id: str, q: str = "") -> Response:
        current = ruleset()
        head = current.rules.get(rule_id)
        if head is None:
            return pages.part("_fault.html", status=404, fault="该规则已不在现行规则库中，请刷新页面。")
        return pages.part("_rule_points.html", rule=head, **_points(current, head, q.strip()[:_LONGEST_SEARCH]))


def _filtered(found: Sequence[RuleQuality], query: Any) -> list[RuleQuality]:
    words = query.get("q", "").strip().lower()[:_LONGEST_SEARCH]
    tests: dict[str, Callable[[RuleHead], Any]] = {
        "status": lambda head: head.status,
        "severity": lambda head: head.severity,
        "category": lambda head: head.category,
    }
    asked = {name: read for name, read in tests.items() if query.get(name)}
    return [
        one
        for one in found
        if all([read(one.head) == query[name] for name, read in asked.items()])
        and (not query.get("stage") or query["stage"] in one.head.stages)
        and (not words or any([words in text.lower() for text in _texts(one.head)]))
    ]


def _texts(head: RuleHead) -> tuple[str, ...]:
    return head.title, head.id, head.code, head.rule_class, head.category


def _sorted(found: list[RuleQuality], by: str) -> list[RuleQuality]:
    return sorted(found, key=_SORTED.get(by, _SORTED["hits"]), reverse=by in _LATEST_FIRST)


def _unknown_last(value: float | None) -> float:
    """The least precise rules first."""
    return 2.0 if value is None else value


def _path(query: Any, changes: dict[str, str]) -> str:
    pairs = {**{name: value for name, value in query.items() if value}, **changes}
    return f"{PATH}?{urlencode({name: value for name, value in pairs.items() if value})}"


def _months_back(period: Period) -> date:
    first = period.last.replace(day=1)
    for _ in range(_MONTHS - 1):
        first = (first - timedelta(days=1)).replace(day=1)
    return min(first, period.first)


def _periods(ruleset: Ruleset, head: RuleHead) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """From, to, and the parameters; blank: without a beginning or an end."""
    return [
        (
            "" if period.start.year == 1 else period.start.isoformat(),
            "" if period.end.year == _OPEN_END else period.end.isoformat(),
            told_parameters(msgspec.msgpack.decode(period.parameters)),
        )
        for period in ruleset.periods_of(head)
    ]


def _points(ruleset: Ruleset, head: RuleHead, words: str) -> dict[str, Any]:
    """What the table of knowledge points shows."""
    found = _matching(ruleset, head, words.lower())
    return {
        "points": found[:POINTS_SHOWN],
        "more": len(found) > POINTS_SHOWN,
        "columns": _columns(ruleset, head),
        "cell": _cell,
        "point_labels": POINT_LABELS,
        "q": words,
    }


def _columns(ruleset: Ruleset, head: RuleHead) -> list[str]:
    """The fields that any of the first points fills."""
    names: dict[str, None] = {}
    for point in islice(ruleset.each_point(head), POINTS_SHOWN):
        names |= dict.fromkeys([name for name in point.__struct_fields__ if _cell(point, name)])
    return list(names)


def _cell(point: Any, name: str) -> str:
    return told_value(name, getattr(point, name))


def _matching(ruleset: Ruleset, head: RuleHead, words: str) -> list[Any]:
    found = []
    for point in ruleset.each_point(head):
        if not words or any([words in _cell(point, name).lower() for name in point.__struct_fields__]):
            found.append(point)
            if len(found) > POINTS_SHOWN:
                break
    return found

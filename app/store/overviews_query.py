"""Reads overviews with SQLAlchemy, from either database (全院概览查询)."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Numeric,
    Select,
    Text,
    case,
    cast,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from app.domain.access import EVERYWHERE, Scope
from app.domain.alert import AlertOutcome, Answer, Tier
from app.domain.decision import Decision
from app.domain.disposition import Action
from app.domain.line import FormularyClass
from app.domain.review import ReviewAction
from app.store.overviews import AppealSums, AuditSums, FeeSums, KeptBack, Told
from app.store.packing import microseconds
from app.store.review_counts import APPEALS, CHINA, OF_APPEALS, Axis, first_moment
from app.store.review_filters import among, within
from app.store.review_overview import signed, spans_of
from app.store.review_tables import review_counts, review_steps, reviews
from app.store.reviews import Overview
from app.store.sealing import moment
from app.store.tables import alerts, audits, dispositions, history_lines
from app.store.vault import Vault

Ask = Callable[[Any, Scope], Awaitable[list[Any]]]  # rows, as tuples, of what the scope covers

_STEP, _ONE, _ALERT, _SAID, _LINE = review_steps.c, reviews.c, alerts.c, dispositions.c, history_lines.c
_CELL = review_counts.c
_FIRST_DAY = 1_000_000  # periods before it are months
_LOOKED_THROUGH = 200_000  # alerts, the latest ones
_GRANTED = (ReviewAction.GRANT, ReviewAction.GRANT_EXCEPTION)
_ANSWERED = {Answer.ACCEPTED: Action.REVISE, Answer.OVERRIDDEN: Action.PROCEED}
_DAY, _LONGEST_STAY, _TOLD_LATE = timedelta(days=1), timedelta(days=1100), timedelta(days=62)


class OverviewsQuery:
    def __init__(self, ask: Ask, vault: Vault, *, is_postgres: bool) -> None:
        self._ask, self._vault, self._is_postgres = ask, vault, is_postgres

    async def audits(self, since: datetime, scope: Scope) -> AuditSums | None:
        if scope.campuses is not None or scope.departments is not None or scope.practitioner:
            return None
        tests = [audits.c.recorded_at >= microseconds(since)]
        if scope.facilities is not None:
            tests.append(audits.c.facility.in_(sorted(scope.facilities)))
        blocked = func.count(case((audits.c.decision == Decision.BLOCK.value, 1)))
        ((total, stopped),) = await self._ask(select(func.count(), blocked).where(*tests), scope)
        return AuditSums(total, stopped)

    async def appeals(self, wanted: Overview, scope: Scope) -> AppealSums:
        is_kept = not (wanted.rules or wanted.practitioners or scope.practitioner)
        rows = await self._ask(_kept_appeals(wanted, scope) if is_kept else _appeals(wanted, scope), scope)
        found = {ReviewAction(action): int(count) for action, count in rows}
        granted = sum(found.get(one, 0) for one in _GRANTED)
        return AppealSums(found.get(ReviewAction.APPEAL, 0), granted, found.get(ReviewAction.REJECT, 0))

    async def last_hits(self, rules: Sequence[str], scope: Scope) -> dict[str, str]:
        if not rules:
            return {}
        if scope == EVERYWHERE:
            rule = self._each(rules)
            latest = select(func.max(_ONE.first_found_at)).where(_ONE.rule == rule).scalar_subquery()
            rows = await self._ask(select(rule, latest), scope)  # one look into the index for each
        elif scope.practitioner:
            own = select(_ONE.rule, func.max(_ONE.first_found_at)).where(*within(scope, reviews))
            rows = await self._ask(own.where(_ONE.rule.in_(list(rules))).group_by(_ONE.rule), scope)
        else:
            return await self._last_months(rules, scope)
        return {rule: f"{moment(at).astimezone(CHINA):%Y-%m-%d}" for rule, at in rows if at is not None}

    async def _last_months(self, rules: Sequence[str], scope: Scope) -> dict[str, str]:
        """From the sums: to look for the latest one in some departments could mean to look through all."""
        tests = [_CELL.axis == Axis.RULE.value, _CELL.period < _FIRST_DAY, _CELL.total > 0]
        tests += [_CELL.key.in_(list(rules)), *within(scope, review_counts)]
        asked = select(_CELL.key, func.max(_CELL.period)).where(*tests).group_by(_CELL.key)
        return {rule: f"{month // 100}-{month % 100:02d}" for rule, month in await self._ask(asked, scope)}

    async def told(self, findings: Sequence[str], scope: Scope) -> dict[str, Told]:
        if not findings:
            return {}
        shown = select(
            _ALERT.finding, _ALERT.outcome, _ALERT.tier, _ALERT.answer, _ALERT.reason, _ALERT.wait_ms,
            _ALERT.recorded_at,
        ).where(_ALERT.finding.in_(list(findings)))  # fmt: skip
        said = select(_SAID.finding, _SAID.action, _SAID.reason, _SAID.recorded_at, _SAID.caller)
        said = said.where(_SAID.finding.in_(list(findings)), _SAID.is_known)
        told: dict[str, Told] = {}
        for row in await self._ask(shown.order_by(_ALERT.seq), scope):
            told[row[0]] = _with_alert(told.get(row[0], Told()), row)
        for finding, action, sealed, at, caller in await self._ask(said.order_by(_SAID.seq), scope):
            before, reason = told.get(finding, Told()), self._vault.open_text("dispositions", (finding, caller), sealed)
            told[finding] = before._replace(
                action=Action(action), reason=reason or before.reason, answered_at=moment(at)
            )
        return told

    async def kept_back(self, scope: Scope, *, rule: str = "", before: int | None = None, size: int) -> list[KeptBack]:
        newest = select(func.coalesce(func.max(_ALERT.seq), 0)).scalar_subquery()
        tests = [_ALERT.outcome != AlertOutcome.SHOWN.value, *within(scope, reviews)]
        tests.append(_ALERT.seq > newest - _LOOKED_THROUGH)
        if rule:
            tests.append(_ALERT.rule == rule)
        if before is not None:
            tests.append(_ALERT.seq < before)
        asked = (
            select(
                _ALERT.seq, _ALERT.finding, _ALERT.rule, _ALERT.facility, _ALERT.encounter, _ONE.department,
                _ONE.practitioner, _ONE.patient_key, _ALERT.tier, _ALERT.outcome, _ALERT.recorded_at,
            )
            .select_from(alerts.join(reviews, _ONE.id == _ALERT.finding))
            .where(*tests)
            .order_by(_ALERT.seq.desc())
            .limit(size)
        )  # fmt: skip
        return [
            KeptBack._make([*told, Tier(tier), AlertOutcome(outcome), moment(at)])
            for *told, tier, outcome, at in await self._ask(asked, scope)
        ]

    async def fees(self, first: date, last: date, facilities: Sequence[str], scope: Scope) -> list[FeeSums]:
        # The month is that of the encounter's first day as first told, and decides which partitions are looked into.
        months = _month(first - _LONGEST_STAY), _month(last + _TOLD_LATE)
        tests: list[ColumnElement[bool]] = [_LINE.month.between(*months), _LINE.service_date.between(first, last)]
        tests += [_LINE.is_charge, ~_LINE.is_withdrawn]
        tests += within(scope, history_lines)
        if facilities:
            tests.append(among(_LINE.facility, list(facilities)))
        day = _LINE.service_date
        month = func.extract("year", day) * 100 + func.extract("month", day) if self._is_postgres else None
        period: ColumnElement[Any] = func.substr(cast(day, Text), 1, 7) if month is None else month
        cents, formulary = self._cents(), func.coalesce(self._text("formulary_class"), "")
        sums = [
            func.sum(cents),
            func.sum(case((formulary == FormularyClass.C.value, cents), else_=0)),
            func.sum(case((formulary == "", cents), else_=0)),
        ]
        asked = select(period, *[cast(one, BigInteger) for one in sums]).where(*tests).group_by(period)
        rows = await self._ask(asked, scope)
        found = [FeeSums(int(str(when).replace("-", "")), *[int(one or 0) for one in told]) for when, *told in rows]
        return sorted(found)

    def _each(self, values: Sequence[str]) -> ColumnElement[Any]:
        """The values as rows, in one parameter."""
        if self._is_postgres:
            return func.unnest(cast(list(values), ARRAY(Text))).table_valued("value").render_derived().c.value
        return func.json_each(msgspec.json.encode(values).decode()).table_valued("value").c.value

    def _text(self, name: str) -> ColumnElement[Any]:
        """A field of the line as it was sent, as text; NULL where it was not."""
        if self._is_postgres:
            found: ColumnElement[Any] = cast(_LINE.content, JSONB)[name].astext
            return found
        return func.json_extract(_LINE.content, f"$.{name}")

    def _cents(self) -> ColumnElement[Any]:
        amount, price, quantity = [cast(self._text(name), Numeric) for name in ("amount", "unit_price", "quantity")]
        return func.round(func.coalesce(amount, price * func.coalesce(quantity, 1), 0) * 100)


def _kept_appeals(wanted: Overview, scope: Scope) -> Select[Any]:
    spans = spans_of(wanted.first, wanted.last)
    times = or_(*[_CELL.period.between(one.first, one.last) for one in spans])
    tests = [_CELL.axis == OF_APPEALS, times, *within(scope, review_counts)]
    named = {_CELL.facility: wanted.facilities, _CELL.department: wanted.departments}
    tests += [among(column, values) for column, values in named.items() if values]
    return select(_CELL.key, func.sum(signed(_CELL.total, spans))).where(*tests).group_by(_CELL.key)


def _appeals(wanted: Overview, scope: Scope) -> Select[Any]:
    tests = [
        _STEP.action.in_([one.value for one in APPEALS]),
        _STEP.recorded_at >= microseconds(first_moment(_number(wanted.first))),
        _STEP.recorded_at < microseconds(first_moment(_number(wanted.last + _DAY))),
    ]
    source = review_steps.join(reviews, _ONE.id == _STEP.review)
    asked = select(_STEP.action, func.count()).select_from(source).where(*tests, *within(scope, reviews))
    return asked.where(*_named(wanted)).group_by(_STEP.action)


def _with_alert(before: Told, row: Sequence[Any]) -> Told:
    """The latest showing counts; what was never shown tells why."""
    _, outcome, tier, answer, reason, wait_ms, at = row
    is_shown = outcome == AlertOutcome.SHOWN
    if before.times_shown and not is_shown:
        return before
    told = before._replace(outcome=AlertOutcome(outcome), tier=Tier(tier), times_shown=before.times_shown + is_shown)
    if not answer:
        return told
    answered_at = None if wait_ms is None else moment(at) + timedelta(milliseconds=wait_ms)
    return told._replace(
        action=_ANSWERED[Answer(answer)], reason=reason or before.reason, wait_ms=wait_ms, answered_at=answered_at
    )


def _named(wanted: Overview) -> list[ColumnElement[bool]]:
    named = {
        _ONE.facility: wanted.facilities,
        _ONE.department: wanted.departments,
        _ONE.rule: wanted.rules,
        _ONE.practitioner: wanted.practitioners,
    }
    return [among(column, values) for column, values in named.items() if values]


def _month(day: date) -> int:
    return day.year * 100 + day.month


def _number(day: date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day

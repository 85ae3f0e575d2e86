"""Reads alerts with SQLAlchemy, from either database (提醒查询): what staff ask, and what an answer needs."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, exists, func, select

from app.domain.alert import AlertOutcome, Answer, Tier
from app.store.alerts import Alert, RuleAlerts
from app.store.packing import microseconds
from app.store.tables import alerts

Rows = Callable[[Select[Any]], Awaitable[list[Any]]]  # what a query gives, row by row, as tuples

_MOST_WAITS = 10_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE = alerts.c


class AlertsQuery:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def members(self, leads: Sequence[str]) -> dict[str, tuple[str, ...]]:
        later = alerts.alias()
        is_latest = ~exists().where(
            and_(later.c.lead == _ONE.lead, later.c.seq > _ONE.seq, later.c.audit != _ONE.audit)
        )
        asked = select(_ONE.lead, _ONE.finding).where(_ONE.lead.in_(leads), _ONE.lead != "", is_latest)
        found: dict[str, tuple[str, ...]] = {}
        for lead, finding in await self._rows(asked.order_by(_ONE.seq)):
            if finding not in found.get(lead, ()):
                found[lead] = (*found.get(lead, ()), finding)
        return found

    async def shown(self, facility: str, encounter: str, audit: str) -> list[str]:
        asked = select(_ONE.finding).where(
            _ONE.facility == facility,
            _ONE.encounter == encounter,
            _ONE.audit == audit,
            _ONE.outcome == AlertOutcome.SHOWN,
        )
        return [finding for (finding,) in await self._rows(asked.order_by(_ONE.seq))]

    async def kept_back(self, facility: str, encounter: str, limit: int) -> list[Alert]:
        """Without what was shown after all, as it could not be recorded in time that it was not."""
        shown = alerts.alias()
        was_shown = exists().where(
            and_(
                shown.c.facility == _ONE.facility,
                shown.c.encounter == _ONE.encounter,
                shown.c.audit == _ONE.audit,
                shown.c.finding == _ONE.finding,
                shown.c.outcome == AlertOutcome.SHOWN,
            )
        )
        asked = (
            select(
                _ONE.audit, _ONE.finding, _ONE.lead, _ONE.rule, _ONE.facility, _ONE.encounter, _ONE.hook, _ONE.tier,
                _ONE.outcome, _ONE.recorded_at,
            )
            .where(_ONE.facility == facility, _ONE.encounter == encounter)
            .where(_ONE.outcome != AlertOutcome.SHOWN, ~was_shown)
            .order_by(_ONE.seq.desc())
            .limit(limit)
        )  # fmt: skip
        return [_alert(row) for row in await self._rows(asked)]

    async def of_rule(self, rule: str, since: datetime) -> RuleAlerts:
        of_it = and_(_ONE.rule == rule, _ONE.recorded_at >= microseconds(since))
        counted = select(_ONE.outcome, _ONE.answer, _ONE.reason, func.count()).where(of_it)
        groups = await self._rows(counted.group_by(_ONE.outcome, _ONE.answer, _ONE.reason))
        waited = select(_ONE.wait_ms).where(of_it, _ONE.wait_ms.is_not(None))
        waits = await self._rows(waited.order_by(_ONE.recorded_at.desc()).limit(_MOST_WAITS))
        overridden = _sums((reason, count) for _, answer, reason, count in groups if answer == Answer.OVERRIDDEN)
        return RuleAlerts(
            outcomes=_sums((outcome, count) for outcome, _, _, count in groups),
            accepted=sum(count for _, answer, _, count in groups if answer == Answer.ACCEPTED),
            overridden=overridden,
            waits=[wait for (wait,) in waits],
        )


def _sums(counts: Iterable[tuple[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, count in counts:
        found[name] = found.get(name, 0) + count
    return dict(sorted(found.items()))


def _alert(row: Sequence[Any]) -> Alert:
    *told, tier, outcome, at = row
    return Alert._make((*told, Tier(tier), AlertOutcome(outcome), _EPOCH + timedelta(microseconds=at)))

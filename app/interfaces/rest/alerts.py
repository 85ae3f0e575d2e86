"""GET /v1/alerts/suppressed and /v1/rules/{id}/alerts: what doctors were not shown, and how a rule is received."""

from datetime import UTC, datetime, timedelta
from statistics import quantiles
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from app.application.authorise import check_everywhere, check_facility
from app.application.follow_ruleset import RulesetFollower
from app.domain.alert import AlertOutcome, Tier
from app.interfaces.caller import SignedIn
from app.interfaces.errors import not_found
from app.store.alerts import AlertStore, RuleAlerts

_MOST = 1000


class SuppressedAlert(BaseModel):
    audit: str
    finding: str
    rule: str
    hook: str
    tier: Tier
    why: AlertOutcome
    recorded_at: datetime


class SuppressedAlerts(BaseModel):
    """The latest first, at most 1,000."""

    facility: str
    encounter: str
    alerts: list[SuppressedAlert]


class WaitTimes(BaseModel):
    """Seconds from a card to its answer, half and nine tenths of the answers being quicker."""

    count: int
    median: float
    p90: float


class RuleAlertCounts(BaseModel):
    """`shown` holds those without an answer too: that nobody answered does not mean that anybody agreed."""

    rule: str
    days: int
    fired: int
    shown: int
    suppressed: dict[AlertOutcome, int]
    accepted: int
    overridden: int
    override_reasons: dict[str, int]
    unanswered: int
    seconds_to_answer: WaitTimes | None


def alert_router(alerts: AlertStore, rulesets: RulesetFollower) -> APIRouter:
    routes = APIRouter()
    _add_suppressed(routes, alerts)
    _add_counts(routes, alerts, rulesets)
    return routes


def _add_suppressed(routes: APIRouter, alerts: AlertStore) -> None:
    @routes.get(
        "/v1/alerts/suppressed",
        summary="The findings of an encounter that doctors were not shown, and why",
    )
    async def list_suppressed(
        encounter: Annotated[str, Query(min_length=1, max_length=64)],
        facility: Annotated[str, Query(min_length=1, max_length=64)],
        caller: SignedIn,
    ) -> SuppressedAlerts:
        check_facility(caller, facility)
        found = await alerts.kept_back(facility, encounter, _MOST)
        told = [
            SuppressedAlert(
                audit=one.audit, finding=one.finding, rule=one.rule, hook=one.hook, tier=one.tier, why=one.outcome,
                recorded_at=one.recorded_at,
            )
            for one in found
        ]  # fmt: skip
        return SuppressedAlerts(facility=facility, encounter=encounter, alerts=told)


def _add_counts(routes: APIRouter, alerts: AlertStore, rulesets: RulesetFollower) -> None:
    @routes.get("/v1/rules/{rule_id}/alerts", summary="How doctors received a rule's alerts")
    async def count_alerts(
        rule_id: Annotated[str, Path(max_length=100)],
        caller: SignedIn,
        days: Annotated[int, Query(ge=1, le=3660)] = 90,
    ) -> RuleAlertCounts:
        check_everywhere(caller)
        found = await alerts.of_rule(rule_id, datetime.now(UTC) - timedelta(days=days))
        if not found.outcomes and rule_id not in rulesets.current().rules:
            raise not_found("rule", rule_id)
        return _counts(rule_id, days, found)


def _counts(rule: str, days: int, found: RuleAlerts) -> RuleAlertCounts:
    shown, overridden = found.outcomes.get(AlertOutcome.SHOWN, 0), sum(found.overridden.values())
    return RuleAlertCounts(
        rule=rule,
        days=days,
        fired=sum(found.outcomes.values()),
        shown=shown,
        suppressed={AlertOutcome(one): count for one, count in found.outcomes.items() if one != AlertOutcome.SHOWN},
        accepted=found.accepted,
        overridden=overridden,
        override_reasons=found.overridden,
        unanswered=shown - found.accepted - overridden,
        seconds_to_answer=_times(found.waits),
    )


def _times(waits: list[int]) -> WaitTimes | None:
    if not waits:
        return None
    tenths = quantiles(waits * 2 if len(waits) == 1 else waits, n=10, method="inclusive")
    return WaitTimes(count=len(waits), median=tenths[4] / 1000, p90=tenths[8] / 1000)

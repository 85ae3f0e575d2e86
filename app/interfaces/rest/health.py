"""GET /healthz and /readyz: how the service is, and whether it can take requests. Open to everybody; no secrets."""

from datetime import UTC, datetime

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from app.application.follow_ruleset import RulesetFollower
from app.application.safety_net import SafetyNet
from app.application.watch import State as DependencyState
from app.store.breaker import Breaker
from app.store.breaker import State as BreakerState


class DependencyHealth(BaseModel):
    """How a dependency answered when it was last asked, and since when it is like that."""

    model_config = ConfigDict(strict=True)

    state: DependencyState
    since: datetime


class BreakerHealth(BaseModel):
    """`closed`: requests ask the database. `open`: they do without, until a probe in the background is answered."""

    state: BreakerState
    since: datetime
    times_opened: int


class SpoolHealth(BaseModel):
    """What this process answered and the database does not have yet. `set_aside`: files that somebody must look at."""

    records: int
    to_audit_again: int
    bytes: int
    set_aside: int
    since: datetime | None


class Health(BaseModel):
    """`status` is `ok`, or `degraded` while anything is missing or still to be caught up with. `ruleset` is what this
    process judges by. `ruleset_fault` tells why that is not what was published last, or why it is not known what was;
    blank in ordinary times.
    """

    status: str
    version: str
    ruleset: str
    rules: int
    ruleset_fault: str
    degraded_since: datetime | None
    dependencies: dict[str, DependencyHealth]
    breakers: dict[str, BreakerHealth]
    spool: SpoolHealth


class Readiness(BaseModel):
    """`reasons` tells why not."""

    status: str
    reasons: list[str]


def health_router(rulesets: RulesetFollower, net: SafetyNet, version: str) -> APIRouter:
    routes = APIRouter()

    @routes.get("/healthz", summary="How the service is, by which rules it judges, and what does not answer")
    def show_health() -> Health:
        current = rulesets.current()
        since = _degraded_since(net)
        return Health(
            status="ok" if since is None else "degraded",
            version=version,
            ruleset=current.revision,
            rules=len(current.rules),
            ruleset_fault=rulesets.state().fault,
            degraded_since=None if since is None else _moment(since),
            dependencies={
                one.name: DependencyHealth(state=one.state, since=_moment(one.since)) for one in net.watch.dependencies
            },
            breakers={breaker.name: _breaker(breaker) for breaker in net.breakers},
            spool=_spool(net),
        )

    @routes.get(
        "/readyz",
        summary="Whether requests may be sent here: also where the service is degraded, not while it starts or stops",
        responses={503: {"model": Readiness, "description": "Not now; `reasons` tells why"}},
    )
    def show_readiness(response: Response) -> Readiness:
        reasons = net.unready
        response.status_code = 503 if reasons else 200
        return Readiness(status="not ready" if reasons else "ready", reasons=reasons)

    return routes


def _degraded_since(net: SafetyNet) -> float | None:
    """The earliest of all that is not as it should be."""
    moments = [one.since for one in net.watch.dependencies if one.state in (DependencyState.SLOW, DependencyState.DOWN)]
    moments += [breaker.picture.since for breaker in net.breakers if not breaker.is_closed]
    if net.spool.since is not None:
        moments.append(net.spool.since)
    return min(moments, default=None)


def _breaker(breaker: Breaker) -> BreakerHealth:
    picture = breaker.picture
    return BreakerHealth(state=picture.state, since=_moment(picture.since), times_opened=picture.times_opened)


def _spool(net: SafetyNet) -> SpoolHealth:
    spool = net.spool
    return SpoolHealth(
        records=spool.record_count,
        to_audit_again=spool.open_count,
        bytes=spool.size,
        set_aside=spool.set_aside,
        since=None if spool.since is None else _moment(spool.since),
    )


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)

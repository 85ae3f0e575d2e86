"""GET /v1/rules, /v1/rules/{id} and /v1/audits/{id}."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict

from app.application.authorise import may_read
from app.application.follow_ruleset import RulesetFollower
from app.application.reaudit import following_id, is_to_be_made_again
from app.domain.decision import Severity, Stage
from app.engine.compiled import RuleHead
from app.engine.ruleset import Ruleset
from app.interfaces.caller import SignedIn
from app.interfaces.errors import not_found
from app.knowledge.rule import Judges, Status
from app.store.audit_log import AuditLog


class RuleSummary(BaseModel):
    """A rule in force, in brief."""

    model_config = ConfigDict(strict=True, from_attributes=True)

    id: str
    title: str
    code: str
    rule_class: str
    category: str
    version: int
    status: Status
    kind: str
    severity: Severity
    stages: tuple[Stage, ...]
    area: str
    facility: str
    point_count: int


class RuleList(BaseModel):
    ruleset: str
    rules: list[RuleSummary]


class RulePeriodView(BaseModel):
    start: str
    end: str
    parameters: dict[str, Any]


class RuleDetail(RuleSummary):
    """A rule in force, whole; `points` holds at most the first 1,000 knowledge points."""

    judges: Judges
    message: str
    remedy: str
    references: tuple[str, ...]
    false_positives: tuple[str, ...]
    in_force: list[RulePeriodView]
    points: list[dict[str, Any]]


_POINTS_SHOWN = 1000


def router(rulesets: RulesetFollower, log: AuditLog) -> APIRouter:
    routes = APIRouter()

    @routes.get("/v1/rules", summary="The rules in force")
    def list_rules() -> RuleList:
        current = rulesets.current()
        return RuleList(
            ruleset=current.revision, rules=[RuleSummary.model_validate(head) for head in current.rules.values()]
        )

    @routes.get("/v1/rules/{rule_id}", summary="One rule, with its knowledge")
    def show_rule(rule_id: Annotated[str, Path(max_length=100)]) -> RuleDetail:
        current = rulesets.current()
        head = current.rules.get(rule_id)
        if head is None:
            raise not_found("rule", rule_id)
        return _detail(current, head)

    @routes.get(
        "/v1/audits/{audit_id}",
        summary="A recorded audit, byte for byte as it was answered",
        description="One that lacked the patient's past names the audit that made it again in the header `Link`, with"
        " the relation `successor-version`, once there is one.",
        response_class=Response,
    )
    async def show_audit(audit_id: Annotated[str, Path(max_length=64)], caller: SignedIn) -> Response:
        stored = await log.find(audit_id)
        if stored is None or not may_read(caller, stored):
            raise not_found("audit", audit_id)
        headers = {}
        if is_to_be_made_again(stored) and await log.find(following := following_id(stored.id)) is not None:
            headers["link"] = f'</v1/audits/{following}>; rel="successor-version"'
        return Response(stored.audit, headers=headers, media_type="application/json")

    return routes


def _detail(ruleset: Ruleset, head: RuleHead) -> RuleDetail:
    summary = RuleSummary.model_validate(head).model_dump()
    points = ruleset.points_of(head)[:_POINTS_SHOWN]
    return RuleDetail(
        **summary,
        judges=head.judges,
        message=head.message,
        remedy=head.remedy,
        references=head.references,
        false_positives=head.false_positives,
        in_force=[
            RulePeriodView(
                start=period.start.isoformat(), end=period.end.isoformat(),
                parameters=msgspec.msgpack.decode(period.parameters),
            )
            for period in ruleset.periods_of(head)
        ],
        points=[msgspec.to_builtins(point) for point in points],
    )  # fmt: skip

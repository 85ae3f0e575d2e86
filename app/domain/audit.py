"""Audit (审核): what is asked, and what is answered."""

from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from app.domain.decision import Decision, Stage
from app.domain.encounter import Encounter
from app.domain.finding import DataIssue, Finding, NotEvaluated


class AuditRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One encounter to audit. `history` holds earlier encounters of the same patient, where the caller knows them."""

    encounter: Encounter
    stage: Stage = Stage.ORDERING
    history: Annotated[tuple[Encounter, ...], Meta(max_length=2_000)] | None = None


class Judgement(Struct, frozen=True, kw_only=True):
    """What the engine says of a case: every finding, shown or not, and what it could not judge."""

    ruleset: str
    findings: tuple[Finding, ...]
    not_evaluated: tuple[NotEvaluated, ...]
    lines_without_rules: tuple[str, ...]


class Audit(Struct, frozen=True, kw_only=True):
    """The recorded answer to one request: findings shown to the caller, the strictest decision, and what is open.

    `degraded` names what the service could not use in time (`history`, `record`), or lacked itself (`time`, `overload`;
    `unrecorded`: it stands nowhere but in this answer); blank in ordinary times. `follows` is the id of an audit that
    was incomplete, and that this one, which nobody is shown, makes again. `override` tells how what blocks is passed.
    """

    id: str
    audited_at: datetime
    stage: Stage
    encounter: str
    ruleset: str
    decision: Decision
    findings: tuple[Finding, ...]
    not_evaluated: tuple[NotEvaluated, ...]
    data_issues: tuple[DataIssue, ...]
    lines_without_rules: tuple[str, ...]
    degraded: tuple[str, ...] = ()
    follows: str | UnsetType = UNSET
    override: str | UnsetType = UNSET


INCOMPLETE = frozenset({"history", "time", "overload"})  # an audit without these is made again


def is_incomplete(degraded: tuple[str, ...]) -> bool:
    return bool(degraded) and not INCOMPLETE.isdisjoint(degraded)

"""Judge an encounter (判定一次就诊): from a request and what is known beside it to the answer. Pure."""

from datetime import datetime

from msgspec import UNSET, UnsetType

from app.application.asked_lines import about_what_was_sent, as_sent
from app.application.audit_coding import CodingJudge
from app.domain.audit import Audit, AuditRequest, Judgement
from app.domain.block import tempered, told_of
from app.domain.case import Case
from app.domain.data_quality import inspect
from app.domain.decision import DecisionPolicy, Stage
from app.domain.feeds import Feeds
from app.domain.finding import DataIssue, NotEvaluated, Visibility
from app.engine.facts import explain_missing
from app.engine.ruleset import Ruleset
from app.engine.stop import Stop

OVERLOAD = "overload"
UNJUDGED = (NotEvaluated(rule="*", missing=OVERLOAD, message=explain_missing(OVERLOAD)),)


def judge(
    ruleset: Ruleset,
    request: AuditRequest,
    *,
    policy: DecisionPolicy,
    audited_at: datetime,
    audit_id: str,
    issues: tuple[DataIssue, ...] = (),
    feeds: Feeds | None = None,
    added: frozenset[str] = frozenset(),
    degraded: tuple[str, ...] = (),
    follows: str | UnsetType = UNSET,
    coding: CodingJudge | None = None,
    stop: Stop | None = None,
) -> tuple[Audit, Judgement]:
    """The answer to show and everything that was found. Time and identity come in as arguments.

    `issues` are what an interface noticed of the data before it was an encounter; `feeds` is what no request carries;
    `added` are lines of the encounter that nobody asked about now; `degraded` is what could not be used;
    `follows` is the audit that is made again; `coding` looks at the coding of stays that are settled. At the `stop`
    what was found so far is the answer, and the rest is told as not evaluated.
    """
    if OVERLOAD in degraded:
        judgement = _unjudged(ruleset.revision)
    else:
        judgement, is_late = _found(ruleset, request, policy, feeds, added, coding, stop)
        issues = (*issues, *inspect(as_sent(request.encounter, added), audited_at.date()))
        if is_late and "time" not in degraded:
            degraded = (*degraded, "time")
    judgement = tempered(judgement, is_degraded=bool(degraded))
    return _answer(request, judgement, audit_id, audited_at, issues, degraded, follows), judgement


def _found(
    ruleset: Ruleset,
    request: AuditRequest,
    policy: DecisionPolicy,
    feeds: Feeds | None,
    added: frozenset[str],
    coding: CodingJudge | None,
    stop: Stop | None,
) -> tuple[Judgement, bool]:
    """What the rules and the look at the coding find, and whether the stop came before their end."""
    judgement = ruleset.audit(Case(request.encounter, request.stage, request.history, feeds), policy, stop)
    if added:
        judgement = about_what_was_sent(judgement, added)
    is_late = stop is not None and _is_over(stop, coding, request)
    if coding is not None and not is_late:
        judgement = coding.added(judgement, request, policy)
    return judgement, is_late


def _answer(
    request: AuditRequest,
    judgement: Judgement,
    audit_id: str,
    audited_at: datetime,
    issues: tuple[DataIssue, ...],
    degraded: tuple[str, ...],
    follows: str | UnsetType,
) -> Audit:
    shown = tuple([one for one in judgement.findings if one.is_current and one.visibility is Visibility.SHOWN])
    decision, override = told_of(shown)
    return Audit(
        id=audit_id,
        audited_at=audited_at,
        stage=request.stage,
        encounter=request.encounter.id,
        ruleset=judgement.ruleset,
        decision=decision,
        findings=shown,
        not_evaluated=judgement.not_evaluated,
        data_issues=issues,
        lines_without_rules=judgement.lines_without_rules,
        degraded=degraded,
        follows=follows,
        override=override,
    )


def _is_over(stop: Stop, coding: CodingJudge | None, request: AuditRequest) -> bool:
    """Who has nothing left to do is not late."""
    has_more = coding is not None and request.stage is Stage.SETTLING
    return stop.is_due() if has_more else stop.is_reached


def _unjudged(revision: str) -> Judgement:
    """Of a request for which there was no room."""
    return Judgement(ruleset=revision, findings=(), not_evaluated=UNJUDGED, lines_without_rules=())

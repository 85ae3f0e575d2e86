"""Counting audits (审核计量): findings, decisions and times of each audit, as the auditor tells of them."""

import time
from collections.abc import Callable
from typing import NamedTuple

from msgspec import UNSET

from app.application.deadline import Deadline
from app.application.judge_encounter import OVERLOAD
from app.application.pass_unjudged import UNRECORDED
from app.application.patient_history import Gathered
from app.domain.audit import Audit, AuditRequest, Judgement
from app.domain.decision import Decision, Stage
from app.domain.finding import Finding
from app.interfaces.observe.metrics import AuditMetrics
from app.interfaces.observe.request_id import SEEN

Inc = Callable[[], None]
Observe = Callable[[float], None]


class _OfStage(NamedTuple):
    history: Observe
    judge: Observe
    record: Observe
    late: Inc
    decisions: dict[Decision, Inc]


class CountedAudits:
    """The observer that counts. What a label stands for is looked up once: a look-up costs more than the counting."""

    def __init__(self, metrics: AuditMetrics) -> None:
        self._metrics = metrics
        self._stages = {stage: _of_stage(metrics, stage) for stage in Stage}
        self._past = {result: metrics.history.labels(result).inc for result in ("found", "nothing", "unreached")}
        self._findings: dict[tuple[str, str, str], Inc] = {}
        self._not_evaluated: dict[str, Inc] = {}
        self._without = {(stage, "history"): metrics.without.labels(stage.value, "history").inc for stage in Stage}

    def judged(
        self, asked: AuditRequest, gathered: Gathered, audit: Audit, judgement: Judgement, times: tuple[float, float]
    ) -> None:
        if audit.follows is not UNSET:
            self._metrics.again.inc()
            return
        if (seen := SEEN.get()) is not None:
            seen.stage = audit.stage
        stage = self._stages[audit.stage]
        stage.history(times[0])
        stage.judge(times[1])
        stage.decisions[audit.decision]()
        for what in audit.degraded:
            self._count_without(audit.stage, what)
        self._count_past(asked, gathered)
        for finding in judgement.findings:
            self._count(finding)
        for open_point in judgement.not_evaluated:
            inc = self._not_evaluated.get(open_point.rule)
            if inc is None:
                inc = self._not_evaluated[open_point.rule] = self._metrics.not_evaluated.labels(open_point.rule).inc
            inc()

    def recorded(self, audit: Audit, seconds: float, deadline: Deadline | None) -> None:
        stage = self._stages[audit.stage]
        stage.record(seconds)
        if deadline is not None and time.monotonic() > deadline.due:
            stage.late()

    def passed(self, stage: Stage) -> None:
        if (seen := SEEN.get()) is not None:
            seen.stage = stage
        self._stages[stage].decisions[Decision.PASS]()
        for what in (OVERLOAD, UNRECORDED):
            self._count_without(stage, what)

    def _count(self, finding: Finding) -> None:
        key = (finding.rule, finding.severity, finding.visibility)
        inc = self._findings.get(key)
        if inc is None:
            labels = (finding.rule, finding.severity.value, finding.visibility.value)
            inc = self._findings[key] = self._metrics.findings.labels(*labels).inc
        inc()

    def _count_without(self, stage: Stage, what: str) -> None:
        inc = self._without.get((stage, what))
        if inc is None:
            inc = self._without[stage, what] = self._metrics.without.labels(stage.value, what).inc
        inc()

    def _count_past(self, asked: AuditRequest, gathered: Gathered) -> None:
        if not gathered.is_complete:
            self._past["unreached"]()
        elif gathered.request is not asked:  # else no history is kept here
            known = len(gathered.request.history or ()) > len(asked.history or ()) or bool(gathered.added)
            self._past["found" if known else "nothing"]()


def _of_stage(metrics: AuditMetrics, stage: Stage) -> _OfStage:
    name = stage.value
    return _OfStage(
        metrics.history_seconds.labels(name).observe,
        metrics.judge_seconds.labels(name).observe,
        metrics.record_seconds.labels(name).observe,
        metrics.late.labels(name).inc,
        {decision: metrics.audits.labels(name, decision.value).inc for decision in Decision},
    )

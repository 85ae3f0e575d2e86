"""Metrics (指标): what is counted and timed on the way of requests and audits, by names that docs/operations explains.

Every label has few values: those of this code and of the rules in force, and never what a caller chose.
"""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]  # when a series began, told once more for each
_QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 10.0)
_STATUS = {0: "none", 1: "1xx", 2: "2xx", 3: "3xx", 4: "4xx", 5: "5xx"}


class Metrics:
    """`registry` is this process's own; where several share their metrics, app/interfaces/observe/shared.py adds up."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.in_flight = 0
        self._ends: dict[tuple[str, str, int], tuple[Callable[[float], None], Callable[[], None]]] = {}
        self._request_seconds = Histogram(
            "mingjian_request_seconds", "From the first look at a request to the end of its answer",
            ["interface", "stage"], buckets=_QUICK, registry=registry,
        )  # fmt: skip
        self._requests = Counter(
            "mingjian_requests", "Requests by the class of the answer's status; none: the caller hung up",
            ["interface", "status"], registry=registry,
        )  # fmt: skip
        self._refusals = Counter(
            "mingjian_refusals", "Requests refused, by the name of the refusal", ["reason"], registry=registry
        )
        self.audits = AuditMetrics(registry)

    def request(self, interface: str, stage: str, status: int, seconds: float) -> None:
        key = (interface, stage, status // 100)
        ends = self._ends.get(key)
        if ends is None:
            observe = self._request_seconds.labels(interface, str(stage)).observe
            inc = self._requests.labels(interface, _STATUS.get(status // 100, "none")).inc
            ends = self._ends[key] = (observe, inc)
        ends[0](seconds)
        ends[1]()

    def refused(self, reason: str) -> None:
        """`reason`: the name of the problem, and after a blank what is told of it beyond that."""
        self._refusals.labels(reason.partition(" ")[0]).inc()


class AuditMetrics:
    """What is counted of audits."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.audits = Counter(
            "mingjian_audits", "Audits by the strictest decision given", ["stage", "decision"], registry=registry
        )
        self.again = Counter(
            "mingjian_audits_again", "Audits made again in the background, once the past could be read",
            registry=registry,
        )  # fmt: skip
        self.findings = Counter(
            "mingjian_findings", "Findings by rule", ["rule", "severity", "visibility"], registry=registry
        )
        self.not_evaluated = Counter(
            "mingjian_not_evaluated", "Times that a rule could not be judged for want of a fact", ["rule"],
            registry=registry,
        )  # fmt: skip
        self.history = Counter(
            "mingjian_history", "Audits by what was known of the past: found, nothing, unreached", ["result"],
            registry=registry,
        )  # fmt: skip
        self.without = Counter(
            "mingjian_audits_degraded", "Audits that went out without what did not come in time",
            ["stage", "without"], registry=registry,
        )  # fmt: skip
        self.late = Counter(
            "mingjian_deadline_missed", "Audits that were ready only after their deadline", ["stage"],
            registry=registry,
        )  # fmt: skip
        self.history_seconds = Histogram(
            "mingjian_history_seconds", "Fetching the past of one audit", ["stage"], buckets=_QUICK, registry=registry
        )
        self.judge_seconds = Histogram(
            "mingjian_judge_seconds", "Judging one audit", ["stage"], buckets=_QUICK, registry=registry
        )
        self.record_seconds = Histogram(
            "mingjian_record_seconds", "Making one audit durable", ["stage"], buckets=_QUICK, registry=registry
        )

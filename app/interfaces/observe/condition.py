"""Condition (运行状况): how the service stands at a moment, sampled each second and not when somebody asks."""

import os
import platform
import resource
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from app.application.follow_ruleset import RulesetFollower
from app.application.keep_trail import TrailKeeper
from app.application.safety_net import SafetyNet
from app.application.watch import State
from app.interfaces.observe.metrics import Metrics
from app.interfaces.observe.pressure import PressureMetrics
from app.store.rulesets import RulesetStore
from app.store.trail import TrailStore

_PAGE = resource.getpagesize()


@dataclass(frozen=True, slots=True)
class Sources:
    """Whose condition it is."""

    rulesets: RulesetFollower
    published: RulesetStore
    trail: TrailStore
    keeper: TrailKeeper
    net: SafetyNet


class Condition:
    """What is told of each process for itself and can be added up; `look` is called each second."""

    def __init__(self, metrics: Metrics, sources: Sources, version: str) -> None:
        self._metrics, self._sources = metrics, sources
        registry = metrics.registry
        self._process = _ProcessGauges(registry, version)
        self._in_flight = _sum("requests_in_flight", "Requests that are being answered", registry)
        self._spool = {
            "record_count": _sum("spool_records", "Answered, and not in the database yet", registry),
            "open_count": _sum("spool_audits_again", "Audits that are still to be made again", registry),
            "size": _sum("spool_bytes", "Size of the spool's files", registry),
            "set_aside": _sum("spool_set_aside", "Records that somebody must look at", registry),
        }
        self._up = Gauge(
            "mingjian_dependency_up", "1: it answers; 0.5: slowly; 0: it does not", ["dependency"],
            registry=registry, multiprocess_mode="livemin",
        )  # fmt: skip
        self._open = _worst("breaker_open", "1: requests do without it", registry, "breaker")
        self._degraded = Counter(
            "mingjian_degraded_seconds", "Seconds in which it was slow, away or done without; each worker's are added",
            ["dependency"], registry=registry,
        )  # fmt: skip
        self._revision = Gauge(
            "mingjian_ruleset_info", "Workers that judge by the revision", ["revision"],
            registry=registry, multiprocess_mode="livesum",
        )  # fmt: skip
        self._rules = _worst("ruleset_rules", "Rules in force", registry)
        self._fault = _worst("ruleset_fault", "1: what is published last cannot be taken up, or is not known", registry)
        self._broken = _worst("trail_broken", "1: the past was changed, nothing is signed any more", registry)
        self._loop = Histogram(
            "mingjian_event_loop_delay_seconds", "By how much the loop was late for a look that is due each second",
            buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0), registry=registry,
        )  # fmt: skip
        self._judging_by = ""
        self._pressure = PressureMetrics(registry)

    def look(self, seconds: float) -> None:
        """`seconds` since the last look."""
        net, rulesets = self._sources.net, self._sources.rulesets
        self._process.look()
        self._in_flight.set(self._metrics.in_flight)
        for name, gauge in self._spool.items():
            gauge.set(getattr(net.spool, name))
        for one in net.watch.dependencies:
            if one.state is not State.UNKNOWN:
                is_down = one.state is State.DOWN
                self._up.labels(one.name).set(0.0 if is_down else 0.5 if one.state is State.SLOW else 1.0)
            self._degraded.labels(one.name).inc(seconds if one.state in (State.SLOW, State.DOWN) else 0.0)
        for breaker in net.breakers:
            self._open.labels(breaker.name).set(not breaker.is_closed)
            self._degraded.labels(breaker.name).inc(0.0 if breaker.is_closed else seconds)
        self._pressure.look(net.pressure, net.recorder.unrecorded)
        self._look_at_rules(rulesets)
        self._broken.set(bool(self._sources.keeper.broken))

    def woke_late(self, seconds: float) -> None:
        self._loop.observe(max(0.0, seconds))

    def _look_at_rules(self, rulesets: RulesetFollower) -> None:
        revision = rulesets.current().revision
        if self._judging_by != revision:
            if self._judging_by:
                self._revision.labels(self._judging_by).set(0)
            self._revision.labels(revision).set(1)
            self._judging_by = revision
        self._rules.set(len(rulesets.current().rules))
        self._fault.set(bool(rulesets.state().fault))


class _ProcessGauges:
    def __init__(self, registry: CollectorRegistry, version: str) -> None:
        self._memory = _sum("process_resident_bytes", "Memory in use", registry)
        self._files = _sum("process_open_files", "Open files and connections", registry)
        _sum("workers", "Processes that serve", registry).set(1)
        build = _worst("build_info", "What is running", registry, "version", "python")
        build.labels(version, platform.python_version()).set(1)

    def look(self) -> None:
        self._memory.set(int(Path("/proc/self/statm").read_text("ascii").split()[1]) * _PAGE)
        self._files.set(len(os.listdir("/proc/self/fd")))


def _sum(name: str, told: str, registry: CollectorRegistry) -> Gauge:
    return Gauge(f"mingjian_{name}", told, registry=registry, multiprocess_mode="livesum")


def _worst(name: str, told: str, registry: CollectorRegistry, *labels: str) -> Gauge:
    return Gauge(f"mingjian_{name}", told, labels, registry=registry, multiprocess_mode="livemax")

"""Pressure in figures (负载指标): how late the process comes to its work, and what it had no room for."""

from collections import Counter as Count

from prometheus_client import CollectorRegistry, Counter, Gauge

from app.application.pressure import Pressure
from app.domain.work import Work


class PressureMetrics:
    """What the process has counted itself is taken over by what it grew since the last look."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._lag = Gauge(
            "mingjian_lag_seconds", "How late the loop comes to what is due, as admission judges by it",
            registry=registry, multiprocess_mode="livemax",
        )  # fmt: skip
        told = {
            "served": "Requests for which there was room",
            "shed": "Requests for which there was no room",
            "limited": "Requests beyond their caller's share",
        }
        self._counters = {
            name: Counter(f"mingjian_work_{name}", text, ["work"], registry=registry) for name, text in told.items()
        }
        self._unrecorded = Counter(
            "mingjian_audits_unrecorded", "Checks that were shed and that nothing remembers", registry=registry
        )
        self._told: dict[str, Count[str]] = {name: Count() for name in told}
        self._lost = 0
        for counter in self._counters.values():
            for work in Work:
                counter.labels(work)

    def look(self, pressure: Pressure, unrecorded: int) -> None:
        self._lag.set(pressure.lag)
        for name, counter in self._counters.items():
            now: Count[str] = getattr(pressure, name)
            before = self._told[name]
            for work, count in now.items():
                if count > before[work]:
                    counter.labels(work).inc(count - before[work])
            self._told[name] = now.copy()
        self._unrecorded.inc(unrecorded - self._lost)
        self._lost = unrecorded

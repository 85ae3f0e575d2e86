"""A store that does as it is told, and findings to choose from, for the tests of alert fatigue."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from app.application.alert_fatigue import AlertFatigue, Chosen
from app.domain.decision import Decision, Severity
from app.domain.finding import Finding
from app.store.alerts import Alert, Answered
from app.store.audit_log import NotRecorded
from app.store.history import Unavailable

NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)
D, H, L = Severity.DEFINITE, Severity.HIGHLY_SUSPECT, Severity.SLIGHTLY_SUSPECT


def finding(
    id: str,
    severity: Severity = H,
    decision: Decision = Decision.INFORM,
    rule: str = "",
    lines: Sequence[str] = ("L1",),
) -> Finding:
    return Finding(
        id=id, rule=rule or f"rule-{id}", rule_version=1, ruleset="r", point="P", title="标题", category="c",
        severity=severity, message="说明", remedy="建议", lines=tuple(lines), decision=decision,
    )  # fmt: skip


class Memory:
    """A store that does as it is told."""

    def __init__(self) -> None:
        self.alerts: list[Alert] = []
        self.noted: list[Answered] = []
        self.reasons: dict[str, datetime] = {}
        self.fails: set[str] = set()
        self.slow: set[str] = set()
        self.asked: list[list[str]] = []

    async def _step(self, name: str, error: type[Exception]) -> None:
        if name in self.slow:
            await asyncio.sleep(0.2)
        if name in self.fails:
            raise error

    async def append(self, alerts: Sequence[Alert]) -> None:
        await self._step("append", NotRecorded)
        self.alerts += alerts

    async def answer(self, answers: Sequence[Answered], at: datetime) -> None:
        self.noted += answers

    async def standing(self, findings: Sequence[str], since: datetime) -> frozenset[str]:
        self.asked.append(list(findings))
        await self._step("standing", Unavailable)
        return frozenset(one for one in findings if self.reasons.get(one, since - timedelta(1)) >= since)

    async def members(self, leads: Sequence[str]) -> dict[str, tuple[str, ...]]:
        await self._step("members", Unavailable)
        return {lead: tuple(one.finding for one in self.alerts if one.lead == lead) for lead in leads}

    async def shown(self, facility: str, encounter: str, audit: str) -> list[str]:
        raise NotImplementedError

    kept_back: Any = None
    of_rule: Any = None


def judged(*findings: Finding) -> Any:
    audit = SimpleNamespace(id="a1", encounter="E1", findings=findings)
    return SimpleNamespace(
        audit=audit, asked=SimpleNamespace(encounter=SimpleNamespace(facility=SimpleNamespace(id="F1")))
    )


def fatigue(store: Memory, **more: Any) -> AlertFatigue:
    return AlertFatigue(store, now=lambda: NOW, **more)


def choose(store: Memory, *findings: Finding, hook: str = "order-sign", **more: Any) -> Chosen:
    most, orders, deadline = more.pop("most", None), more.pop("orders", {"L1"}), more.pop("deadline", None)

    async def steps() -> Chosen:
        one = fatigue(store, **more)
        chosen = await one.choose(judged(*findings), hook, frozenset(orders), most, deadline)
        await one.close()
        return chosen

    return asyncio.run(steps())


def ids(chosen: Chosen) -> list[list[str]]:
    return [[one.id for one in card.findings] for card in chosen.cards]


def outcomes(store: Memory) -> dict[str, str]:
    return {one.finding: one.outcome.value for one in store.alerts}

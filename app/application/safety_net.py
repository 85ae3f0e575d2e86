"""The safety net (降级保障): what stands behind an audit when a dependency does not answer."""

import asyncio
from pathlib import Path

from app.application.audit_encounter import EncounterAuditor
from app.application.drain_spool import SpoolDrain
from app.application.draining import DRAINING
from app.application.pressure import Pressure
from app.application.reaudit import Reauditor
from app.application.record_audit import AuditRecorder
from app.application.spool_audits import AuditSpool
from app.application.watch import Check, Dependency, DependencyWatch
from app.store.audit_log import AuditLog, AuditRecord, StoredAudit
from app.store.breaker import Breaker, BreakerState
from app.store.history import HistoryQuery
from app.store.spool import Spool
from app.store.store import Store

_PROBE = 1.0  # seconds in which a probe must be answered
_LONGEST_WAIT = 2.0  # seconds between two probes
_NOBODY = HistoryQuery(facility="", encounter="", patient="", facilities=())


class SafetyNet:
    def __init__(self, store: Store, folder: Path) -> None:
        """`folder` holds the spool."""
        self._store, self._files = store, Spool(folder)
        self.spool = AuditSpool(self._files, vault=store.vault)
        self.record_breaker = self._breaker("record", self._probe_record)
        self.history_breaker = self._breaker("history", self._probe_history)
        self.recorder = AuditRecorder(store.log, self.spool, self.record_breaker)
        self.watch = DependencyWatch({"database": store.check, **store.checks})
        self.pressure = Pressure()
        self.is_draining = False  # the service is told to stop
        self.is_open = False
        self._drain = SpoolDrain(
            self.spool,
            store.log,
            self.record_breaker,
            self.history_breaker,
            self._probe_history,
            lambda: self.recorder.count,
            lambda: self.pressure.is_busy,
        )
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def breakers(self) -> tuple[Breaker, ...]:
        return self.record_breaker, self.history_breaker

    @property
    def dependencies(self) -> list[Dependency]:
        """With what this process itself may lack: capacity."""
        return [*self.watch.dependencies, self.pressure.as_dependency()]

    @property
    def unready(self) -> list[str]:
        """Why no requests should be sent here now."""
        if self.is_draining or DRAINING.has_begun:
            return ["the service is told to stop"]
        return [] if self.is_open else ["the store is not open yet"]

    async def open(self, auditor: EncounterAuditor) -> None:
        """Take over what was left behind, and begin to watch and to drain. The store is to be opened before."""
        await self.spool.adopt()
        working = (self._drain.run(Reauditor(auditor)), self.watch.run(), self.pressure.run())
        self._tasks = [asyncio.create_task(one) for one in working]
        self.is_open = True

    async def close(self) -> None:
        """What is still spooled stays in its files, for the next process."""
        self.is_draining = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for breaker in self.breakers:
            await breaker.close()
        await asyncio.to_thread(self._files.close)

    def _breaker(self, name: str, probe: Check) -> Breaker:
        return Breaker(name, probe, BreakerState(longest_wait=_LONGEST_WAIT), recovered=self.spool.news.set)

    async def _probe_record(self) -> None:
        async with asyncio.timeout(_PROBE):
            if not await self._drain.store_first():
                await self._store.check()

    async def _probe_history(self) -> None:
        async with asyncio.timeout(_PROBE):
            await self._store.history.fetch(_NOBODY)


class SpooledLog:
    """The audit log as it will be: what is spooled can be read as if it were stored."""

    def __init__(self, log: AuditLog, spool: AuditSpool) -> None:
        self._log, self._spool = log, spool

    async def append(self, record: AuditRecord) -> tuple[bytes, bool]:
        return await self._log.append(record)

    async def restore(self, records: list[AuditRecord]) -> None:
        await self._log.restore(records)

    async def find(self, audit_id: str) -> StoredAudit | None:
        return self._spool.find(audit_id) or await self._log.find(audit_id)

    async def latest_ids(self, limit: int, *, before: str | None = None) -> list[str]:
        return await self._log.latest_ids(limit, before=before)

"""Lags (滞后): how long the trail waits for signatures and checkpoints for witnesses, and how old the rules are.

The database is asked every few seconds. While it does not answer, what was waiting waits on: lags grow and do not stop.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Gauge

from app.store.rulesets import RulesetStore
from app.store.trail import StoredCheckpoint, TrailStore
from app.trail.note import read_note

log = logging.getLogger("mingjian")

ASK_EVERY = 5.0  # seconds
_PATIENCE = 2.0


class Lags:
    def __init__(
        self,
        registry: CollectorRegistry,
        published: RulesetStore,
        trail: TrailStore,
        witnesses: Iterable[str] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`witnesses`: the names of those that are to cosign."""
        self._published, self._trail, self._clock = published, trail, clock
        self._unsigned_since: float | None = None
        self._unseen_since: dict[str, float | None] = dict.fromkeys(witnesses)
        self._entries = _gauge("trail_entries", "Entries of the trail", registry)
        self._unsigned = _gauge("trail_unsigned_entries", "Entries that no checkpoint covers yet", registry)
        self._lag = _gauge("trail_checkpoint_lag_seconds", "How long the first of them waits", registry)
        self._witness_lag = _gauge(
            "trail_witness_lag_seconds", "How long the first checkpoint waits that it has not cosigned", registry,
            "witness",
        )  # fmt: skip
        self._in_force = _gauge(
            "ruleset_in_force_timestamp_seconds", "When the rules in force were published or taken back to", registry
        )

    def look(self) -> None:
        """What waits, as long as it has waited now."""
        now = self._clock()
        self._lag.set(_age(self._unsigned_since, now))
        for witness, since in self._unseen_since.items():
            self._witness_lag.labels(witness).set(_age(since, now))

    async def ask(self) -> None:
        """Never fails, and is never long."""
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._ask_trail(self._trail)
                await self._ask_rules(self._published)
        except Exception as error:  # whatever it is, the health page and `mingjian_dependency_up` tell of the database
            log.debug("lags are not known now: %s", type(error).__name__)
        self.look()

    async def _ask_trail(self, trail: TrailStore) -> None:
        size, latest = await trail.size(), await trail.checkpoint()
        signed = 0 if latest is None else latest.size
        self._entries.set(size)
        self._unsigned.set(max(0, size - signed))
        if size > signed:
            waiting = await trail.entries(signed, 1)
            self._unsigned_since = waiting[0].at / 1_000_000 if waiting else None
        else:
            self._unsigned_since = None
        if latest is not None and self._unseen_since:
            self._look_at_witnesses(latest)

    def _look_at_witnesses(self, latest: StoredCheckpoint) -> None:
        """A checkpoint that was signed over may yet be cosigned; one that was passed over is covered by a later."""
        signed_by = {one.name for one in read_note(latest.note).signatures}
        for witness, since in self._unseen_since.items():
            if witness in signed_by:
                self._unseen_since[witness] = None
            elif since is None:
                self._unseen_since[witness] = latest.at / 1_000_000

    async def _ask_rules(self, published: RulesetStore) -> None:
        if (move := await published.current()) is not None:
            self._in_force.set(move.at.timestamp())


def _age(since: float | None, now: float) -> float:
    return 0.0 if since is None else max(0.0, now - since)


def _gauge(name: str, told: str, registry: CollectorRegistry, *labels: str) -> Gauge:
    return Gauge(f"mingjian_{name}", told, labels, registry=registry, multiprocess_mode="livemax")

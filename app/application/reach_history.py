"""Reach the history in time (限时取既往数据): what does not come within its share of the deadline is done without."""

import asyncio

from app.application.deadline import FAIR, Deadline
from app.application.patient_history import Gathered, PatientHistory
from app.domain.audit import AuditRequest
from app.engine.ruleset import Ruleset
from app.store.breaker import Breaker
from app.store.history import Unavailable


class TimelyHistory:
    def __init__(self, history: PatientHistory | None, breaker: Breaker | None = None) -> None:
        """`history` None: nothing is known of the past. Without a breaker it waits as long as it takes."""
        self._history, self._breaker = history, breaker

    async def gather(self, request: AuditRequest, ruleset: Ruleset, deadline: Deadline | None) -> Gathered:
        """The request with what is known of the past. Never fails, and is never late."""
        if self._history is None:
            return Gathered(request)
        breaker = self._breaker
        if deadline is None or breaker is None:
            return await self._history.gather(request, ruleset)
        if not breaker.is_closed:
            return Gathered(request, is_complete=False)
        wait = deadline.for_history()
        try:
            async with asyncio.timeout(wait):
                gathered = await self._history.gather(request, ruleset)
        except TimeoutError as error:
            if wait >= FAIR:
                breaker.failed(error)
            return Gathered(request, is_complete=False)
        if gathered.is_complete:
            breaker.succeeded()
        else:
            breaker.failed(Unavailable())
        return gathered

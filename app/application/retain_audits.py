"""Retention (保存期限): the contents of audits are erased when their time is over, inpatient ones later than others.

An audit that does not tell how the patient was cared for is kept as long as an inpatient one.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from app.application.erase_personal import LEAST_DAYS, Eraser
from app.application.facts import read_facts
from app.domain.audit import AuditRequest
from app.domain.encounter import CareType
from app.store.audit_contents import AuditContents
from app.store.audit_log import AuditLog

_PAGE = 200
_SHORTER = frozenset(
    {CareType.OUTPATIENT, CareType.CHRONIC_OUTPATIENT, CareType.EMERGENCY, CareType.PHARMACY, CareType.INTERNET}
)
_decode = msgspec.json.Decoder(AuditRequest).decode


class Terms(NamedTuple):
    """Audits recorded before these moments are erased. Neither may lie within the last 180 days."""

    outpatient: datetime
    inpatient: datetime


class Retained(NamedTuple):
    erased: int
    kept: int  # that were looked at, and whose time is not over


class Retention:
    def __init__(
        self,
        contents: AuditContents,
        log: AuditLog,
        eraser: Eraser,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._contents, self._log, self._eraser, self._now = contents, log, eraser, now

    def terms(self, outpatient_years: int, inpatient_years: int) -> Terms:
        return Terms(self._years_ago(outpatient_years), self._years_ago(inpatient_years))

    def _years_ago(self, years: int) -> datetime:
        now = self._now()
        year = now.year - years
        return now.replace(year=year, day=min(now.day, 28)) if now.month == 2 else now.replace(year=year)

    async def apply(self, terms: Terms, *, caller: str, only_count: bool = False) -> Retained:
        """Raises ValueError for terms that the law forbids, Unavailable, NotRecorded."""
        latest = max(terms)
        if self._now() - latest < timedelta(days=LEAST_DAYS):
            raise ValueError(f"logs are kept for {LEAST_DAYS} days at least (网络安全法); give an earlier day")
        erased = kept = after = 0
        while page := await self._contents.page(_microseconds(latest), after, _PAGE):
            over = [one.id for one in page if one.recorded_at < _microseconds(await self._term(one.id, terms))]
            if over and not only_count:
                await self._eraser.erase_audits(over, caller=caller, reason="retention")
            erased, kept, after = erased + len(over), kept + len(page) - len(over), page[-1].seq
        return Retained(erased, kept)

    async def _term(self, audit: str, terms: Terms) -> datetime:
        if terms.outpatient == terms.inpatient:
            return terms.outpatient
        stored = await self._log.find(audit)
        if stored is None:
            return terms.inpatient
        try:
            told = read_facts(stored.facts).request if stored.facts else None
            request = told or _decode(stored.request)
        except msgspec.MsgspecError:
            return terms.inpatient
        return terms.outpatient if request.encounter.care_type in _SHORTER else terms.inpatient


def _microseconds(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)

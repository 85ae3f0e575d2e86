"""Export findings (导出疑点): all that a filter finds as one file, told to the trail before anybody gets it."""

import asyncio
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import IO, NamedTuple

import msgspec

from app.application.finding_sheets import COLUMNS, SHEETS, Format, Row, Sheet, Watermark
from app.domain.access import Caller, Permission
from app.domain.review import Review
from app.store.reviews import Directory, Order, ReviewFilter, ReviewStore
from app.store.trail import TrailStore
from app.trail.entry import Details, Kind, TrailEntry, seal

_PAGE = 500
_CHUNK = 256 * 1024
_AT_ONCE = 2  # exports that one process makes at the same time


class TooManyRows(Exception):
    """`most` is what may be exported at once; `is_lead_needed`: somebody who may approve could export more."""

    def __init__(self, most: int, *, is_lead_needed: bool) -> None:
        super().__init__(most)
        self.most, self.is_lead_needed = most, is_lead_needed


class Exported(NamedTuple):
    """The file, to be read once from its beginning."""

    at: datetime
    rows: int
    size: int
    digest: str
    file: IO[bytes]

    def chunks(self) -> Iterator[bytes]:
        with self.file:
            while chunk := self.file.read(_CHUNK):
                yield chunk


class Limits(NamedTuple):
    """Of rows in one file: for everybody, and for those who may approve."""

    usual: int
    lead: int


class FindingExporter:
    def __init__(
        self,
        reviews: ReviewStore,
        directory: Directory,
        trail: TrailStore,
        limits: Limits,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._reviews, self._directory, self._trail, self._limits = reviews, directory, trail, limits
        self._now, self._turns = now, asyncio.Semaphore(_AT_ONCE)

    async def export(
        self, wanted: ReviewFilter, caller: Caller, form: Format, order: Order, told: str, fields: Sequence[str] = ()
    ) -> Exported:
        """`told`: the filter in words, for the watermark. Raises TooManyRows, NotRecorded, Unavailable."""
        await self._check(wanted, caller)
        mark = Watermark(who=caller.name or caller.id, at=self._now(), what=told)
        columns = [one for one in COLUMNS if not fields or one.name in fields]
        async with self._turns:
            # The file has no name, and is gone with whoever holds it.
            file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed by whoever reads it to its end
            try:
                sheet = await asyncio.to_thread(SHEETS[form], file, columns, mark)
                rows = await self._write(sheet, wanted, caller, order)
                size, digest = await asyncio.to_thread(_finish, sheet, file)
                await self._record(wanted, caller, form, rows, digest)
            except BaseException:
                file.close()
                raise
        return Exported(mark.at, rows, size, digest, file)

    async def _check(self, wanted: ReviewFilter, caller: Caller) -> None:
        is_lead = caller.may(Permission.FINDING_APPROVE)
        most = self._limits.lead if is_lead else self._limits.usual
        found = await self._reviews.totals(wanted, caller.scope, most)
        if found.is_more:
            raise TooManyRows(most, is_lead_needed=not is_lead)

    async def _write(self, sheet: Sheet, wanted: ReviewFilter, caller: Caller, order: Order) -> int:
        names = _Names(self._directory)
        rows, cursor = 0, ""
        most = self._limits.lead if caller.may(Permission.FINDING_APPROVE) else self._limits.usual
        while True:
            page = await self._reviews.page(wanted, caller.scope, order, cursor, min(_PAGE, most - rows))
            told = await names.of(page.reviews)
            await asyncio.to_thread(sheet.add, told)
            rows += len(told)
            if not page.following or rows >= most:  # findings may be made meanwhile
                return rows
            cursor = page.following

    async def _record(self, wanted: ReviewFilter, caller: Caller, form: Format, rows: int, digest: str) -> None:
        """The filter is committed to, not told: a text that somebody looked for may name anybody."""
        private = msgspec.json.encode(wanted)
        details: Details = {
            "what": "findings", "format": form.value, "rows": rows, "sha256": digest,
            "filter": sha256(private).hexdigest(),
        }  # fmt: skip
        entry = TrailEntry(
            kind=Kind.EXPORTED, subject=digest[:32], at=self._now(), actor=caller.id, details=details, private=private
        )
        await self._trail.append([seal(entry)])


def _finish(sheet: Sheet, file: IO[bytes]) -> tuple[int, str]:
    sheet.close()
    file.seek(0)
    digest, size = sha256(), 0
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
    file.seek(0)
    return size, digest.hexdigest()


class _Names:
    """What departments and physicians are called; each is looked up once."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._departments: dict[tuple[str, str], str] = {}
        self._staff: dict[tuple[str, str], str] = {}

    async def of(self, reviews: Sequence[Review]) -> list[Row]:
        for facility in {one.facility for one in reviews}:
            here = [one for one in reviews if one.facility == facility]
            if new := {one.department for one in here if (facility, one.department) not in self._departments} - {""}:
                known = {one.code: one.name for one in await self._directory.departments(facility, sorted(new))}
                self._departments |= {(facility, code): known.get(code, "") for code in new}
            if new := {one.practitioner for one in here if (facility, one.practitioner) not in self._staff} - {""}:
                people = {one.code: one.name for one in await self._directory.staff(facility, sorted(new))}
                self._staff |= {(facility, code): people.get(code, "") for code in new}
        return [
            Row(
                one,
                self._departments.get((one.facility, one.department), ""),
                self._staff.get((one.facility, one.practitioner), ""),
            )
            for one in reviews
        ]

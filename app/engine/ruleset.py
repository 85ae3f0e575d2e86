"""Ruleset (规则库): opens a compiled form and judges cases by it. Never changed: a new revision replaces it whole."""

import struct
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from app.domain.audit import Judgement
from app.domain.case import Case
from app.domain.decision import Stage
from app.engine.compiled import MAGIC, Header, RuleHead, RulePeriod
from app.engine.index import Index, Posting
from app.engine.kind import On
from app.engine.kinds import KINDS
from app.engine.report import Origin, Report, with_history
from app.knowledge.pack import PackError

Bound = tuple[date, date, Any, Origin]  # from, to, check, where the check comes from
_REMEMBERED_CODES = 200_000  # per view; codes beyond that are looked up each time, so that odd codes cannot fill memory


class Ruleset:
    """One revision of all rules, shared by all requests. `view` gives what holds at a stage in a facility."""

    def __init__(self, compiled: bytes | memoryview) -> None:
        """Open a compiled form; raises PackError where the bytes are not one."""
        buffer = memoryview(compiled)
        start = len(MAGIC) + 4
        if len(buffer) < start or bytes(buffer[: len(MAGIC)]) != MAGIC:
            raise PackError("not a compiled ruleset of this version; compile the rules again")
        (size,) = struct.unpack_from("<I", buffer, len(MAGIC))
        self.header = msgspec.msgpack.decode(buffer[start : start + size], type=Header)
        self._points = buffer[start + size : start + size + self.header.points_size]
        self._index = Index(buffer[start + size + self.header.points_size :], self.header.slot_count)
        self.rules: Mapping[str, RuleHead] = {rule.id: rule for rule in self.header.rules}
        self._scopes = {scope for rule in self.header.rules for scope in (rule.area, rule.facility) if scope}
        self._scopes |= {scope for one in self.header.exceptions for scope in (one.area, one.facility) if scope}
        self._parameters: dict[int, Any] = {}
        self._views: dict[tuple[Stage, str, str], View] = {}

    @property
    def revision(self) -> str:
        return self.header.revision

    def view(self, stage: Stage, facility: str = "", area: str = "") -> "View":
        """The rules of a stage in a facility; facilities and areas without rules of their own share one view."""
        key = (stage, facility if facility in self._scopes else "", area if area in self._scopes else "")
        view = self._views.get(key)
        if view is None:
            view = self._views[key] = View(self, *key)
        return view

    def audit(self, case: Case) -> Judgement:
        """Judge every line, diagnosis and the encounter. Pure: the same case gives the same judgement."""
        encounter = case.encounter
        return self.view(case.stage, encounter.facility.id, encounter.coverage.pooling_area).audit(case)

    def bind(self, posting: Posting) -> tuple[RulePeriod, RuleHead, Any, Any]:
        """The period, rule, kind and point that a posting stands for."""
        number, offset = posting
        period = self.header.periods[number]
        head = self.header.rules[period.rule]
        kind = KINDS[head.kind]
        (size,) = struct.unpack_from("<I", self._points, offset)
        return period, head, kind, msgspec.msgpack.decode(self._points[offset + 4 : offset + 4 + size], type=kind.point)

    def parameters(self, posting: Posting, kind: Any) -> Any:
        number = posting[0]
        found = self._parameters.get(number)
        if found is None:
            raw = self.header.periods[number].parameters
            found = self._parameters[number] = msgspec.msgpack.decode(raw, type=kind.parameters)
        return found

    def postings(self, on: On, code: str) -> list[Posting]:
        """What is to be checked for a code: what names it, and what names a beginning of it."""
        encoded = code.encode()
        find, letter = self._index.find, b"i" if on is On.ITEM else b"d"
        found = list(find(letter + encoded))
        for length in self.header.prefix_lengths[on.name]:
            if length <= len(encoded):
                found += find(letter.upper() + encoded[:length])
        return found


class View:
    """The checks that hold at one stage in one facility, prepared when a code is first met."""

    def __init__(self, ruleset: Ruleset, stage: Stage, facility: str, area: str) -> None:
        self._ruleset, self._stage, self._facility, self._area = ruleset, stage, facility, area
        self._by_item: dict[str, tuple[Bound, ...]] = {}
        self._by_diagnosis: dict[str, tuple[Bound, ...]] = {}
        self._prepared: dict[Posting, Bound | None] = {}
        self._always = self._bound(list(ruleset.header.always))

    def audit(self, case: Case) -> Judgement:
        report = Report(case)
        by_item, add = self._by_item, report.add
        for line in case.lines:
            checks = by_item.get(line.item_code)
            if checks is None:
                checks = self._find(On.ITEM, by_item, line.item_code)
            if not checks:
                report.without_rules.append(line.id)
                continue
            day = line.service_date
            for start, end, check, origin in checks:
                if start <= day <= end:
                    outcome = check(line, case)
                    if outcome is not None:
                        add(origin, outcome, line)
        self._audit_encounter(case, report)
        return report.judgement(self._ruleset.revision)

    def _audit_encounter(self, case: Case, report: Report) -> None:
        day = _encounter_date(case)
        for start, end, check, origin in self._always:
            if start <= day <= end:
                for outcome in check(case):
                    report.add(origin, outcome, None)
        if not self._ruleset.header.has_diagnosis_points:
            return
        for diagnosis in case.encounter.diagnoses:
            checks = self._by_diagnosis.get(diagnosis.code)
            if checks is None:
                checks = self._find(On.DIAGNOSIS, self._by_diagnosis, diagnosis.code)
            for start, end, check, origin in checks:
                if start <= day <= end:
                    outcome = check(diagnosis, case)
                    if outcome is not None:
                        report.add(origin, outcome, None)

    def _find(self, on: On, cache: dict[str, tuple[Bound, ...]], code: str) -> tuple[Bound, ...]:
        found = self._bound(self._ruleset.postings(on, code)) if code else ()
        if len(cache) < _REMEMBERED_CODES:
            cache[code] = found
        return found

    def _bound(self, postings: list[Posting]) -> tuple[Bound, ...]:
        found = []
        for posting in sorted(set(postings)):  # by rule id, then as written: the order of findings never varies
            if posting in self._prepared:
                bound = self._prepared[posting]
            else:
                bound = self._prepare(posting)
                if len(self._prepared) < _REMEMBERED_CODES:
                    self._prepared[posting] = bound
            if bound is not None:
                found.append(bound)
        return tuple(found)

    def _prepare(self, posting: Posting) -> Bound | None:
        period, head, kind, point = self._ruleset.bind(posting)
        if self._stage not in head.stages or head.area not in ("", self._area):
            return None
        if head.facility not in ("", self._facility):
            return None
        start, end = max(period.start, point.effective_start), min(period.end, point.effective_end)
        if start > end:
            return None
        parameters = self._ruleset.parameters(posting, kind)
        check = kind.prepare(point, parameters)
        if kind.past_days(point, parameters):
            check = with_history(check, kind.on)
        return start, end, check, Origin(head, point, self._exceptions_of(head.id), self._ruleset.revision)

    def _exceptions_of(self, rule: str) -> tuple[Any, ...]:
        return tuple(
            one
            for one in self._ruleset.header.exceptions
            if one.rule == rule and one.area in ("", self._area) and one.facility in ("", self._facility)
        )


def _encounter_date(case: Case) -> date:
    """The date by which rules on the whole encounter are chosen: its last service date, else its end or start."""
    if case.lines:
        return max(line.service_date for line in case.lines)
    at = case.encounter.end_at or case.encounter.start_at
    return at.date() if at is not None else date.min


def open_ruleset(path: Path) -> Ruleset:
    """Map a compiled file into memory and open it; pages are shared among the processes that do."""
    import mmap

    with path.open("rb") as file:
        return Ruleset(memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))

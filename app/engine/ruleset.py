"""Ruleset (规则库): opens a compiled form and judges cases by it. Never changed: a new revision replaces it whole."""

import struct
from collections.abc import Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from app.domain.audit import Judgement
from app.domain.case import Case
from app.domain.decision import SAFE_POLICY, Decision, DecisionPolicy, Severity, Stage
from app.engine.adjustment import adjusted
from app.engine.compiled import MAGIC, Header, RuleHead, RulePeriod
from app.engine.index import Index, Posting
from app.engine.kind import On, Table
from app.engine.kinds import KINDS
from app.engine.report import Origin, Report, encounter_date, with_history
from app.engine.stretch import Bound, Stretch, in_force, stretches
from app.knowledge.overlay import LocalRecord
from app.knowledge.pack import PackError

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
        try:
            self.header = msgspec.msgpack.decode(buffer[start : start + size], type=Header)
        except msgspec.MsgspecError as error:
            raise PackError(f"the compiled ruleset is broken ({error}); compile the rules again") from error
        if len(buffer) != start + size + self.header.points_size + self.header.index_size:
            raise PackError("the compiled ruleset is cut off; compile the rules again")
        self._points = buffer[start + size : start + size + self.header.points_size]
        self._index = Index(buffer[start + size + self.header.points_size :], self.header.slot_count)
        self.rules: Mapping[str, RuleHead] = {rule.id: rule for rule in self.header.rules}
        self._scopes = {scope for rule in self.header.rules for scope in (rule.area, rule.facility) if scope}
        overlay: tuple[LocalRecord, ...] = (*self.header.exceptions, *self.header.adjustments)
        self._scopes |= {scope for one in overlay for scope in (one.area, one.facility) if scope}
        self._parameters: dict[int, Any] = {}
        self._tables: dict[str, Table[Any]] = {}
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

    def audit(self, case: Case, policy: DecisionPolicy = SAFE_POLICY) -> Judgement:
        """Judge every line, diagnosis and the encounter. Pure: the same case gives the same judgement."""
        encounter = case.encounter
        view = self.view(case.stage, encounter.facility.id, encounter.coverage.pooling_area)
        return view.audit(case, policy.at(case.stage))

    def bind(self, posting: Posting) -> tuple[RulePeriod, RuleHead, Any, Any]:
        """The period, rule, kind and point that a posting stands for."""
        number, offset = posting
        period = self.header.periods[number]
        head = self.header.rules[period.rule]
        kind = KINDS[head.kind]
        return period, head, kind, self._point(offset, kind)[0]

    def _point(self, offset: int, kind: Any) -> tuple[Any, int]:
        """The point at the offset, and the offset of the next."""
        (size,) = struct.unpack_from("<I", self._points, offset)
        end = offset + 4 + size
        return msgspec.msgpack.decode(self._points[offset + 4 : end], type=kind.point), end

    def points_of(self, head: RuleHead) -> list[Any]:
        """Every knowledge point of a rule, in the order of its file."""
        found, (offset, end) = [], head.points_at
        while offset < end:
            point, offset = self._point(offset, KINDS[head.kind])
            found.append(point)
        return found

    def periods_of(self, head: RuleHead) -> list[RulePeriod]:
        """The stretches of days in which a rule holds, the earliest first."""
        return [period for period in self.header.periods if self.header.rules[period.rule] is head]

    def table(self, head: RuleHead) -> Table[Any]:
        if head.id not in self._tables:
            self._tables[head.id] = Table(partial(self.points_of, head))
        return self._tables[head.id]

    def parameters(self, posting: Posting, kind: Any) -> Any:
        number = posting[0]
        found = self._parameters.get(number)
        if found is None:
            raw = self.header.periods[number].parameters
            found = self._parameters[number] = msgspec.msgpack.decode(raw, type=kind.parameters)
        return found

    def postings(self, on: On, code: str) -> list[Posting]:
        """What is to be checked for a code: what names it, and what names a beginning of it.

        Nothing where only points on any item whatever (`*`) apply: `postings_of_any_item` gives those.
        """
        encoded = code.encode()
        find, letter = self._index.find, b"i" if on is On.ITEM else b"d"
        found = list(find(letter + encoded))
        for length in self.header.prefix_lengths[on.name]:
            if 0 < length <= len(encoded):
                found += find(letter.upper() + encoded[:length])
        return [*found, *find(letter.upper())] if found or on is On.DIAGNOSIS else []

    def postings_of_any_item(self) -> list[Posting]:
        return list(self._index.find(b"I"))


class View:
    """The checks that hold at one stage in one facility, prepared when a code is first met."""

    def __init__(self, ruleset: Ruleset, stage: Stage, facility: str, area: str) -> None:
        self._ruleset, self._stage, self._facility, self._area = ruleset, stage, facility, area
        self._by_item: dict[str, Stretch | None] = {}
        self._by_diagnosis: dict[str, Stretch | None] = {}
        self._days: dict[date, date] = {}  # one object per day, whatever the number of codes
        self._prepared: dict[Posting, tuple[Bound, ...]] = {}
        self._always = self._stretches(list(ruleset.header.always))
        self._any_item = self._stretches(ruleset.postings_of_any_item())

    def audit(self, case: Case, decisions: Mapping[Severity, Decision]) -> Judgement:
        report = Report(case, decisions)
        by_item, any_item, add = self._by_item, self._any_item, report.add
        for line in case.lines:
            try:
                held = by_item[line.item_code]
            except KeyError:
                held = self._find(On.ITEM, by_item, line.item_code)
            day = line.service_date
            found = held
            while held is not None and not held.start <= day <= held.end:
                held = held.older
            if held is None or found is any_item:
                report.without_rules.append(line.id)
            if held is None:
                continue
            for number, check in enumerate(held.checks):
                try:
                    outcome = check(line, case)
                    if outcome is not None:
                        add(held.origins[number], outcome, line)
                except Exception:  # one broken check must not cost the doctor all the others
                    report.add_failure(held.origins[number], line)
        self._audit_encounter(case, report)
        return report.judgement(self._ruleset.revision)

    def _audit_encounter(self, case: Case, report: Report) -> None:
        if self._always is None and not self._ruleset.header.has_diagnosis_points:
            return
        day = encounter_date(case)
        for check, origin in in_force(self._always, day):
            try:
                for outcome in check(case):
                    report.add(origin, outcome, None)
            except Exception:
                report.add_failure(origin, None)
        for diagnosis in case.encounter.diagnoses:
            try:
                held = self._by_diagnosis[diagnosis.code]
            except KeyError:
                held = self._find(On.DIAGNOSIS, self._by_diagnosis, diagnosis.code)
            for check, origin in in_force(held, day):
                try:
                    outcome = check(diagnosis, case)
                    if outcome is not None:
                        report.add(origin, outcome, None)
                except Exception:
                    report.add_failure(origin, None)

    def _find(self, on: On, cache: dict[str, Stretch | None], code: str) -> Stretch | None:
        found = self._any_item if on is On.ITEM else None
        if code and (postings := self._ruleset.postings(on, code)):
            found = self._stretches(postings)
        if len(cache) < _REMEMBERED_CODES:
            cache[code] = found
        return found

    def _stretches(self, postings: list[Posting]) -> Stretch | None:
        found: list[Bound] = []
        for posting in sorted(set(postings)):  # by rule id, then as written: the order of findings never varies
            if posting in self._prepared:
                bound = self._prepared[posting]
            else:
                bound = self._prepare(posting)
                if len(self._prepared) < _REMEMBERED_CODES:
                    self._prepared[posting] = bound
            found += bound
        return stretches(found, self._days)

    def _prepare(self, posting: Posting) -> tuple[Bound, ...]:
        period, head, kind, point = self._ruleset.bind(posting)
        if self._stage not in head.stages or not self._is_here(head):
            return ()
        start, end = max(period.start, point.effective_start), min(period.end, point.effective_end)
        if start > end:
            return ()
        header, revision = self._ruleset.header, self._ruleset.revision
        parameters = self._ruleset.parameters(posting, kind)
        check = kind.prepare(point, parameters, self._ruleset.table(head))
        if kind.past_days(point, parameters) and not kind.tells_history:
            check = with_history(check, kind.on)
        exceptions = tuple(one for one in header.exceptions if one.rule == head.id and self._is_here(one))
        adjustments = tuple(one for one in header.adjustments if one.rule == head.id and self._is_here(one))
        return tuple(
            (first, last, check, Origin(changed, point, exceptions, revision, kind.item_name(point)))
            for first, last, changed in adjusted(head, start, end, adjustments)
        )

    def _is_here(self, one: RuleHead | LocalRecord) -> bool:
        return one.area in ("", self._area) and one.facility in ("", self._facility)


def open_ruleset(path: Path) -> Ruleset:
    """Map a compiled file into memory and open it; pages are shared among the processes that do."""
    import mmap

    with path.open("rb") as file:
        return Ruleset(memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))

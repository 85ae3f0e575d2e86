"""Ruleset (规则库): opens a compiled form and judges cases by it. Never changed: a new revision replaces it whole."""

import struct
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from app.domain.audit import Judgement
from app.domain.case import Case
from app.domain.decision import SAFE_POLICY, DecisionPolicy, Stage
from app.domain.encounter import Encounter
from app.engine.compiled import MAGIC, Header, RuleHead, RulePeriod
from app.engine.index import Index, Posting
from app.engine.kind import On, Table
from app.engine.kinds import KINDS
from app.engine.needs import Needs
from app.engine.stop import Stop
from app.engine.view import View
from app.knowledge.overlay import LocalRecord
from app.knowledge.pack import PackError


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
        self.compiled = buffer
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

    @property
    def views(self) -> Mapping[tuple[Stage, str, str], View]:
        """Those that were asked for until now, by stage, facility and area."""
        return self._views

    def view(self, stage: Stage, facility: str = "", area: str = "") -> View:
        """The rules of a stage in a facility; facilities and areas without rules of their own share one view."""
        key = (stage, facility if facility in self._scopes else "", area if area in self._scopes else "")
        view = self._views.get(key)
        if view is None:
            view = self._views[key] = View(self, *key)
        return view

    def audit(self, case: Case, policy: DecisionPolicy = SAFE_POLICY, stop: Stop | None = None) -> Judgement:
        """Judge every line, diagnosis and the encounter. Pure: the same case gives the same judgement, and so it does
        up to the same `stop`.
        """
        encounter = case.encounter
        view = self.view(case.stage, encounter.facility.id, encounter.coverage.pooling_area)
        return view.audit(case, policy.at(case.stage), stop)

    def needs(self, encounter: Encounter, stage: Stage) -> Needs:
        """What judging the encounter needs of the patient's others."""
        codes = {line.item_code for line in (*encounter.order_lines, *encounter.charge_lines)}
        return self.view(stage, encounter.facility.id, encounter.coverage.pooling_area).needs(codes)

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

    def forget(self) -> None:
        """Let go of what was prepared, which holds this ruleset in turn; it is prepared again when it is asked for."""
        self._views.clear()
        self._tables.clear()

    def each_point(self, head: RuleHead) -> Iterator[Any]:
        """The knowledge points of a rule, in the order of its file."""
        offset, end = head.points_at
        while offset < end:
            point, offset = self._point(offset, KINDS[head.kind])
            yield point

    def points_of(self, head: RuleHead) -> list[Any]:
        return list(self.each_point(head))

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


def open_ruleset(path: Path) -> Ruleset:
    """Map a compiled file into memory and open it; pages are shared among the processes that do."""
    import mmap

    with path.open("rb") as file:
        return Ruleset(memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))

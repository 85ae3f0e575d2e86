"""View (规则视图): the rules that hold at one stage in one facility, prepared when a code is first met."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from app.domain.audit import Judgement
from app.domain.case import Case
from app.domain.decision import Decision, Severity, Stage
from app.domain.line import Line
from app.engine.adjustment import adjusted
from app.engine.compiled import RuleHead
from app.engine.index import Posting
from app.engine.kind import On
from app.engine.needs import NOTHING, Needs, all_of, needs_of
from app.engine.report import Origin, Report, encounter_date, with_history
from app.engine.stop import EVERY, Stop
from app.engine.stretch import Bound, Stretch, in_force, stretches
from app.knowledge.overlay import LocalRecord

if TYPE_CHECKING:
    from app.engine.ruleset import Ruleset

REMEMBERED_CODES = 200_000  # per view; codes beyond that are looked up each time, so that odd codes cannot fill memory


class View:
    """The checks that hold at one stage in one facility, prepared when a code is first met."""

    def __init__(self, ruleset: "Ruleset", stage: Stage, facility: str, area: str) -> None:
        self._ruleset, self._stage, self._facility, self._area = ruleset, stage, facility, area
        self._by_item: dict[str, Stretch | None] = {}
        self._by_diagnosis: dict[str, Stretch | None] = {}
        self._days: dict[date, date] = {}  # one object per day, whatever the number of codes
        self._prepared: dict[Posting, tuple[Bound, ...]] = {}
        self._needs_by_item: dict[str, Needs] = {}
        self._always = self._stretches(list(ruleset.header.always))
        self._always_needs = self._needs_of(list(ruleset.header.always))
        self._any_item = self._stretches(ruleset.postings_of_any_item())

    def audit(self, case: Case, decisions: Mapping[Severity, Decision], stop: Stop | None = None) -> Judgement:
        report, lines = Report(case, decisions), case.lines
        if stop is None or len(lines) <= EVERY:
            stop = stop if case.history else None  # so little that to look at the clock would cost more than it saves
            self._audit_lines(lines, case, report)
        else:
            for start in range(0, len(lines), EVERY):
                if stop.is_due():
                    self._leave_lines(lines[start:], report)
                    break
                self._audit_lines(lines[start : start + EVERY], case, report)
        self._audit_encounter(case, report, stop)
        return report.judgement(self._ruleset.revision)

    def _audit_lines(self, lines: Sequence[Line], case: Case, report: Report) -> None:
        by_item, any_item, add = self._by_item, self._any_item, report.add
        for line in lines:
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

    def _leave_lines(self, lines: Sequence[Line], report: Report) -> None:
        """Say of each rule on these lines that there was no time for it."""
        rules: dict[str, tuple[str, ...]] = {}  # by code
        for line in lines:
            code = line.item_code
            if code not in rules:
                rules[code] = self._rules_on(code)
            if not rules[code]:
                report.without_rules.append(line.id)
            for rule in rules[code]:
                report.add_untimely(rule, line.id)

    def _rules_on(self, code: str) -> tuple[str, ...]:
        """From the index alone: to prepare what was never met takes as long as to judge it."""
        header = self._ruleset.header
        postings = self._ruleset.postings(On.ITEM, code) if code else []
        postings = postings or self._ruleset.postings_of_any_item()
        heads = [header.rules[header.periods[number].rule] for number, _ in postings]
        found = [one.id for one in heads if self._stage in one.stages and self._is_here(one)]
        return tuple(dict.fromkeys(found))

    def _audit_encounter(self, case: Case, report: Report, stop: Stop | None) -> None:
        if self._always is None and not self._ruleset.header.has_diagnosis_points:
            return
        day = encounter_date(case)
        for check, origin in in_force(self._always, day):
            if stop is not None and stop.is_due():
                report.add_untimely(origin.finding.rule)
                continue
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
                if stop is not None and stop.is_due():
                    report.add_untimely(origin.finding.rule)
                    continue
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
        if len(cache) < REMEMBERED_CODES:
            cache[code] = found
        return found

    def met(self, on: On) -> list[str]:
        """The codes that were met until now, in that order."""
        return list(self._by_item if on is On.ITEM else self._by_diagnosis)

    def prepare(self, on: On, code: str) -> None:
        """Make ready for a code before it is met."""
        if on is On.DIAGNOSIS:
            self._find(on, self._by_diagnosis, code)
        else:
            self._find(on, self._by_item, code)
            self.needs((code,))

    def needs(self, codes: Iterable[str]) -> Needs:
        """What judging lines of these item codes needs of the patient's other encounters."""
        found, known = self._always_needs, self._needs_by_item
        for code in codes:
            needs = known.get(code)
            if needs is None:
                needs = self._needs_of(self._ruleset.postings(On.ITEM, code) or self._ruleset.postings_of_any_item())
                if len(known) < REMEMBERED_CODES:
                    known[code] = needs
            if needs is not NOTHING:
                found = found | needs
        return found

    def _needs_of(self, postings: list[Posting]) -> Needs:
        bound = [(posting, *self._ruleset.bind(posting)) for posting in postings]
        return all_of(
            needs_of(kind, point, self._ruleset.parameters(posting, kind))
            for posting, _, head, kind, point in bound
            if self._stage in head.stages and self._is_here(head)
        )

    def _stretches(self, postings: list[Posting]) -> Stretch | None:
        found: list[Bound] = []
        for posting in sorted(set(postings)):  # by rule id, then as written: the order of findings never varies
            if posting in self._prepared:
                bound = self._prepared[posting]
            else:
                bound = self._prepare(posting)
                if len(self._prepared) < REMEMBERED_CODES:
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

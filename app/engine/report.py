"""Turns what checks say into findings: ids, words, amounts, and who may see them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from msgspec.structs import replace

from app.domain.audit import Judgement
from app.domain.case import Case
from app.domain.decision import Decision, Severity
from app.domain.finding import Finding, NotEvaluated, Visibility
from app.domain.line import Line, total_claimed
from app.domain.money import cents, plain
from app.engine.compiled import RuleHead
from app.engine.facts import explain_missing
from app.engine.kind import Hit, KnowledgePoint, Missing, On
from app.engine.messages import LINE_WORDS, words_of
from app.knowledge.overlay import RuleException
from app.knowledge.rule import Judges, Status

_RELATED_NAMED = 100  # lines; a finding that concerns thousands says how many in its facts


class Origin:
    """Where a check comes from, with everything about its findings that does not depend on the case."""

    __slots__ = ("claimed_only", "exceptions", "finding", "item_name", "key", "line_words", "shown", "words")

    def __init__(
        self,
        head: RuleHead,
        point: KnowledgePoint,
        exceptions: tuple[RuleException, ...],
        ruleset: str,
        item_name: str = "",
    ) -> None:
        self.exceptions, self.item_name = exceptions, item_name
        self.claimed_only = head.judges is Judges.CLAIMED
        self.shown = head.status is not Status.TRIAL
        used = words_of(head.message) | words_of(head.remedy)
        self.words = {name: _text(getattr(point, name)) for name in point.__struct_fields__ if name in used}
        self.line_words = tuple((name, read) for name, read in LINE_WORDS.items() if name in used)
        self.key = f"\x1f{head.id}\x1f{point.point}\x1f"
        self.finding = Finding(  # all that a finding says whatever the case; to replace the rest is quicker
            id="",
            rule=head.id,
            rule_version=head.version,
            ruleset=ruleset,
            point=point.point,
            title=head.title,
            category=head.category,
            severity=head.severity,
            message=head.message,
            remedy=head.remedy,
            lines=(),
            basis=point.basis,
            references=head.references,
            visibility=Visibility.SHOWN if self.shown else Visibility.TRIAL,
        )


class Report:
    """Gathers the outcomes of one audit in the order in which they come."""

    __slots__ = ("_case", "_decisions", "_findings", "_key", "_missing", "without_rules")

    def __init__(self, case: Case, decisions: Mapping[Severity, Decision]) -> None:
        self._case, self._decisions = case, decisions
        self._findings: dict[str, Finding] = {}
        self._missing: dict[tuple[str, str], list[str]] = {}
        self._key = f"{case.encounter.facility.id}\x1f{case.encounter.id}"
        self.without_rules: list[str] = []

    def add(self, origin: Origin, outcome: Hit | Missing, line: Line | None) -> None:
        if type(outcome) is Hit:
            at_fault = outcome.lines
            if not origin.claimed_only or not at_fault or any([line.is_claimed for line in at_fault]):
                finding = self._finding(origin, outcome, at_fault)
                self._findings.setdefault(finding.id, finding)  # a group may be told by each of its lines
        elif type(outcome) is Missing and (line is None or not origin.claimed_only or line.is_claimed):
            self._add_missing(origin, outcome.fact, line)

    def add_failure(self, origin: Origin, line: Line | None) -> None:
        """A check broke down: its rule is not evaluated, all others are."""
        self._add_missing(origin, "internal_error", line)

    def add_untimely(self, rule: str, line: str = "") -> None:
        """The deadline came before this rule was judged."""
        lines = self._missing.setdefault((rule, "time"), [])
        if line:
            lines.append(line)

    def _add_missing(self, origin: Origin, fact: str, line: Line | None) -> None:
        lines = self._missing.setdefault((origin.finding.rule, fact), [])
        if line is not None:
            lines.append(line.id)

    def _finding(self, origin: Origin, hit: Hit, at_fault: Sequence[Line]) -> Finding:
        made, facts, related = origin.finding, hit.facts, hit.related
        lines = (at_fault[0].id,) if len(at_fault) == 1 else tuple([line.id for line in at_fault])
        words = {**origin.words, **facts}
        for name, read in origin.line_words:
            words[name] = read(at_fault[0], origin.item_name) if at_fault else ""
        is_current = _touches_current(at_fault, related)
        finding = replace(
            made,
            id=self._id(origin, lines, facts),
            message=made.message.format_map(words),
            remedy=made.remedy.format_map(words),
            lines=lines,
            related_lines=tuple([line.id for line in related[:_RELATED_NAMED]]) if related else (),
            amount_at_issue=_amount(at_fault) if hit.amount is None else cents(hit.amount),
            facts=facts,
            decision=self._decisions[made.severity] if is_current and origin.shown else Decision.PASS,
            is_current=is_current,
        )
        if origin.exceptions and self._is_excepted(origin, at_fault):
            return replace(finding, visibility=Visibility.EXCEPTED, decision=Decision.PASS)
        return finding

    def _is_excepted(self, origin: Origin, at_fault: Sequence[Line]) -> bool:
        stay = self._case.encounter
        places = [(line.service_date, line.department or stay.department) for line in at_fault]
        places = places or [(encounter_date(self._case), stay.department)]
        return any(one.covers(origin.finding.point, places) for one in origin.exceptions)

    def _id(self, origin: Origin, lines: tuple[str, ...], facts: dict[str, str]) -> str:
        """The same fault of the same lines for the same facts: the same 32 hex characters, whatever the revision."""
        told = "\x1e".join([*lines, "", *facts, *facts.values()])
        key = f"{self._key}{origin.key}{told}"
        return blake2b(key.encode(), digest_size=16).hexdigest()

    def judgement(self, ruleset: str) -> Judgement:
        return Judgement(
            ruleset=ruleset,
            findings=tuple(self._findings.values()),
            not_evaluated=tuple(
                [
                    NotEvaluated(
                        rule=rule, missing=fact, lines=tuple(dict.fromkeys(lines)), message=explain_missing(fact)
                    )
                    for (rule, fact), lines in self._missing.items()
                ]
            ),
            lines_without_rules=tuple(self.without_rules),
        )


def _amount(lines: Sequence[Line]) -> Decimal | None:
    """None where a line does not say, and where nothing is charged for what the finding is about."""
    total = total_claimed(lines) if lines else None
    return None if total is None else cents(total)


def _touches_current(at_fault: Sequence[Line], related: Sequence[Line]) -> bool:
    for line in at_fault:
        if line.current:
            return True
    return any([line.current for line in related]) if related else not at_fault


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return "、".join(_text(one) for one in value)
    return plain(value) if isinstance(value, Decimal) else str(value)


def with_history(check: Any, on: On) -> Callable[..., Any]:
    """The same check, that says so where it found nothing but does not know the patient's past."""
    missing = Missing("history")
    if on is On.ENCOUNTER:

        def check_encounter(case: Case) -> Any:
            found = tuple(check(case))
            return (missing,) if not found and case.history is None else found

        return check_encounter

    def check_subject(subject: Any, case: Case) -> Any:
        outcome = check(subject, case)
        return missing if outcome is None and case.history is None else outcome

    return check_subject


def encounter_date(case: Case) -> date:
    """The date by which rules on the whole encounter are chosen: its last service date, else its end or start."""
    if case.lines:
        return max(line.service_date for line in case.lines)
    at = case.encounter.end_at or case.encounter.start_at
    return at.date() if at is not None else date.min

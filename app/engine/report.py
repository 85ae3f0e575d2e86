"""Turns what checks say into findings: ids, words, amounts, and who may see them."""

import hashlib
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import msgspec

from app.domain.audit import Judgement
from app.domain.case import Case
from app.domain.finding import Finding, NotEvaluated, Visibility
from app.domain.line import Line
from app.domain.money import ZERO, cents, plain
from app.engine.compiled import RuleHead
from app.engine.exceptions import RuleException
from app.engine.facts import explain_missing
from app.engine.kind import Hit, KnowledgePoint, Missing, On
from app.engine.messages import LINE_WORDS, words_of
from app.knowledge.rule import Judges, Status


class Origin:
    """Where a check comes from, with everything about its findings that does not depend on the case."""

    __slots__ = ("claimed_only", "exceptions", "head", "line_words", "point", "ruleset", "visibility", "words")

    def __init__(
        self, head: RuleHead, point: KnowledgePoint, exceptions: tuple[RuleException, ...], ruleset: str
    ) -> None:
        self.head, self.point, self.exceptions, self.ruleset = head, point, exceptions, ruleset
        self.claimed_only = head.judges is Judges.CLAIMED
        self.visibility = Visibility.TRIAL if head.status is Status.TRIAL else Visibility.SHOWN
        used = words_of(head.message) | words_of(head.remedy)
        columns = {field.name for field in msgspec.structs.fields(point)}
        self.words = {name: _text(getattr(point, name)) for name in used & columns}
        self.line_words = bool(used & LINE_WORDS)


class Report:
    """Gathers the outcomes of one audit in the order in which they come."""

    __slots__ = ("_case", "_findings", "_key", "_missing", "without_rules")

    def __init__(self, case: Case) -> None:
        self._case = case
        self._findings: list[Finding] = []
        self._missing: dict[tuple[str, str], list[str]] = {}
        self._key = f"{case.encounter.facility.id}\x1f{case.encounter.id}\x1f".encode()
        self.without_rules: list[str] = []

    def add(self, origin: Origin, outcome: Hit | Missing, line: Line | None) -> None:
        if type(outcome) is Missing:
            if line is None or not origin.claimed_only or line.is_claimed:
                lines = self._missing.setdefault((origin.head.id, outcome.fact), [])
                if line is not None:
                    lines.append(line.id)
            return
        assert isinstance(outcome, Hit)  # noqa: S101 - for the type checker
        at_fault = outcome.lines
        if origin.claimed_only and at_fault and not any([one.is_claimed for one in at_fault]):
            return
        self._findings.append(self._finding(origin, outcome, at_fault))

    def _finding(self, origin: Origin, hit: Hit, at_fault: Iterable[Line]) -> Finding:
        head, facts = origin.head, hit.facts
        lines = tuple([line.id for line in at_fault])
        words = {**origin.words, **facts}
        if origin.line_words and lines:
            words |= _line_words(hit.lines[0])
        visibility = origin.visibility
        if origin.exceptions and any(one.covers(origin.point.point, at_fault) for one in origin.exceptions):
            visibility = Visibility.EXCEPTED
        return Finding(
            id=self._id(head.id, origin.point.point, lines, facts),
            rule=head.id,
            rule_version=head.version,
            ruleset=origin.ruleset,
            point=origin.point.point,
            title=head.title,
            category=head.category,
            severity=head.severity,
            message=head.message.format_map(words) if words else head.message,
            remedy=head.remedy.format_map(words) if words else head.remedy,
            lines=lines,
            related_lines=tuple([line.id for line in hit.related]),
            amount_at_issue=_amount(at_fault) if hit.amount is None else cents(hit.amount),
            facts=facts,
            basis=origin.point.basis,
            references=head.references,
            is_current=_touches_current(hit),
            visibility=visibility,
        )

    def _id(self, rule: str, point: str, lines: tuple[str, ...], facts: dict[str, str]) -> str:
        """The same fault of the same lines for the same facts: the same 32 hex characters, whatever the revision."""
        key = "\x1f".join((rule, point, *lines, "", *[f"{name}={value}" for name, value in facts.items()]))
        return hashlib.blake2b(self._key + key.encode(), digest_size=16).hexdigest()

    def judgement(self, ruleset: str) -> Judgement:
        return Judgement(
            ruleset=ruleset,
            findings=tuple(self._findings),
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


def _line_words(line: Line) -> dict[str, str]:
    return {
        "item": line.name,
        "item_code": line.item_code,
        "quantity": plain(line.quantity),
        "service_date": line.service_date.isoformat(),
    }


def _amount(lines: Iterable[Line]) -> Decimal | None:
    total = ZERO
    for line in lines:
        amount = line.claimed_amount
        if amount is None:
            return None
        total += amount
    return cents(total)


def _touches_current(hit: Hit) -> bool:
    lines = hit.lines or hit.related
    return not lines or any([line.current for line in hit.lines]) or any([line.current for line in hit.related])


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

"""Sightings (疑点发现): what a stored audit says of findings: which there are, and what it looked at for nothing."""

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from app.application.facts import read_facts
from app.domain.audit import Audit, AuditRequest, is_incomplete
from app.domain.decision import Stage
from app.domain.encounter import Encounter
from app.domain.finding import Finding, Visibility
from app.domain.line import Line
from app.domain.review import Review, ReviewState
from app.store.packing import Content
from app.store.review_intake import Item, SeenAudit
from app.store.sealing import moment

_MOST_CENTS = 2**63 - 1
_LONGEST_CODE = 64
_decode_audit = msgspec.json.Decoder(Audit).decode
_decode_hidden = msgspec.json.Decoder(tuple[Finding, ...]).decode
_decode_request = msgspec.json.Decoder(AuditRequest).decode


class RuleFacts(NamedTuple):
    """What a review takes over of its rule; `stages` are those at which it judges."""

    rule_class: str = ""
    needs_second: bool = False
    stages: tuple[Stage, ...] = ()


AboutRule = Callable[[str], RuleFacts]


class Sighting(NamedTuple):
    """A finding of an audit. `is_current`: it is about what was sent, not only about what lies before."""

    review: Review
    items: tuple[Item, ...]
    is_current: bool


class Seen(NamedTuple):
    """What an audit has to say. `judged` are the lines it looked at, `open` which rules it could not judge, and of
    which lines; of none: of all."""

    sightings: list[Sighting]
    judged: frozenset[str]
    open: dict[str, frozenset[str]]

    def has_judged(self, one: Review, stages: tuple[Stage, ...], stage: Stage) -> bool:
        """Whether the finding would be there again, were it still the case."""
        if not self.judged or stage not in (stages or (one.stage,)) or not self.judged.issuperset(one.lines):
            return False
        missing = self.open.get(one.rule)
        return missing is None or bool(missing and missing.isdisjoint(one.lines))


def read_audit(audit: SeenAudit, content: Content, about: AboutRule, patient_key: Callable[[str], str]) -> Seen:
    """Raises msgspec.MsgspecError for what cannot be read."""
    told = _decode_audit(content.audit)
    found = {one.id: one for one in (*told.findings, *(_decode_hidden(content.hidden) if content.hidden else ()))}
    encounter = _encounter(content)
    lines = {line.id: line for line in (*encounter.order_lines, *encounter.charge_lines)}
    names: dict[str, str] = {"patient": patient_key(encounter.patient.id)} if found else {}
    sightings = [
        _sighting(one, audit, encounter, [lines[name] for name in one.lines if name in lines], about(one.rule), names)
        for one in found.values()
        if one.visibility is not Visibility.EXCEPTED
    ]
    missing: dict[str, frozenset[str]] = {}
    for gap in told.not_evaluated:
        known = missing.get(gap.rule)
        is_about_all = not gap.lines or known == frozenset()
        missing[gap.rule] = frozenset() if is_about_all else (known or frozenset()) | {*gap.lines}
    judged = frozenset[str]() if is_incomplete(told.degraded) else frozenset(lines)
    return Seen(sightings, judged, missing)


def _encounter(content: Content) -> Encounter:
    if not content.facts:
        return _decode_request(content.request).encounter
    return read_facts(content.facts).judged(content.request).encounter


def _sighting(
    one: Finding, audit: SeenAudit, encounter: Encounter, lines: list[Line], rule: RuleFacts, names: dict[str, str]
) -> Sighting:
    first = lines[0] if lines else None
    at = moment(audit.at)
    amount = one.amount_at_issue
    review = Review(
        id=one.id,
        state=ReviewState.OPEN,
        facility=audit.facility,
        encounter=audit.encounter,
        rule=one.rule,
        rule_version=one.rule_version,
        category=one.category,
        severity=one.severity,
        stage=audit.stage,
        title=one.title,
        message=one.message,
        lines=one.lines,
        first_found_at=at,
        last_found_at=at,
        last_audit=audit.id,
        campus=encounter.campus,
        department=(first.department if first else "") or encounter.department,
        practitioner=(first.practitioner.id if first else "") or encounter.practitioner.id,
        patient_key=names["patient"],
        rule_class=rule.rule_class,
        insurance_type=encounter.coverage.insurance_type,
        care_type=encounter.care_type,
        amount_cents=None if amount is None else min(int(amount * 100), _MOST_CENTS),
        is_trial=one.visibility is Visibility.TRIAL,
        needs_second=rule.needs_second,
    )
    return Sighting(review, tuple(dict.fromkeys(map(_item, lines))), one.is_current)


def _item(line: Line) -> Item:
    code = line.item_code or line.local_item_code or line.name
    return Item(code[:_LONGEST_CODE], line.name)

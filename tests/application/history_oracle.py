"""The final state in plain dicts: a patient's past once all messages have come, told without any of our code."""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec.structs import replace

from app.domain.audit import AuditRequest, Judgement
from app.domain.case import Case
from app.domain.decision import SAFE_POLICY
from app.domain.encounter import Encounter
from app.domain.line import ChargeLine, Line, OrderLine
from app.engine.ruleset import Ruleset

Place = tuple[str, str]  # facility, encounter
Told = dict[str, Any]


class Past:
    """Every encounter as its latest message tells it, with the latest version of each line that is not withdrawn."""

    def __init__(self, groups: Sequence[Sequence[str]] = ()) -> None:
        self.headers: dict[Place, Encounter] = {}
        self.lines: dict[Place, dict[str, Line]] = {}
        self.ever: set[tuple[str, str, str]] = set()
        self._groups = groups

    def send(self, encounter: Encounter) -> None:
        place = (encounter.facility.id, encounter.id)
        self.headers[place] = encounter
        for line in [*encounter.order_lines, *encounter.charge_lines]:
            self.lines.setdefault(place, {})[line.id] = line
            self.ever.add((*place, line.id))

    def withdraw(self, facility: str, encounter: str, line: str) -> bool:
        self.lines.get((facility, encounter), {}).pop(line, None)
        return (facility, encounter, line) in self.ever

    def judge(self, ruleset: Ruleset, request: AuditRequest) -> Told:
        """What is to be told to one who asks this now."""
        judged = request.encounter
        own = (judged.facility.id, judged.id)
        sent = {line.id for line in [*judged.order_lines, *judged.charge_lines]}
        stored = [_old(line) for line in self._in_order(own) if line.id not in sent]
        others = [place for place in sorted(self.headers) if place != own and self._is_seen(place, judged)]
        case = Case(
            _with(judged, [*stored, *judged.order_lines, *judged.charge_lines]),
            request.stage,
            tuple(_with(self.headers[place], [_old(line) for line in self._in_order(place)]) for place in others),
        )
        return told(ruleset.audit(case, SAFE_POLICY), sent)

    def _is_seen(self, place: Place, judged: Encounter) -> bool:
        if self.headers[place].patient.id != judged.patient.id:
            return False
        return place[0] == judged.facility.id or any(
            place[0] in group and judged.facility.id in group for group in self._groups
        )

    def _in_order(self, place: Place) -> list[Line]:
        return sorted(self.lines.get(place, {}).values(), key=lambda line: (line.service_date, line.id))


def _old(line: Line) -> Line:
    return replace(line, current=False)


def _with(header: Encounter, lines: Iterable[Line]) -> Encounter:
    lines = list(lines)
    return replace(
        header,
        order_lines=tuple(line for line in lines if isinstance(line, OrderLine)),
        charge_lines=tuple(line for line in lines if isinstance(line, ChargeLine)),
    )


def told(judgement: Judgement, sent: set[str]) -> Told:
    """Findings that touch what was sent now, or the encounter as a whole; what could not be judged of it."""
    assert not [one for one in judgement.not_evaluated if one.missing == "internal_error"]
    open_points = [
        (one.rule, one.missing, tuple(line for line in one.lines if line in sent)) for one in judgement.not_evaluated
    ]
    unjudged = {(one.rule, one.missing) for one in judgement.not_evaluated if one.lines and not sent & set(one.lines)}
    return {
        "findings": [
            one
            for one in judgement.findings
            if sent & {*one.lines, *one.related_lines} or not one.lines + one.related_lines
        ],
        "not evaluated": [one for one in open_points if one[:2] not in unjudged],
        "without rules": [line for line in judgement.lines_without_rules if line in sent],
    }


def as_told(judgement: Judgement) -> Told:
    """A judgement of ours in the same words."""
    return {
        "findings": list(judgement.findings),
        "not evaluated": [(one.rule, one.missing, one.lines) for one in judgement.not_evaluated],
        "without rules": list(judgement.lines_without_rules),
    }

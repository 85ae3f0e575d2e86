"""Blacklist (医保支付资格暂停或终止): charges of a practitioner or facility that the fund does not pay for that day.

The list comes as a feed. A line's practitioner is its own, else that of the encounter. One finding holds all lines of a
practitioner or facility that fall under the same entry of the list. The rule has no knowledge file.

```yaml
kind: blacklist
parameters: {subjects: [practitioner, facility]}
```
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Literal

from msgspec import Meta

from app.domain.case import Case
from app.domain.feed import Blacklisted
from app.domain.line import Line
from app.engine.kind import EncounterCheck, Hit, KnowledgePoint, Missing, On, RuleKind, Shape, Table

Subject = Literal["practitioner", "facility"]
_WORDS: dict[Subject, str] = {"practitioner": "医师", "facility": "医疗机构"}


class Parameters(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    subjects: Annotated[tuple[Subject, ...], Meta(min_length=1)] = ("practitioner", "facility")


class Point(KnowledgePoint, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


def prepare(_: Point, parameters: Parameters, _table: Table[Point]) -> EncounterCheck:
    subjects = tuple(dict.fromkeys(parameters.subjects))

    def check(case: Case) -> Iterable[Hit | Missing]:
        if not case.lines:
            return ()
        if case.feeds.find(Blacklisted, "") is None:
            return (Missing("feed.blacklist"),)
        return [outcome for subject in subjects for outcome in _faults(case, subject)]

    return check


def _faults(case: Case, subject: Subject) -> Iterator[Hit | Missing]:
    whose = _facility_of(case) if subject == "facility" else _practitioner_of(case)
    found: dict[tuple[str, ...], tuple[Blacklisted, list[Line]]] = {}
    is_unknown = False
    for line in case.lines:
        name = whose(line)
        is_unknown = is_unknown or not name
        for entry in case.feeds.find(Blacklisted, (subject, name)) or ():
            if entry.covers(line.service_date):
                found.setdefault(entry.key, (entry, []))[1].append(line)
                break  # a second entry on the same day adds nothing
    for entry, lines in found.values():
        until = "" if entry.end is None else f"至{entry.end}"
        facts = {"subject": _WORDS[subject], "id": entry.id, "since": f"{entry.start}起{until}", "reason": entry.reason}
        yield Hit(lines, facts=facts)
    if is_unknown:
        yield Missing("practitioner.id")


def _facility_of(case: Case) -> Callable[[Line], str]:
    facility = case.encounter.facility.id
    return lambda _: facility


def _practitioner_of(case: Case) -> Callable[[Line], str]:
    whole = case.encounter.practitioner.id
    return lambda line: line.practitioner.id or whole


KIND = RuleKind(
    name="blacklist",
    title="医保支付资格暂停或终止",
    parameters=Parameters,
    point=Point,
    on=On.ENCOUNTER,
    prepare=prepare,
    facts=frozenset({"subject", "id", "since", "reason"}),
)

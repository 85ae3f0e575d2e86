"""Visit pattern (就诊行为异常): stays and visits that cannot be, or should not be, what they say.

`pattern` says which; `care_types` are those judged, and those counted in the history; `window_days` is how far it looks
back; `most` is what is still allowed. Days are calendar days; an encounter without a start or an end is taken to begin
or to end with its lines.
- `readmission` (分解住院): the last discharge from the same facility lies no more than `window_days` before this
  admission. With `same_disease` the principal diagnoses must be of one ICD-10 category. `excluded_diagnoses` are
  principal diagnoses of stays that follow each other by plan. A stay without a discharge, or begun on the same day,
  does not count.
- `frequent_visits` (频繁门诊、购药、住院): more than `most` encounters start in the `window_days` up to and with the
  day on which this one does, itself included, in whatever facility.
- `overlapping_stays` (重叠住院): the stay shares more than `most` nights with another. Leaving one on the day when the
  next begins shares none.
- `empty_bed` (挂床): more than `most` full days of the stay, between the first and the last, have nothing but items of
  `ignored_code` (bed, nursing). A line with `days_supply` or a start and a stop serves all its days. The lines of the
  empty days are at fault.
- `impossible_presence` (冒名就医): a visit on a day strictly between the first and the last of a stay (`stay_types`)
  of the same patient, or after the day of the patient's death: the visit's lines of those days are at fault. Where the
  visit is in the history and the stay is judged, the finding has no lines and no amount.
The other findings without lines say what is claimed for the encounter, for shared nights what is claimed for these.

```yaml
kind: visit_pattern
parameters: {pattern: readmission, window_days: 15, care_types: [inpatient], same_disease: true}
```

```csv
point,excluded_diagnoses
K1,Z49*|Z51*
```
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import partial
from typing import Annotated, Literal

from msgspec import Meta

from app.domain.case import Case
from app.domain.codes import CodeSet
from app.domain.encounter import CareType, Encounter
from app.domain.line import Line, total_claimed
from app.domain.money import ZERO
from app.engine.kind import EncounterCheck, Hit, KnowledgePoint, Missing, On, RuleKind, Shape, Table
from app.engine.stays import first_day, last_day, other_spans, principal_diagnosis

Pattern = Literal["readmission", "frequent_visits", "overlapping_stays", "empty_bed", "impossible_presence"]
_DAY = timedelta(days=1)
_DATES_TOLD = 5
_FACTS = ("other", "facility", "date", "until", "days", "limit", "dates")
_CATEGORY = 3  # characters of an ICD-10 category


class Parameters(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pattern: Pattern
    care_types: Annotated[tuple[CareType, ...], Meta(min_length=1)]
    window_days: Annotated[int, Meta(ge=1, le=366)] = 90
    most: Annotated[int, Meta(ge=0, le=366)] = 0
    same_disease: bool = False
    stay_types: tuple[CareType, ...] = (CareType.INPATIENT,)


class Point(KnowledgePoint, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    excluded_diagnoses: tuple[str, ...] = ()
    ignored_code: tuple[str, ...] = ()


Found = Iterator[Hit | Missing]


def prepare(point: Point, parameters: Parameters, _table: Table[Point]) -> EncounterCheck:
    care_types = frozenset(parameters.care_types)
    if CareType.UNKNOWN in care_types:
        raise ValueError("care_types holds a blank; name the kinds of care that are judged")
    judged = care_types | set(parameters.stay_types if parameters.pattern == "impossible_presence" else ())
    judge = _Judge(point, parameters)
    by_pattern = {
        "readmission": judge.readmission,
        "frequent_visits": judge.frequent_visits,
        "overlapping_stays": judge.overlapping_stays,
        "empty_bed": judge.empty_bed,
        "impossible_presence": judge.impossible_presence,
    }
    look, needs_history = by_pattern[parameters.pattern], past_days(point, parameters) > 0

    def check(case: Case) -> Iterable[Hit | Missing]:
        care_type = case.encounter.care_type
        if care_type not in judged:
            return () if care_type else (Missing("care_type"),)
        first, last = first_day(case.encounter), last_day(case.encounter)
        if first is None or last is None:
            return (Missing("start_at"),)
        found = tuple(look(case, first, last))
        return (Missing("history"),) if not found and needs_history and case.history is None else found

    return check


class _Judge:
    def __init__(self, point: Point, parameters: Parameters) -> None:
        self._excluded, self._ignored = CodeSet(point.excluded_diagnoses), CodeSet(point.ignored_code)
        self._of, self._care_types = parameters, frozenset(parameters.care_types)
        self._stay_types = frozenset(parameters.stay_types)

    def _others(self, case: Case, care_types: frozenset[CareType]) -> Iterator[tuple[Encounter, date, date]]:
        for other, first, last in case.remember(other_spans, partial(other_spans, case)):
            if other.care_type in care_types:
                yield other, first, last

    def readmission(self, case: Case, first: date, _last: date) -> Found:
        stay, window = case.encounter, self._of.window_days
        before = [
            (last, start, other)
            for other, start, last in self._others(case, self._care_types)
            if other.facility.id == stay.facility.id and other.end_at is not None and start < first
            if 0 <= (first - last).days <= window
        ]
        diagnosis = principal_diagnosis(stay)
        if not before or (diagnosis and diagnosis in self._excluded):
            return
        if not diagnosis and (self._excluded or self._of.same_disease):
            yield Missing("diagnoses")
            return
        last, _, other = max(before, key=lambda one: one[:2])
        if self._of.same_disease:
            earlier = principal_diagnosis(other)
            if not earlier:
                yield Missing("diagnoses")
                return
            if earlier[:_CATEGORY] != diagnosis[:_CATEGORY]:
                return
        facts = _facts(other, date=last, days=(first - last).days, limit=window)
        yield Hit((), facts=facts, amount=total_claimed(case.lines))

    def frequent_visits(self, case: Case, first: date, _last: date) -> Found:
        starts = [day for _, day, _ in self._others(case, self._care_types)]
        days = [first, *(day for day in starts if 0 <= (first - day).days < self._of.window_days)]
        if len(days) > self._of.most:
            facts = _facts(date=min(days), until=first, days=len(days), limit=self._of.most)
            yield Hit((), facts=facts, amount=total_claimed(case.lines))

    def overlapping_stays(self, case: Case, first: date, last: date) -> Found:
        for other, start, end in self._others(case, self._care_types):
            since, until = max(first, start), min(last, end)
            nights = (until - since).days
            if nights > self._of.most:
                shared = [line for line in case.lines if since <= line.service_date < until]
                facts = _facts(other, date=since, until=until, days=nights, limit=self._of.most)
                yield Hit((), facts=facts, amount=total_claimed(shared))

    def empty_bed(self, case: Case, first: date, last: date) -> Found:
        served = sorted(
            (line.service_date, _served_until(line, last)) for line in case.lines if line.item_code not in self._ignored
        )
        gaps = list(_gaps(served, first, last))
        count = sum((end - start).days + 1 for start, end in gaps)
        if count > self._of.most:
            told = [start + _DAY * number for start, end in gaps for number in range(min((end - start).days + 1, 5))]
            starts = [start for start, _ in gaps]
            lines = [line for line in case.lines if _is_within(line.service_date, starts, gaps)]
            facts = _facts(date=first, until=last, days=count, limit=self._of.most, dates=told[:_DATES_TOLD])
            yield Hit(lines, facts=facts)

    def impossible_presence(self, case: Case, first: date, last: date) -> Found:
        if case.encounter.care_type in self._care_types:
            yield from self._visit_during_stay(case, first)
        if case.encounter.care_type in self._stay_types:
            for other, start, _ in self._others(case, self._care_types):
                days = sorted(day for day in {start, *(one.service_date for one in other.lines)} if first < day < last)
                if days:
                    facts = _facts(other, date=first, until=last, days=len(days), dates=days)
                    yield Hit((), facts=facts, amount=ZERO)

    def _visit_during_stay(self, case: Case, first: date) -> Found:
        days = {line.service_date for line in case.lines} or {first}
        for other, start, end in self._others(case, self._stay_types):
            yield from _hit_on(case, sorted(day for day in days if start < day < end), other, start, end)
        for other in case.earlier_encounters:
            death = other.death_at.date() if other.death_at is not None else None
            if death is not None:
                yield from _hit_on(case, sorted(day for day in days if day > death), other, death, death)


def _hit_on(case: Case, days: list[date], other: Encounter, start: date, end: date) -> Iterator[Hit]:
    if days:
        dates = frozenset(days)
        at_fault = [line for line in case.lines if line.service_date in dates]
        yield Hit(at_fault, facts=_facts(other, date=start, until=end, days=len(days), dates=days))


def _facts(other: Encounter | None = None, **told: date | int | list[date]) -> dict[str, str]:
    """What every finding tells, blank where its pattern has no such thing."""
    words = {"other": other.id, "facility": other.facility.id} if other is not None else {}
    for name, value in told.items():
        days = "、".join([day.isoformat() for day in value[:_DATES_TOLD]]) if isinstance(value, list) else str(value)
        words[name] = days
    return {name: words.get(name, "") for name in _FACTS}


def _served_until(line: Line, last: date) -> date:
    """The last day that the line serves, no later than the last of the stay."""
    if line.service_date >= last:
        return line.service_date
    supply = min((line.days_supply or 1) - 1, (last - line.service_date).days)
    until = line.service_date + _DAY * supply
    return until if line.stop_at is None or line.start_at is None else min(max(until, line.stop_at.date()), last)


def _is_within(day: date, starts: list[date], gaps: list[tuple[date, date]]) -> bool:
    number = bisect_right(starts, day)
    return number > 0 and day <= gaps[number - 1][1]


def _gaps(served: list[tuple[date, date]], first: date, last: date) -> Iterator[tuple[date, date]]:
    """The stretches of days between the first and the last that nothing serves, both ends included."""
    if (last - first).days < 2:
        return
    free = first + _DAY
    for start, until in served:
        if start >= last:
            break
        if start > free:
            yield free, start - _DAY
        if until >= last:
            return
        free = max(free, until + _DAY)
    if free < last:
        yield free, last - _DAY


def past_days(_: Point, parameters: Parameters) -> int:
    return 0 if parameters.pattern == "empty_bed" else parameters.window_days


KIND = RuleKind(
    name="visit_pattern",
    title="就诊行为异常",
    parameters=Parameters,
    point=Point,
    on=On.ENCOUNTER,
    prepare=prepare,
    facts=frozenset(_FACTS),
    past_days=past_days,
    tells_history=True,
)

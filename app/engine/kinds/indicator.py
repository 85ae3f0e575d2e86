"""Indicators (统计指标监测): a share that is green, yellow or red: of an encounter, a department, physician, facility.

`source: encounter` adds up the encounter's own lines by total amount: those of `item_code` (and, where given, of
`formulary_classes`) as a share of all but those of `excluded_code`. The other sources read the month's figures from
feeds: `infection` from the infection reports, every other measure from the statistics. Past `yellow` and past `red` (in
percent; the very limit is green still) there is one finding, without lines: it speaks of the whole. `worse: low` turns
the limits round. A denominator below `minimum` says nothing. A point's own `yellow` and `red` stand over the rule's.

```yaml
kind: indicator
parameters: {measure: drug_share, yellow: "30", red: "40", minimum: "1000"}
```

```csv
point,source,item_code,departments
IN-001,encounter,X*|Z*,
IN-002,department,,
```
"""

from collections.abc import Iterable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal, NamedTuple

from app.domain.case import Case
from app.domain.codes import CodeSet
from app.domain.encounter import CareType
from app.domain.feed import InfectionReport, Measure, Statistic
from app.domain.line import FormularyClass
from app.domain.money import CENT, ZERO, check_number, plain
from app.engine.kind import EncounterCheck, Hit, KnowledgePoint, Missing, On, RuleKind, Shape, Table
from app.engine.month import month_of, settled_on

_WHOLE = Decimal(100)
_WORDS = {"yellow": "黄色预警", "red": "红色预警"}


class Parameters(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    measure: Measure | Literal["infection"]
    yellow: Decimal
    red: Decimal
    worse: Literal["high", "low"] = "high"
    minimum: Decimal = ZERO


class Point(KnowledgePoint, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    source: Literal["encounter", "practitioner", "department", "facility"]
    item_code: tuple[str, ...] = ()
    excluded_code: tuple[str, ...] = ()
    formulary_classes: tuple[FormularyClass, ...] = ()
    departments: tuple[str, ...] = ()
    care_types: tuple[CareType, ...] = ()
    yellow: Decimal | None = None
    red: Decimal | None = None


class _Share(NamedTuple):
    """Which lines of an encounter are measured, and which do not count at all."""

    measured: CodeSet
    excluded: CodeSet
    classes: frozenset[FormularyClass]


class _Ratio(NamedTuple):
    subject: str
    numerator: Decimal
    denominator: Decimal


def prepare(point: Point, parameters: Parameters, _table: Table[Point]) -> EncounterCheck:
    bands = _bands(point, parameters)
    sign = 1 if parameters.worse == "high" else -1
    share = _Share(CodeSet(point.item_code), CodeSet(point.excluded_code), frozenset(point.formulary_classes))
    _refuse_idle(point, parameters)

    def check(case: Case) -> Iterable[Hit | Missing]:
        reason = _apart(point, case)
        if reason is not None:
            return () if reason == "" else (Missing(reason),)
        ratio = _own(case, share) if point.source == "encounter" else _told(case, point, parameters)
        if isinstance(ratio, Missing):
            return (ratio,)
        return _judge(ratio, bands, sign, parameters.minimum)

    return check


def _bands(point: Point, parameters: Parameters) -> tuple[tuple[str, Decimal], ...]:
    """The worse band first."""
    yellow = parameters.yellow if point.yellow is None else point.yellow
    red = parameters.red if point.red is None else point.red
    if not all(one.is_finite() and ZERO <= one <= _WHOLE for one in (yellow, red)):
        raise ValueError("yellow and red are percentages: give numbers from 0 to 100")
    if (red < yellow) if parameters.worse == "high" else (red > yellow):
        raise ValueError(f"yellow {yellow} is worse than red {red}; swap them")
    return ("red", red), ("yellow", yellow)


def _refuse_idle(point: Point, parameters: Parameters) -> None:
    check_number(parameters.minimum, "minimum")
    if point.source == "encounter":
        if not point.item_code:
            raise ValueError("gives no item_code, whose share of the encounter is to be taken")
        if parameters.measure in ("infection", "unplanned_readmission"):
            raise ValueError(f"{parameters.measure} is no share of one encounter; take another source")
    elif point.item_code or point.excluded_code or point.formulary_classes:
        raise ValueError("gives item_code, excluded_code or formulary_classes, which only `source: encounter` reads")
    elif point.source == "practitioner" and parameters.measure == "infection":
        raise ValueError("infections are reported by department and facility; take one of these sources")


def _apart(point: Point, case: Case) -> str | None:
    """None where the point is about the encounter, "" where it is not, else the fact that would tell."""
    encounter = case.encounter
    if point.care_types and encounter.care_type not in point.care_types:
        return "" if encounter.care_type else "care_type"
    if point.departments and encounter.department not in point.departments:
        return "" if encounter.department else "department"
    return None


def _own(case: Case, share: _Share) -> _Ratio | Missing:
    numerator = denominator = ZERO
    for line in case.lines:
        is_measured = line.item_code in share.measured
        if not is_measured and line.item_code in share.excluded:
            continue
        amount = line.total_amount
        if amount is None:
            return Missing("line.amount")
        denominator += amount
        if is_measured and share.classes:
            if not line.formulary_class:
                return Missing("line.formulary_class")
            is_measured = line.formulary_class in share.classes
        if is_measured:
            numerator += amount
    return _Ratio("本次就诊", numerator, denominator)


def _told(case: Case, point: Point, parameters: Parameters) -> _Ratio | Missing:
    """What the feeds tell of the month of the encounter."""
    of_infections = parameters.measure == "infection"
    lacking = Missing("feed.infections" if of_infections else "feed.statistics")
    if case.feeds.find(InfectionReport if of_infections else Statistic, "") is None:
        return lacking
    encounter, day = case.encounter, settled_on(case)
    department = encounter.department if point.source == "department" else ""
    practitioner = encounter.practitioner.id if point.source == "practitioner" else ""
    if day is None or (point.source == "department" and not department):
        return Missing("end_at" if day is None else "department")
    if point.source == "practitioner" and not practitioner:
        return Missing("practitioner.id")
    month, facility = month_of(day), encounter.facility.id
    place = f"科室{department}" if department else f"医师{practitioner}" if practitioner else "本机构"
    if of_infections:
        for report in case.feeds.find(InfectionReport, (facility, department, month)) or ():
            return _Ratio(f"{place}{month}", Decimal(report.infections), Decimal(report.inpatients))
        return lacking
    found = case.feeds.find(Statistic, (facility, department, practitioner, month, parameters.measure))
    for one in found or ():
        return _Ratio(f"{place}{month}", one.numerator, one.denominator)
    return lacking


def _judge(ratio: _Ratio, bands: Iterable[tuple[str, Decimal]], sign: int, minimum: Decimal) -> Iterator[Hit]:
    if not ratio.denominator or ratio.denominator < minimum:
        return
    for band, limit in bands:
        if sign * (ratio.numerator * _WHOLE - limit * ratio.denominator) > 0:
            share = (ratio.numerator * _WHOLE / ratio.denominator).quantize(CENT, ROUND_HALF_UP)
            facts = {
                "subject": ratio.subject,
                "share": plain(share),
                "limit": plain(limit),
                "band": _WORDS[band],
                "numerator": plain(ratio.numerator),
                "denominator": plain(ratio.denominator),
            }
            yield Hit((), facts=facts)
            return


KIND = RuleKind(
    name="indicator",
    title="统计指标监测",
    parameters=Parameters,
    point=Point,
    on=On.ENCOUNTER,
    prepare=prepare,
    facts=frozenset({"subject", "share", "limit", "band", "numerator", "denominator"}),
)

"""Not payable (不予支付): items that the fund does not pay for: ever, alone in a prescription, or without consent.

`when: always` is about every line of the item. `when: without_consent` is about lines for which the patient has not
agreed to pay (自费知情同意). `when: alone` is about decoction pieces (中药饮片): the prescription is at fault where all
of its pieces stand in this rule's table; one finding holds them all. A piece is a line of that category, with a code
that begins with T, or in the table. A line without a prescription number is judged only where it is the one piece of
its day.

`formulary_classes` (not with `alone`) narrows the rule to lines of these classes; with the item code `*` it is a rule
about whatever the formulary does not hold (目录外).

```yaml
kind: not_payable
parameters: {when: alone}
```

```csv
point,item_code,item_name
K1,T000700200,丁香
K2,T001700643,人参片
```
"""

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Literal

from app.domain.case import Case
from app.domain.codes import CodeSet
from app.domain.line import FormularyClass, ItemCategory, Line
from app.engine.kind import Hit, ItemCheck, KnowledgePoint, Missing, On, Outcome, RuleKind, Shape, Table


class Parameters(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    when: Literal["always", "alone", "without_consent"]
    formulary_classes: tuple[FormularyClass, ...] = ()


class Point(KnowledgePoint, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    item_code: tuple[str, ...]


Listed = tuple[tuple[date, date, CodeSet], ...]  # the codes of the table by the days on which they hold


def _listed(points: Sequence[Point]) -> Listed:
    found: dict[tuple[date, date], list[str]] = {}
    for point in points:
        found.setdefault((point.effective_start, point.effective_end), []).extend(point.item_code)
    return tuple((start, end, CodeSet(patterns)) for (start, end), patterns in found.items())


def _is_listed(line: Line, listed: Listed) -> bool:
    return any([start <= line.service_date <= end and line.item_code in codes for start, end, codes in listed])


def _pieces(lines: Sequence[Line], listed: Listed) -> list[Line]:
    return [
        line
        for line in lines
        if line.category is ItemCategory.DECOCTION_PIECE or line.item_code.startswith("T") or _is_listed(line, listed)
    ]


def _hit(lines: Sequence[Line]) -> Hit:
    return Hit(lines, facts={"item_names": "、".join(list(dict.fromkeys([line.name for line in lines]))[:5])})


def _always(line: Line, _: Case) -> Outcome:
    return _hit((line,))


def _without_consent(line: Line, _: Case) -> Outcome:
    if line.has_consent:
        return None
    return Missing("line.has_consent") if line.has_consent is None else _hit((line,))


def _alone(table: Table[Point]) -> ItemCheck:
    def of_day(case: Case, day: date) -> int:
        return len(_pieces([line for line in case.lines if line.service_date == day], table.derive(_listed)))

    def of_prescription(case: Case, line: Line) -> list[Line]:
        """The pieces of the prescription in order of their days; none where one of them is not of the table."""
        listed = table.derive(_listed)
        pieces = _pieces(case.prescription_of(line), listed)
        if not all([_is_listed(piece, listed) for piece in pieces]):
            return []
        return sorted(pieces, key=lambda piece: piece.service_date)

    def check(line: Line, case: Case) -> Outcome:
        if not line.prescription_id:
            day = line.service_date
            alone = case.remember((of_day, day), partial(of_day, case, day)) == 1
            return _hit((line,)) if alone else Missing("line.prescription_id")
        pieces = case.remember((of_prescription, line.prescription_id), partial(of_prescription, case, line))
        return _hit(pieces) if pieces and pieces[-1] is line else None  # the last piece speaks for all of them

    return check


def _of_classes(classes: frozenset[FormularyClass], check: ItemCheck) -> ItemCheck:
    def check_class(line: Line, case: Case) -> Outcome:
        if line.formulary_class in classes:
            return check(line, case)
        return None if line.formulary_class else Missing("line.formulary_class")

    return check_class


def prepare(_: Point, parameters: Parameters, table: Table[Point]) -> ItemCheck:
    classes = frozenset(parameters.formulary_classes)
    if FormularyClass.UNKNOWN in classes:
        raise ValueError("formulary_classes holds a blank; write a, b or c")
    if parameters.when == "alone":
        if classes:
            raise ValueError("formulary_classes does not go with `when: alone`, which is about whole prescriptions")
        return _alone(table)
    check = _always if parameters.when == "always" else _without_consent
    return _of_classes(classes, check) if classes else check


KIND = RuleKind(
    name="not_payable",
    title="不予支付",
    parameters=Parameters,
    point=Point,
    on=On.ITEM,
    prepare=prepare,
    patterns=lambda point, _: point.item_code,
    facts=frozenset({"item_names"}),
)

"""Expression (表达式): what an administrator needs today and no other kind says, written in CEL; true is a fault.

An expression only computes: it reads the facts below by `root.name`, compares and calculates, and calls `has`, `size`,
`startsWith`, `endsWith`, `contains`, `int`, `double`, `string`; `exists`, `all`, `exists_one` and `filter` go over
`encounter.diagnoses` and `encounter.procedures` alone. Nothing else is accepted, so none can be slow or fill memory.
CEL does not mix whole numbers with decimals in a calculation (`line.quantity * 2.0`, not `* 2`); comparing is fine.

- `patient`: age, age_days (on the service date), sex, pregnancy
- `encounter`: care_type, department, days (bed days so far), diagnoses, procedures (lists of codes)
- `facility`: level, type; `coverage`: insurance_type
- `line`: item_code, item_name, quantity, unit_price, amount, department, title, is_standing, has_consent,
  formulary_class, days_supply, prescription_id
- `same_day`, `stay`: quantity, count of the lines of this very item code, on the line's day or in the encounter. Where
  they are read, the expression is judged once per day or stay, at its last line; the others are related.

A fact that is not known is absent: the point is not evaluated where the outcome hangs on it, nor where one of `reads`
is absent. Diagnoses are known only where every one of them has an ICD-10 code, and
no more than 200 of them.

```yaml
kind: expression
parameters: {}
```

```csv
point,item_code,expression,reads
K1,002501010150000,patient.age < 1 && same_day.count > 3,patient.age
```
"""

from collections.abc import Callable
from datetime import date, timedelta
from math import prod
from typing import Any

from app.domain.case import Case, age_in_days, age_in_years, stay_days
from app.domain.codes import is_diagnosis_code
from app.domain.line import Line
from app.engine.expression_text import literals, read_paths
from app.engine.kind import Hit, ItemCheck, KnowledgePoint, Missing, On, Outcome, RuleKind, Shape, Table

Read = Callable[[Line, Case], Any]  # a fact as CEL takes it; None or empty text where it is not known
Context = dict[str, dict[str, Any]]
Execute = Callable[[Context], Any]
_TRIALS, _STRIDE, _LARGEST = 64, 2_654_435_761, 10**9
_MOST_CODES = 200  # loops in loops over more would take long; such a list is not known


class Parameters(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Point(KnowledgePoint, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    item_code: tuple[str, ...]
    expression: str
    reads: tuple[str, ...] = ()


def _aged(count: Callable[[date, date], int]) -> Read:
    def read(line: Line, case: Case) -> int | None:
        birth_date = case.encounter.patient.birth_date
        return None if birth_date is None else count(birth_date, line.service_date)

    return read


def _days(_: Line, case: Case) -> int | None:
    return stay_days(case.encounter, until=max(line.service_date for line in case.lines) + timedelta(days=1))


def _diagnoses(_: Line, case: Case) -> list[str] | None:
    codes = [diagnosis.code for diagnosis in case.encounter.diagnoses]
    return codes if 0 < len(codes) <= _MOST_CODES and all([is_diagnosis_code(code) for code in codes]) else None


def _procedures(_: Line, case: Case) -> list[str] | None:
    codes = case.procedure_codes
    return list(codes) if len(codes) <= _MOST_CODES else None


def _unit_price(line: Line, _: Case) -> float | None:
    if line.unit_price is not None:
        return float(line.unit_price)
    return None if line.amount is None else float(line.amount / line.quantity)


def _amount(line: Line, _: Case) -> float | None:
    return None if line.total_amount is None else float(line.total_amount)


def _group(root: str, line: Line, case: Case) -> list[Line]:
    """The lines that a sum goes over: of this item code, on the line's day or in the whole encounter."""
    same = case.lines_by_code[line.item_code]
    return [other for other in same if other.service_date == line.service_date] if root == "same_day" else same


def _quantity_of(root: str) -> Read:
    return lambda line, case: float(sum(other.quantity for other in _group(root, line, case)))


def _count_of(root: str) -> Read:
    return lambda line, case: len(_group(root, line, case))


# By path: two values with which an expression is tried when it is prepared, the fact in the request, how it is read.
_FACTS: dict[str, tuple[tuple[Any, Any], str, Read]] = {
    "patient.age": ((40, 0), "patient.birth_date", _aged(age_in_years)),
    "patient.age_days": ((14600, 5), "patient.birth_date", _aged(age_in_days)),
    "patient.sex": (("female", "male"), "patient.sex", lambda _, case: str(case.encounter.patient.sex)),
    "patient.pregnancy": (
        ("none", "pregnant"),
        "patient.pregnancy",
        lambda _, case: str(case.encounter.patient.pregnancy),
    ),
    "encounter.care_type": (("inpatient", "outpatient"), "care_type", lambda _, case: str(case.encounter.care_type)),
    "encounter.department": (("A03", "B01"), "department", lambda _, case: case.encounter.department),
    "encounter.days": ((3, 400), "start_at", _days),
    "encounter.diagnoses": ((["I10.x00"], ["I63.900", "J18.900"]), "diagnoses", _diagnoses),
    "encounter.procedures": ((["47.0100"], []), "procedures", _procedures),
    "facility.level": (("tertiary", "primary"), "facility.level", lambda _, case: str(case.encounter.facility.level)),
    "facility.type": (("A1", "B1"), "facility.type", lambda _, case: case.encounter.facility.type),
    "coverage.insurance_type": (
        ("employee", "resident"),
        "coverage.insurance_type",
        lambda _, case: str(case.encounter.coverage.insurance_type),
    ),
    "line.item_code": (("001102000010000", "XA"), "line.item_code", lambda line, _: line.item_code),
    "line.item_name": (("诊查费", "药"), "line.item_name", lambda line, _: line.name),
    "line.quantity": ((1.0, 1e6), "line.quantity", lambda line, _: float(line.quantity)),
    "line.unit_price": ((1.0, 1e6), "line.unit_price", _unit_price),
    "line.amount": ((1.0, 1e6), "line.amount", _amount),
    "line.department": (("A03", "B01"), "department", lambda line, case: line.department or case.encounter.department),
    "line.title": (("attending", "chief"), "practitioner.title", lambda line, _: line.practitioner.title),
    "line.is_standing": ((True, False), "line.is_standing", lambda line, _: line.is_standing),
    "line.has_consent": ((True, False), "line.has_consent", lambda line, _: line.has_consent),
    "line.formulary_class": (("b", "c"), "line.formulary_class", lambda line, _: str(line.formulary_class)),
    "line.days_supply": ((3, 400), "line.days_supply", lambda line, _: line.days_supply),
    "line.prescription_id": (("R1", "R2"), "line.prescription_id", lambda line, _: line.prescription_id),
    "same_day.quantity": ((1.0, 1e6), "line.quantity", _quantity_of("same_day")),
    "same_day.count": ((1, 999), "line.quantity", _count_of("same_day")),
    "stay.quantity": ((1.0, 1e6), "line.quantity", _quantity_of("stay")),
    "stay.count": ((1, 999), "line.quantity", _count_of("stay")),
}
_FACT_NAMED = {path.partition(".")[2]: fact for path, (_, fact, _) in _FACTS.items()}  # CEL tells only the last name
_LISTS = ("encounter.diagnoses", "encounter.procedures")


def _compiled(expression: str) -> Execute:
    """The expression as a function of its context. CEL is loaded when a rule first needs it."""
    import cel

    try:
        return cel.compile(expression).execute
    except ValueError as error:
        raise ValueError(" ".join(str(error).split())) from error


def _try_out(expression: str, execute: Execute, paths: tuple[str, ...]) -> None:
    """Raise ValueError where an outcome is not true or false: types meet only when CEL computes.

    The values tried are those of the table and those that the expression compares with, so that its branches are met.
    """
    tried = [[*_FACTS[path][0], *_like(_FACTS[path][0][0], literals(expression))] for path in paths]
    size = prod(len(values) for values in tried)
    for number in range(min(size, _TRIALS)):
        rest = number if size <= _TRIALS else number * _STRIDE % size
        context: Context = {}
        for path, values in zip(paths, tried, strict=True):
            rest, place = divmod(rest, len(values))
            root, name = _parted(path)
            context.setdefault(root, {})[name] = values[place]
        try:
            outcome = execute(context)
        except (ArithmeticError, LookupError):
            continue  # hangs on the values, and is told when it happens
        except (TypeError, RuntimeError) as error:
            raise ValueError(f"the expression cannot be computed: {' '.join(str(error).split())}") from error
        if not isinstance(outcome, bool):
            raise ValueError(f"the expression gives {outcome!r}; it must give true (a fault) or false")


def _like(value: Any, found: list[str | int | float]) -> list[Any]:
    """The literals that could stand for the value, and the numbers beside them."""
    if isinstance(value, bool):
        return []
    if isinstance(value, int | float):
        numbers = [one for one in found if not isinstance(one, str) and abs(one) < _LARGEST]
        return [type(value)(one + step) for one in numbers for step in (0, 1, -1)]
    texts = [one for one in found if isinstance(one, str)]
    return texts if isinstance(value, str) else [[one] for one in texts]


def prepare(point: Point, _: Parameters, _table: Table[Point]) -> ItemCheck:
    paths = read_paths(point.expression, _FACTS, _LISTS)
    if unknown := [path for path in point.reads if path not in _FACTS]:
        raise ValueError(f"reads names {unknown[0]!r}; it may name {', '.join(_FACTS)}")
    execute = _compiled(point.expression)
    _try_out(point.expression, execute, paths)
    readers = [
        (*_parted(path), path in point.reads, *_FACTS[path][1:]) for path in dict.fromkeys((*point.reads, *paths))
    ]
    roots = {_parted(path)[0] for path in paths}
    span = "same_day" if "same_day" in roots else "stay" if "stay" in roots else ""

    def check(line: Line, case: Case) -> Outcome:
        group = _group(span, line, case) if span else [line]
        if group[-1] is not line:
            return None
        context: Context = {root: {} for root in roots}
        for root, name, is_required, fact, read in readers:
            value = read(line, case)
            if value is not None and value != "":
                context.setdefault(root, {})[name] = value
            elif is_required:
                return Missing(fact)
        try:
            outcome = execute(context)
        except KeyError as error:
            return Missing(_FACT_NAMED[error.args[0]])
        if type(outcome) is not bool:
            raise TypeError(f"the expression gives {outcome!r}, neither true nor false")
        return Hit((line,), group[:-1], {"expression": point.expression}) if outcome else None

    return check


def _parted(path: str) -> tuple[str, str]:
    root, _, name = path.partition(".")
    return root, name


KIND = RuleKind(
    name="expression",
    title="表达式",
    parameters=Parameters,
    point=Point,
    on=On.ITEM,
    prepare=prepare,
    patterns=lambda point, _: point.item_code,
    facts=frozenset({"expression"}),
)

"""Perioperative antibiotic (围手术期抗菌药物预防性应用): prophylaxis around an operation, by how long, when, and what.

A row is about stays with an operation of `procedures` in which an antibiotic of `item_code` is used. A diagnosis of
`excluded_diagnoses` (an infection) makes the use a treatment, and nothing is judged. What is looked at is the rule's
`check`:
- `duration`: a use later than `max_hours` (and `grace_hours`) after the last operation began. Where only days are known
  the operation is taken to begin at the day's end and a use at the day's begin, so that only what is certain is found;
- `timing`: the first use was not within `lead_hours` before the first operation began, so needs both times; a first use
  more than a day after it has another reason and is not judged;
- `choice`: a drug that is not of `allowed_code`, from the day before the operation to the day after.

```yaml
kind: perioperative_antibiotic
parameters: {check: duration}
```

```csv
point,item_code,operation,procedures,max_hours,excluded_diagnoses,allowed_code,alternative
K1,XJ01*,甲状腺手术,06.2*|06.3*|06.4*|06.5*,24,A40-A41|J13-J18,XJ01DB*|XJ01DC*,第一、二代头孢菌素
```
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal

from msgspec import Meta

from app.domain.case import Case
from app.domain.codes import CodeSet
from app.domain.encounter import Procedure
from app.domain.line import Line
from app.engine.kind import Hit, ItemCheck, KnowledgePoint, Missing, On, Outcome, RuleKind, Shape, Table
from app.engine.known import all_diagnoses_known, told

Hours = Annotated[int, Meta(ge=0, le=720)]
Lines = Sequence[Line]
Judge = Callable[[Lines, list[Procedure]], Outcome]
_DAY = timedelta(days=1)
_NO_DATE = Missing("procedures.performed_date")


class Parameters(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    check: Literal["duration", "timing", "choice"]
    grace_hours: Hours = 0
    lead_hours: Hours = 2


class Point(KnowledgePoint, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    item_code: tuple[str, ...]
    operation: str
    procedures: tuple[str, ...]
    max_hours: Hours | None = None
    excluded_diagnoses: tuple[str, ...] = ()
    allowed_code: tuple[str, ...] = ()
    alternative: str = ""


def _day(operation: Procedure) -> date | None:
    return operation.performed_date if operation.performed_at is None else operation.performed_at.date()


def _latest_begin(operation: Procedure) -> datetime | None:
    if operation.performed_at is not None or operation.performed_date is None:
        return operation.performed_at
    return datetime.combine(operation.performed_date, time.max)


def _last_use(line: Line) -> datetime:
    return line.stop_at or line.start_at or datetime.combine(line.service_date, time.min)


def _duration(allowed: timedelta) -> Judge:
    def judge(lines: Lines, operations: list[Procedure]) -> Outcome:
        begins = [at for at in map(_latest_begin, operations) if at is not None]
        if len(begins) < len(operations):
            return _NO_DATE
        begin = max(begins)
        late = [line for line in lines if _last_use(line) > begin + allowed]
        if not late:
            return None
        until, hours = max(_last_use(line) for line in late), allowed // timedelta(hours=1)
        broken = f"预防用药持续到{until.date()}，超过手术开始后{hours}小时"
        facts = {"begin": begin.date().isoformat(), "broken": broken}
        return Hit(late, [line for line in lines if line not in late], facts)

    return judge


def _timing(lead: timedelta) -> Judge:
    def judge(lines: Lines, operations: list[Procedure]) -> Outcome:
        begins = [one.performed_at for one in operations if one.performed_at is not None]
        if len(begins) < len(operations):
            return Missing("procedures.performed_at")
        begin = min(begins)
        timed = [(line.start_at, number) for number, line in enumerate(lines) if line.start_at is not None]
        if any([line.start_at is None and line.service_date <= begin.date() for line in lines]):
            return Missing("line.start_at")
        first, number = min(timed, default=(begin, 0))
        if begin - lead <= first <= begin or first > begin + _DAY:
            return None
        minutes = abs(begin - first) // timedelta(minutes=1)
        broken = f"首次用药在手术开始{'前' if first < begin else '后'}{minutes}分钟"
        return Hit((lines[number],), facts={"begin": begin.isoformat(" ", "minutes"), "broken": broken})

    return judge


def _choice(allowed: CodeSet) -> Judge:
    def judge(lines: Lines, operations: list[Procedure]) -> Outcome:
        days = [day for day in map(_day, operations) if day is not None]
        if len(days) < len(operations):
            return _NO_DATE
        first, last = min(days) - _DAY, max(days) + _DAY
        wrong = [line for line in lines if line.item_code not in allowed and first <= line.service_date <= last]
        if not wrong:
            return None
        names = "、".join(dict.fromkeys([line.name for line in wrong][:5]))
        return Hit(wrong, facts={"begin": min(days).isoformat(), "broken": f"使用了{names}"})

    return judge


def _judge_of(point: Point, parameters: Parameters) -> Judge:
    if parameters.check == "timing":
        return _timing(timedelta(hours=parameters.lead_hours))
    if parameters.check == "choice":
        if not point.allowed_code:
            raise ValueError("gives no allowed_code, which `check: choice` compares with")
        return _choice(CodeSet(point.allowed_code))
    if point.max_hours is None:
        raise ValueError("gives no max_hours, which `check: duration` counts to")
    return _duration(timedelta(hours=point.max_hours + parameters.grace_hours))


def prepare(point: Point, parameters: Parameters, _table: Table[Point]) -> ItemCheck:
    antibiotics, named, infections = (
        CodeSet(patterns) for patterns in (point.item_code, point.procedures, point.excluded_diagnoses)
    )
    judge = _judge_of(point, parameters)

    def check(line: Line, case: Case) -> Outcome:
        if not case.procedure_codes:
            return None
        operations = [one for one in case.encounter.procedures if one.code in named]
        if not operations:
            return None
        lines = case.lines_of(antibiotics)
        if lines[-1] is not line or (infections and infections.matching(case.diagnosis_codes)):
            return None  # the last line speaks for all of them
        outcome = judge(lines, operations)
        if type(outcome) is not Hit:
            return outcome
        if infections and not all_diagnoses_known(case):
            return Missing("diagnoses")
        outcome.facts["procedure"] = told(operations[0].name or point.operation, operations[0].code)
        return outcome

    return check


KIND = RuleKind(
    name="perioperative_antibiotic",
    title="围手术期抗菌药物预防性应用",
    parameters=Parameters,
    point=Point,
    on=On.ITEM,
    prepare=prepare,
    patterns=lambda point, _: point.item_code,
    facts=frozenset({"procedure", "begin", "broken"}),
)

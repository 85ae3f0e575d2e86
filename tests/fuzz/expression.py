"""Expressions (表达式, CEL): prepared, and computed for encounters that know much, little and nothing."""

from functools import cache
from random import Random
from typing import Any

from app.domain.case import Case
from app.domain.decision import Stage
from app.engine.kind import Table
from app.engine.kinds.expression import _FACTS, Parameters, Point, prepare
from tests.engine.kinds.build import encounter, line
from tests.fuzz.mutate import mutate_text
from tests.fuzz.target import Target, refused

# What a computation may end in: the engine says of that line that the rule broke, and goes on with the others.
COMPUTED = (ArithmeticError, LookupError, TypeError, RuntimeError, ValueError)
_PIECES = (
    *(f" {path} ".encode() for path in _FACTS), b" && ", b" || ", b" == ", b" < ", b" in ", b" ? ", b" : ", b"!", b"-",
    b"(", b")", b"[", b"]", b"[0]", b"has(", b"size(", b"int(", b"double(", b"string(", b".startsWith(",
    b".contains('I')",
    b"encounter.diagnoses.exists(c, ", b"encounter.procedures.all(c, ", b".filter(c, ", b"9223372036854775807", b"1.5",
    b"'a'", b"0", b"true", b" + ", b" * ", b" / ", b" % ",
)  # fmt: skip


def seeds() -> list[bytes]:
    texts = [
        "patient.age < 1 && same_day.count > 3", "line.quantity * 2.0 > 10.0 || has(line.amount)", "!line.is_standing",
        "encounter.diagnoses.exists(c, c.startsWith('I10')) ? stay.quantity > 3.0 : false", "1 / 0 == 1",
        "encounter.diagnoses.all(c, encounter.procedures.exists(d, d == c))", "line.item_code in ['a', 'b']",
        "size(encounter.diagnoses.filter(c, c.contains('I'))) > 1", "int(line.quantity) % 2 == 0",
        "string(patient.age) == '5'", "9223372036854775807 + patient.age > 0", "encounter.diagnoses[5] == 'a'",
        "(" * 900 + "true" + ")" * 900, "!" * 1900 + "true", "-" * 1900 + "1 == 1", "[" * 1900, "true ? true : " * 130,
    ]  # fmt: skip
    return [one.encode() for one in texts]


@cache
def cases() -> tuple[Case, ...]:
    lines = [line(f"L{number}", "A1", quantity="2.5", amount="50") for number in range(3)]
    codes: Any = {"diagnoses": [{"code": "I10.x00"}] * 200, "procedures": [{"code": "47.0100"}] * 200}
    known: Any = {"patient": {"birth_date": "1980-01-01", "sex": "female"}, "start_at": "2026-03-08T23:00:00"}
    told = [encounter(*lines), encounter(*lines, **known), encounter(*lines, **known, **codes)]
    return tuple(Case(one, Stage.SETTLING) for one in told)


def examine(data: bytes) -> None:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return
    point = Point(point="K1", item_code=("A1",), expression=text)
    try:
        check = prepare(point, Parameters(), Table(lambda: [point]))
    except ValueError as error:
        refused(error)
        return
    for case in cases():
        try:
            check(case.lines[-1], case)
        except COMPUTED:
            continue


def mutate(data: bytes, random: Random) -> bytes:
    return mutate_text(data, random, _PIECES)


TARGET = Target(seeds, examine, mutate, longest=2_100)

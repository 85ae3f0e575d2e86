"""Line quality (结算明细信息异常): lines that contradict themselves or leave out what every line must say.

A row is one check; one finding holds all charges that fail it.
- `amount`: the amount is not price times quantity, to the `tolerance` in yuan; at issue is what is charged too much;
- `zero`: price or amount is zero; `no_amount`: neither is given;
- `no_code`: no national code, though something is claimed; `odd_code`: a code that has not the shape of one;
- `category`: the code is of another catalogue than the line says (a service item sent as a drug);
- `parts`: what the patient pays (自费、自付) is more than the amount.

```yaml
kind: line_quality
parameters: {tolerance: 0.01}
```

```csv
point,check,fault
K1,amount,金额不等于单价乘以数量
K2,no_code,没有医保目录编码
```
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Literal

from app.domain.case import Case
from app.domain.codes import is_national_item_code
from app.domain.line import ChargeLine, ItemCategory
from app.domain.money import CENT, ZERO, check_number
from app.engine.kind import EncounterCheck, Hit, KnowledgePoint, Missing, On, RuleKind, Shape, Table

_CATEGORIES = {  # by the first letter of a national code
    "X": (ItemCategory.DRUG,),
    "Z": (ItemCategory.DRUG,),
    "T": (ItemCategory.DECOCTION_PIECE, ItemCategory.DRUG),
    "G": (ItemCategory.DECOCTION_PIECE, ItemCategory.DRUG),
    "0": (ItemCategory.SERVICE,),
    "C": (ItemCategory.CONSUMABLE,),
}
_OPEN = frozenset({ItemCategory.UNKNOWN, ItemCategory.OTHER})  # says nothing that a code could contradict


class Parameters(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    tolerance: Decimal = CENT


class Point(KnowledgePoint, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    check: Literal["amount", "zero", "no_amount", "no_code", "odd_code", "category", "parts"]
    fault: str


def _difference(line: ChargeLine) -> Decimal:
    if line.amount is None or line.unit_price is None:
        return ZERO
    return line.amount - line.unit_price * line.quantity


def _is_of_another_catalogue(line: ChargeLine) -> bool:
    if line.category in _OPEN or not is_national_item_code(line.item_code):
        return False
    return line.category not in _CATEGORIES[line.item_code[0]]


def _parts_exceed(line: ChargeLine) -> bool:
    total = line.total_amount
    return total is not None and (line.uncovered_amount or ZERO) + (line.copay_amount or ZERO) > total + CENT


_CHECKS: dict[str, Callable[[ChargeLine], bool]] = {
    "zero": lambda line: line.unit_price == ZERO or line.amount == ZERO,
    "no_amount": lambda line: line.total_amount is None,
    "no_code": lambda line: not line.item_code and line.is_claimed,
    "odd_code": lambda line: bool(line.item_code) and line.is_claimed and not is_national_item_code(line.item_code),
    "category": _is_of_another_catalogue,
    "parts": _parts_exceed,
}


def prepare(point: Point, parameters: Parameters, _table: Table[Point]) -> EncounterCheck:
    tolerance, told = parameters.tolerance, point.fault
    check_number(tolerance, "tolerance")
    fails = _CHECKS.get(point.check) or (lambda line: abs(_difference(line)) > tolerance)
    of_amount = point.check == "amount"

    def check(case: Case) -> Iterable[Hit | Missing]:
        found = [line for line in case.encounter.charge_lines if fails(line)]
        if not found:
            return ()
        names = "、".join(dict.fromkeys([line.name for line in found][:5]))
        excess = sum([max(_difference(line), ZERO) for line in found], ZERO) if of_amount else None
        return (Hit(found, facts={"fault": told, "items": names, "count": str(len(found))}, amount=excess),)

    return check


KIND = RuleKind(
    name="line_quality",
    title="结算明细信息异常",
    parameters=Parameters,
    point=Point,
    on=On.ENCOUNTER,
    prepare=prepare,
    facts=frozenset({"fault", "items", "count"}),
)

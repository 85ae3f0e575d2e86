"""Substitution (串换): a dearer item charged where what else is known of the encounter shows the cheaper one.

`item_code` is charged; `cheaper_name` is what may have been done or used instead.
- Evidence for the item excuses it: a line of `evidence_code` on the line's day, a procedure of `evidence_procedures`, a
  diagnosis of `evidence_diagnoses`.
- Evidence against it is a line of `contrary_code` on that day, a procedure of `contrary_procedures`, a diagnosis of
  `contrary_diagnoses`. Where the point gives any of these, one must be found; else it is enough that nothing excuses
  the item.
Which procedure was done when is not asked. A point that asks for procedures is not evaluated while none is coded and
the encounter is not settled; one that asks for diagnoses, not while some of them have no ICD-10 code. The amount at
issue is what the line costs above `cheaper_price` (yuan a unit), where the point gives it; else all that is claimed.

```yaml
kind: substitution
parameters: {}
```

```csv
point,item_code,item_name,cheaper_name,evidence_procedures,contrary_procedures,evidence_diagnoses,contrary_diagnoses,cheaper_price
K1,C020206*,冠脉药物涂层球囊,普通球囊,00.6601,00.6600*,,,300
K2,003316020050100,体表血管瘤切除术,浅表肿物切除术,,,D18*,D17*|D22*|D23*|L72*,
```
"""

from decimal import Decimal

from app.domain.case import Case
from app.domain.codes import CodeSet
from app.domain.decision import Stage
from app.domain.line import Line
from app.domain.money import ZERO, check_number
from app.engine.kind import Hit, ItemCheck, KnowledgePoint, Missing, On, Outcome, RuleKind, Shape, Table
from app.engine.stays import are_all_coded

_NOT_FOUND = "未见相应依据"


class Parameters(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Point(KnowledgePoint, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    item_code: tuple[str, ...]
    cheaper_name: str
    evidence_code: tuple[str, ...] = ()
    evidence_procedures: tuple[str, ...] = ()
    evidence_diagnoses: tuple[str, ...] = ()
    contrary_code: tuple[str, ...] = ()
    contrary_procedures: tuple[str, ...] = ()
    contrary_diagnoses: tuple[str, ...] = ()
    cheaper_price: Decimal | None = None


class _Signs:
    """What is looked for on one side."""

    def __init__(self, codes: tuple[str, ...], procedures: tuple[str, ...], diagnoses: tuple[str, ...]) -> None:
        self.codes, self.procedures, self.diagnoses = CodeSet(codes), CodeSet(procedures), CodeSet(diagnoses)

    def __bool__(self) -> bool:
        return bool(self.codes or self.procedures or self.diagnoses)

    def lines(self, line: Line, case: Case) -> list[Line]:
        if not self.codes:
            return []
        day = line.service_date
        return [other for other in case.lines_of(self.codes) if other is not line and other.service_date == day]

    def others(self, case: Case) -> list[str]:
        """The procedures and diagnoses found, by name where they have one."""
        stay = case.encounter
        found = [one.name or one.code for one in stay.procedures if one.code and one.code in self.procedures]
        return found + [one.name or one.code for one in stay.diagnoses if one.code and one.code in self.diagnoses]


def prepare(point: Point, _: Parameters, _table: Table[Point]) -> ItemCheck:
    item, price = CodeSet(point.item_code), point.cheaper_price
    signs_for = _Signs(point.evidence_code, point.evidence_procedures, point.evidence_diagnoses)
    against = _Signs(point.contrary_code, point.contrary_procedures, point.contrary_diagnoses)
    if not signs_for and not against:
        raise ValueError("gives no evidence; fill a column of evidence_ or contrary_")
    if item.exact & (signs_for.codes.exact | against.codes.exact):
        raise ValueError("the item is its own evidence; take its code out of the evidence")
    if price is not None:
        check_number(price, "cheaper_price")

    def check(line: Line, case: Case) -> Outcome:
        if signs_for.lines(line, case) or signs_for.others(case):
            return None
        related, found = against.lines(line, case), against.others(case)
        if against and not related and not found:
            return _unknown(case, against)
        unknown = _unknown(case, signs_for)
        if unknown is not None:
            return unknown
        told = found + [other.name for other in related]
        return Hit((line,), related, {"found": "、".join(told[:3]) or _NOT_FOUND}, _amount(line, price))

    return check


def _unknown(case: Case, signs: _Signs) -> Missing | None:
    """The fact that may still show one of the signs."""
    if signs.procedures and not case.procedure_codes and case.stage is not Stage.SETTLED:
        return Missing("procedures")
    return Missing("diagnoses") if signs.diagnoses and not are_all_coded(case) else None


def _amount(line: Line, cheaper_price: Decimal | None) -> Decimal | None:
    claimed = line.claimed_amount
    if claimed is None or cheaper_price is None:
        return claimed
    return min(max((line.total_amount or ZERO) - cheaper_price * line.quantity, ZERO), claimed)


KIND = RuleKind(
    name="substitution",
    title="串换项目",
    parameters=Parameters,
    point=Point,
    on=On.ITEM,
    prepare=prepare,
    patterns=lambda point, _: point.item_code,
    facts=frozenset({"found"}),
)

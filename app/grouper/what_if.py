"""What if (假设分析): what a stay would be grouped and paid as, were one of its codes not there, elsewhere, or added.

Source: the definition in the project's notes on coding faults, §4. A difference alone says nothing about who is right:
evidence does. Nothing is ever written back.
"""

from collections.abc import Iterable
from decimal import Decimal

from msgspec.structs import replace

from app.domain.group_weight import PaymentScheme
from app.domain.payment import Payment, PaymentFacts, facts_of
from app.domain.stay import Stay
from app.grouper.drg import group
from app.grouper.payment import price
from app.grouper.scheme import Scheme
from app.grouper.what_if_reasons import Seen, counting, reasons
from app.grouper.what_if_result import (
    DrgOutcome,
    DrgVariant,
    SeverityStep,
    WhatIf,
    comparison,
    direction_of,
    drg_outcome,
    told_change,
)
from app.grouper.what_if_variants import Changed, ignored, is_procedure, variants


def what_if(
    scheme: Scheme,
    stay: Stay,
    payment_scheme: PaymentScheme | None = None,
    facts: PaymentFacts | None = None,
    add: Iterable[str] = (),
    *,
    all_variants: bool = False,
) -> WhatIf:
    """Every variant that is grouped or paid otherwise than recorded; all of them with `all_variants`.

    `facts` default to what the stay tells; `add` are clue codes, diagnoses and procedures. Codes are those of the
    scheme's own edition. Never raises for a strange stay: what cannot be grouped says so.
    """
    clues = tuple(add)
    pricing = _Pricing(payment_scheme, facts_of(stay) if facts is None else facts)
    recorded = Seen(scheme, stay, group(scheme, stay))
    outcome = pricing.outcome(recorded)
    found, tried = [], 0
    for changed in variants(stay, clues):
        tried += 1
        seen = Seen(scheme, changed.stay, group(scheme, changed.stay))
        variant_outcome = pricing.outcome(seen)
        if all_variants or variant_outcome.differs_from(outcome):
            found.append(_variant(scheme, changed, recorded, seen, outcome, variant_outcome))
    return WhatIf(
        recorded=outcome,
        variants=tuple(found),
        steps=_steps(scheme, recorded, pricing, outcome),
        tried=tried,
        ignored=ignored(stay, clues),
    )


class _Pricing:
    """The price of groups for one stay; each group is priced once."""

    def __init__(self, scheme: PaymentScheme | None, facts: PaymentFacts) -> None:
        self._scheme, self._facts = scheme, facts
        self._known: dict[str, Payment] = {}

    def outcome(self, seen: Seen) -> DrgOutcome:
        return drg_outcome(seen.grouping, self._price(seen.grouping.drg))

    def _price(self, drg: str) -> Payment | None:
        if self._scheme is None:
            return None
        found = self._known.get(drg)
        if found is None:
            found = self._known[drg] = price(drg, self._facts, self._scheme.parameters, self._scheme.weights)
        return found


def difference_of(recorded: Payment | None, other: Payment | None) -> Decimal | None:
    """What the other pays more than the recorded: by official value, by formula value where one has no official one."""
    if recorded is None or other is None:
        return None
    if recorded.official_value is not None and other.official_value is not None:
        return other.official_value - recorded.official_value
    if recorded.formula_value is not None and other.formula_value is not None:
        return other.formula_value - recorded.formula_value
    return None


def _variant(
    scheme: Scheme, changed: Changed, before: Seen, after: Seen, recorded: DrgOutcome, outcome: DrgOutcome
) -> DrgVariant:
    code = changed.code
    names = scheme.procedure_names if is_procedure(code) else scheme.diagnosis_names
    name = names.get(code, "")
    difference = difference_of(recorded.payment, outcome.payment)
    differs = outcome.differs_from(recorded)
    return DrgVariant(
        change=changed.change,
        code=code,
        name=name,
        diagnoses=changed.stay.diagnoses,
        procedures=changed.stay.procedures,
        outcome=outcome,
        differs=differs,
        difference=difference,
        direction=direction_of(difference),
        sentence=_sentence(told_change(changed.change, f"{code}{name}"), recorded, outcome, difference),
        reasons=reasons(scheme, changed.change, code, before, after),
    )


def _sentence(done: str, recorded: DrgOutcome, outcome: DrgOutcome, difference: Decimal | None) -> str:
    if not outcome.differs_from(recorded):
        return f"{done}：分组不变，仍为{_told(recorded)}。"
    moved = f"{done}：由{_told(recorded)}变为{_told(outcome)}"
    return f"{moved}。" if recorded.payment is None else f"{moved}；{comparison(difference)}。"


def _told(outcome: DrgOutcome) -> str:
    return f"{outcome.drg}{outcome.name}" if outcome.mdc != "0000" else f"{outcome.drg}（{outcome.status}）"


def _steps(scheme: Scheme, recorded: Seen, pricing: _Pricing, outcome: DrgOutcome) -> tuple[SeverityStep, ...]:
    """Which secondary diagnoses carry the group at each level: without the MCCs, then without the CCs too."""
    found, below, dropped = [], outcome, set[str]()
    for level in ("MCC", "CC"):
        codes = counting(recorded, level)
        dropped.update(codes)
        if not codes or not recorded.grouping.is_grouped:
            continue
        stay = recorded.stay
        kept = tuple([code for code in stay.diagnoses[1:] if code not in dropped])
        variant = replace(stay, diagnoses=(stay.diagnoses[0], *kept))
        without = pricing.outcome(Seen(scheme, variant, group(scheme, variant)))
        if without.differs_from(below):
            difference = difference_of(below.payment, without.payment)
            found.append(_step(level, codes, below, without, difference))
        below = without
    return tuple(found)


def _step(
    level: str, codes: tuple[str, ...], above: DrgOutcome, below: DrgOutcome, difference: Decimal | None
) -> SeverityStep:
    told = "、".join(codes[:5]) + ("等" if len(codes) > 5 else "")
    carried = f"只由{told}一个诊断支撑" if len(codes) == 1 else f"由{told}共{len(codes)}个诊断支撑"
    amount = "" if difference is None else f"，支付相差{abs(difference):,.2f}元"
    return SeverityStep(
        level=level,
        codes=codes,
        is_sole=len(codes) == 1,
        outcome=below,
        difference=difference,
        sentence=f"{level}台阶{carried}：{above.drg}与{below.drg}之间{amount}。",
    )

"""What if, by DIP (按病种分值的假设分析): the group and score of a stay with one code dropped, moved or added."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import partial

from app.domain.money import plain
from app.domain.payment import PaymentFacts, facts_of
from app.domain.stay import Stay
from app.grouper.dip import group_dip, layer_name
from app.grouper.dip_catalogue import DipCatalogue
from app.grouper.dip_payment import DipPayment
from app.grouper.dip_price import Hospital, price_dip
from app.grouper.dip_result import DipFacts, DipGrouping, DipStatus
from app.grouper.what_if_result import DipOutcome, DipVariant, DipWhatIf, comparison, direction_of, told_change
from app.grouper.what_if_variants import Changed, ignored, variants

_STATUSES = {DipStatus.RETURNED: "返回修正", DipStatus.UNGROUPED: "未入组"}


def what_if_dip(
    catalogue: DipCatalogue,
    stay: Stay,
    facts: PaymentFacts | None = None,
    dip_facts: DipFacts | None = None,
    add: Iterable[str] = (),
    *,
    point_value: Decimal | None = None,
    all_variants: bool = False,
) -> DipWhatIf:
    """Every variant whose group or score is another than recorded; all of them with `all_variants`.

    `facts` default to what the stay tells; `point_value` (yuan a point) to the catalogue's. Raises ValueError for a
    cost or point value that is no such number.
    """
    clues = tuple(add)
    settled = partial(_settled, catalogue, facts_of(stay) if facts is None else facts, point_value)
    grouped = group_dip(catalogue, stay, dip_facts)
    recorded = settled(grouped)
    found, tried = [], 0
    for changed in variants(stay, clues):
        tried += 1
        other = group_dip(catalogue, changed.stay, dip_facts)
        outcome = settled(other)
        if all_variants or outcome.differs_from(recorded):
            found.append(_variant(changed, recorded, outcome, grouped, other))
    return DipWhatIf(recorded=recorded, variants=tuple(found), tried=tried, ignored=ignored(stay, clues))


def _settled(
    catalogue: DipCatalogue, facts: PaymentFacts, point_value: Decimal | None, found: DipGrouping
) -> DipOutcome:
    hospital = Hospital(facts.facility_id, facts.facility_level.value)
    payment: DipPayment | None = None
    if found.status is DipStatus.GROUPED:
        payment = price_dip(
            found, catalogue, facts.total_amount, point_value, hospital=hospital, stay_days=facts.stay_days
        )
    coefficient = Decimal(1) if found.auxiliary is None else found.auxiliary.coefficient
    return DipOutcome(
        status=found.status.value,
        layer="" if found.layer is None else found.layer.value,
        code=found.code,
        name=found.name,
        score=found.score,
        case_score=None if found.score is None else found.score * coefficient,
        payment=payment,
    )


def _variant(
    changed: Changed, recorded: DipOutcome, outcome: DipOutcome, before: DipGrouping, after: DipGrouping
) -> DipVariant:
    scores = _less(outcome.case_score, recorded.case_score)
    difference = _less(_amount(outcome), _amount(recorded))
    done, differs = told_change(changed.change, changed.code), outcome.differs_from(recorded)
    sentence = f"{done}：分组和分值不变，仍为{_told(recorded)}。"
    if differs:
        compared = comparison(difference) if difference is not None else comparison(scores, "分", plain)
        sentence = f"{done}：由{_told(recorded)}变为{_told(outcome)}；{compared}。"
    return DipVariant(
        change=changed.change,
        code=changed.code,
        diagnoses=changed.stay.diagnoses,
        procedures=changed.stay.procedures,
        outcome=outcome,
        differs=differs,
        score_difference=scores,
        difference=difference,
        direction=direction_of(scores if difference is None else difference),
        sentence=sentence,
        reasons=tuple([f"{one}。" for one in _reasons(before, after)]),
    )


def _less(value: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if value is None or other is None else value - other


def _amount(outcome: DipOutcome) -> Decimal | None:
    return None if outcome.payment is None else outcome.payment.official_amount


def _told(outcome: DipOutcome) -> str:
    if outcome.status != DipStatus.GROUPED:
        return _STATUSES[DipStatus(outcome.status)]
    score = "无分值" if outcome.case_score is None else f"{plain(outcome.case_score)}分"
    return f"{outcome.code}{outcome.name}（{score}）"


def _reasons(before: DipGrouping, after: DipGrouping) -> Iterator[str]:
    """What of the catalogue makes the two differ: the layer, what matched, the auxiliary catalogue."""
    if after.status is not DipStatus.GROUPED:
        yield from (one.rstrip("。") for one in after.notes[:1])
        return
    if after.layer is not None and after.layer is not before.layer:
        start = f"由{layer_name(before.layer)}层" if before.layer is not None else ""
        yield f"病种层次{start}变为{layer_name(after.layer)}层"
    if after.code != before.code and after.matched is not None:
        yield _matched(after)
    if after.auxiliary != before.auxiliary:
        yield f"辅助目录：{_auxiliary(before)}变为{_auxiliary(after)}"
    if after.code == before.code and after.auxiliary == before.auxiliary:
        yield "入组条件与该编码无关"


def _matched(found: DipGrouping) -> str:
    matched = found.matched
    if matched is None:
        return ""
    told = [f"主要诊断匹配{matched.diagnosis}" if matched.diagnosis else "主要诊断不限"]
    if matched.operations:
        told.append(f"手术操作匹配{'、'.join(matched.operations)}")
    if matched.secondary:
        told.append(f"其他诊断匹配{'、'.join(matched.secondary)}")
    if matched.left_over:
        told.append(f"未用于入组的手术操作{'、'.join(matched.left_over[:5])}")
    return f"{found.code}：{'，'.join(told)}"


def _auxiliary(found: DipGrouping) -> str:
    one = found.auxiliary
    return "不计系数" if one is None else f"“{one.condition or one.kind}”系数{plain(one.coefficient)}"

"""Choice between DIP groups (病种选择): the declared criteria one after another, until one group is left."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from app.grouper.dip_match import Candidate
from app.knowledge.dip_params import Criterion
from app.knowledge.dip_records import Kind

Values = list[Any]  # one comparable value per candidate, the greatest wins; None of a kind that cannot decide
_NEVER = Decimal(-1)


def choose(
    found: Sequence[Candidate], choice: Sequence[Criterion]
) -> tuple[Candidate, list[Candidate], list[tuple[Candidate, str]]]:
    """The winner, those that nothing told from it, and the losers with the criterion that decided."""
    left, lost = list(found), list[tuple[Candidate, str]]()
    for name in ("operations", *choice):
        if len(left) == 1:
            break
        values = CRITERIA[name](left)
        best = max(values)
        lost += [(one, name) for one, value in zip(left, values, strict=True) if value != best]
        left = [one for one, value in zip(left, values, strict=True) if value == best]
    winner = left[0] if len(left) == 1 else min(left, key=lambda one: one.group.code)
    return winner, [one for one in left if one is not winner], lost


def _each(value: Callable[[Candidate], Any]) -> Callable[[Sequence[Candidate]], Values]:
    return lambda found: [value(one) for one in found]


def _type_rank(candidate: Candidate) -> int:
    return -candidate.context.catalogue.type_rank[candidate.entry.group_class, candidate.kind]


def _nearest(found: Sequence[Candidate]) -> Values:
    """Nothing is decided where the cost of the stay is unknown."""
    return [
        -abs(mean - cost) if (cost := one.context.cost) is not None and (mean := one.group.mean_cost) else -_FAR
        for one in found
    ]


_FAR = Decimal(10) ** 15


def _score(candidate: Candidate) -> Decimal:
    return _NEVER if candidate.group.score is None else candidate.group.score


def _score_if_surgery(found: Sequence[Candidate]) -> Values:
    return [_score(one) for one in found] if any(one.kind is Kind.SURGERY for one in found) else [0] * len(found)


CRITERIA: Mapping[str, Callable[[Sequence[Candidate]], Values]] = {
    "operations": _each(lambda one: not one.entry.is_lesser),
    "complete": _each(lambda one: one.is_complete),
    "main_operation": _each(lambda one: one.has_main_operation),
    "related": _each(lambda one: len(one.related_terms)),
    "and_terms": _each(lambda one: len(one.main_terms) + len(one.related_terms)),
    "matched_operations": _each(lambda one: len(one.operations)),
    "exact_operations": _each(lambda one: not one.left_over),
    "longest_diagnosis": _each(lambda one: one.prefix_length),
    "full_code": _each(lambda one: one.has_full_codes),
    "type_order": _each(_type_rank),
    "higher_score": _each(_score),
    "higher_score_if_surgery": _score_if_surgery,
    "nearest_mean_cost": _nearest,
    "catalogue_order": _each(lambda one: -one.group.row),
}


def why(loser: Candidate, winner: Candidate, name: str) -> str:
    """One sentence on why the criterion decided against the loser."""
    if name in _SAY:
        return _SAY[name]
    if name in _COUNT:
        what, count = _COUNT[name]
        return f"{what}{count(loser)}，少于入组病种的{count(winner)}"
    return _COMPARE[name](loser, winner)


_SAY = {
    "operations": "保守治疗病种，本例可入有手术操作的病种",
    "complete": "相关手术操作没有全部匹配，入组病种全部匹配",
    "main_operation": "没有以本例的主要手术操作为主要操作，入组病种以其为主要操作",
    "exact_operations": "没有包含本例的全部手术操作，入组病种与本例的手术操作完全一致",
    "full_code": "按手术操作亚目或细目匹配，入组病种按全码匹配",
    "type_order": "病种类型的优先顺序在入组病种之后",
    "catalogue_order": "在目录中排在入组病种之后",
}
_COUNT: Mapping[str, tuple[str, Callable[[Candidate], int]]] = {
    "related": ("匹配的相关手术操作项数为", lambda one: len(one.related_terms)),
    "and_terms": ("须同时具备的手术操作项数为", lambda one: len(one.main_terms) + len(one.related_terms)),
    "matched_operations": ("匹配的手术操作个数为", lambda one: len(one.operations)),
    "longest_diagnosis": ("匹配的主要诊断编码位数为", lambda one: one.prefix_length),
}


def _by_score(loser: Candidate, winner: Candidate) -> str:
    score = "未给出分值" if loser.group.score is None else f"分值{loser.group.score}"
    return f"{score}，低于入组病种的{winner.group.score}"


def _by_cost(loser: Candidate, winner: Candidate) -> str:
    mean = "没有次均费用" if loser.group.mean_cost is None else f"次均费用{loser.group.mean_cost}元"
    return f"{mean}，不如入组病种的{winner.group.mean_cost}元接近本例费用{winner.context.cost}元"


_COMPARE: Mapping[str, Callable[[Candidate, Candidate], str]] = {
    "higher_score": _by_score,
    "higher_score_if_surgery": _by_score,
    "nearest_mean_cost": _by_cost,
}

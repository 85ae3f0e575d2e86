"""Explanation of a DIP group (分组说明): runner-ups and why they lost, near misses, and the way to the group."""

from app.grouper.dip_choice import why
from app.grouper.dip_context import Context
from app.grouper.dip_match import Candidate, candidates, lacking
from app.grouper.dip_result import AuxiliaryHit, NearMiss, RunnerUp
from app.knowledge.dip_condition import NUMBERS
from app.knowledge.dip_records import LAYER_NAMES, OperationRule

LAYERS = {layer: name for name, layer in LAYER_NAMES.items()}
_MOST_NEAR_MISSES = 8
_FACTS = {**NUMBERS, "sex": "性别", "disposition": "离院方式"}
_RULES = {
    OperationRule.CONSERVATIVE: "按保守治疗入组",
    OperationRule.NOT_MAIN: "不可作为主要手术操作",
    OperationRule.MAIN_ONLY_IN: "本例主要诊断下不可作为主要手术操作",
}


def say_missing(fact: str, codes: list[str]) -> str:
    told = "、".join(dict.fromkeys(codes[:6])) + ("等" if len(codes) > 6 else "")
    return f"缺少{_FACTS.get(fact, fact)}，未能判断{told}"


def runner_ups(
    context: Context, winner: Candidate, tied: list[Candidate], lost: list[tuple[Candidate, str]]
) -> tuple[RunnerUp, ...]:
    """Every other group that would take the stay: those of the same stage, then those of later ones."""
    found = [_runner_up(one, "code", "与入组病种条件相当，参数不能区分，按编码排在其后") for one in tied]
    found += [_runner_up(one, name, why(one, winner, name)) for one, name in reversed(lost)]
    is_later = False
    for stage, buckets in context.catalogue.stages_of(context.principal):
        if is_later:
            for one in candidates(buckets, context):
                reason = f"{LAYERS[one.group.layer]}层在{LAYERS[winner.group.layer]}层之后匹配"
                found.append(_runner_up(one, "layer", reason))
        is_later = is_later or winner.group.layer in stage.layers
    return tuple(found)


def _runner_up(one: Candidate, lost_by: str, reason: str) -> RunnerUp:
    group = one.group
    return RunnerUp(
        layer=group.layer, code=group.code, name=group.name, score=group.score, lost_by=lost_by, reason=reason
    )


def near_misses(context: Context, known: set[str]) -> tuple[NearMiss, ...]:
    """Groups of the principal diagnosis of which one thing is missing, the dearest first."""
    found: list[NearMiss] = []
    buckets = [bucket for _, found in context.catalogue.stages_of(context.principal) for bucket in found]
    for bucket in buckets:
        for entry in bucket.entries:
            group = entry.group
            if group.code in known or "" in group.diagnoses:
                continue
            known.add(group.code)
            missing = lacking(entry, context)
            if len(missing) == 1:
                found.append(
                    NearMiss(layer=group.layer, code=group.code, name=group.name, score=group.score, reason=missing[0])
                )
    found.sort(key=lambda one: (-(one.score or 0), one.code))
    return tuple(found[:_MOST_NEAR_MISSES])


def trace(context: Context, winner: Candidate | None, auxiliary: AuxiliaryHit | None) -> tuple[str, ...]:
    """The way to the group, step by step."""
    told = [f"主要诊断{context.principal or '（无）'}"]
    for code, rule, row in context.excluded:
        told.append(f"手术操作{code}{_RULES[rule]}（op_exclusion.csv 第{row}行）")
    if context.stay.procedures:
        counting = "、".join(context.counting) or "无，按保守治疗处理"
        told.append(f"参与分组的手术操作：{counting}")
    if winner is None:
        return (*told, "各层均未入组")
    for stage in context.catalogue.stages:
        if winner.group.layer in stage.layers:
            break
        told.append(f"{'、'.join(LAYERS[layer] for layer in stage.layers)}层：没有可入的病种")
    matched = winner.matched
    because = [f"诊断{matched.diagnosis}"]
    because += [f"手术操作{'、'.join(matched.operations)}"] if matched.operations else []
    because += [f"其他诊断{'、'.join(matched.secondary)}"] if matched.secondary else []
    group = winner.group
    told.append(f"{LAYERS[group.layer]}层：入{group.code} {group.name}，依据{'，'.join(because)}")
    if matched.left_over:
        told.append(f"未参与该病种的手术操作：{'、'.join(matched.left_over)}")
    if auxiliary is not None:
        told.append(f"辅助目录“{auxiliary.kind}：{auxiliary.condition}”，系数{auxiliary.coefficient}，取最高的一项")
    return tuple(told)

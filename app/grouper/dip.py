"""DIP grouping (按病种分值付费分组): exclusions, then stage by stage until a group takes the stay.

Sources: DIP 3.0 版技术规范（征求意见稿）第三章; what cities decide differently stands in the catalogue's parameters.
"""

from msgspec.structs import replace

from app.domain.stay import Stay
from app.grouper.dip_auxiliary import auxiliaries_of
from app.grouper.dip_catalogue import DipCatalogue
from app.grouper.dip_choice import choose
from app.grouper.dip_context import Context
from app.grouper.dip_explain import LAYERS, near_misses, runner_ups, say_missing, trace
from app.grouper.dip_match import Candidate, candidates
from app.grouper.dip_result import DipFacts, DipGrouping, DipStatus
from app.knowledge.dip_params import Criterion
from app.knowledge.dip_records import Layer, Status

__all__ = ["DipCatalogue", "DipFacts", "DipGrouping", "DipStatus", "group_dip"]


def group_dip(
    catalogue: DipCatalogue, stay: Stay, facts: DipFacts | None = None, *, explain: bool = False
) -> DipGrouping:
    """The group of the stay, with the auxiliary coefficient that counts.

    `explain` adds runner-ups of every layer, near misses and a trace in Chinese; the group is the same without.
    Never raises for a strange stay: it is returned or ungrouped, and the notes say why.
    """
    context = Context(catalogue, stay, facts)
    barred = _barred(context)
    if barred:
        return _without_group(context, DipStatus.RETURNED, barred, explain)
    for stage, buckets in catalogue.stages_of(context.principal):
        found = candidates(buckets, context)
        if found:
            return _grouped(context, found, stage.choice, explain)
    return _without_group(context, DipStatus.UNGROUPED, _why_ungrouped(context), explain)


def _barred(context: Context) -> str:
    """Why the record must go back before it can be grouped; empty where it need not."""
    if not context.principal:
        return "没有主要诊断，无法分组，请补填后再分组"
    rule = context.catalogue.barred_diagnoses.find(context.principal)
    if rule is None:
        return ""
    return f"诊断{context.principal}不能作为主要诊断（dx_exclusion.csv 第{rule.row}行），请返回病案修正主要诊断"


def _why_ungrouped(context: Context) -> str:
    if context.unnamed and context.kind is None:
        codes = "、".join(context.unnamed[:5])
        return f"没有病种收入本例；手术操作{codes}不在操作属性表中，无法按治疗方式入综合病种"
    return "没有病种收入本例，请核对主要诊断和手术操作，或按当地未入组办法结算"


def _grouped(context: Context, found: list[Candidate], choice: tuple[Criterion, ...], explain: bool) -> DipGrouping:
    catalogue = context.catalogue
    if len(found) == 1:
        winner, tied, lost = found[0], list[Candidate](), list[tuple[Candidate, str]]()
    else:
        winner, tied, lost = choose(found, choice)
    group = winner.group
    auxiliary, others = auxiliaries_of(context, group)
    notes = _notes(context, winner, tied, lost)
    made = DipGrouping(
        catalogue=catalogue.meta.id,
        status=DipStatus.GROUPED,
        layer=group.layer,
        code=group.code,
        name=group.name,
        kind=winner.kind,
        is_grassroots=group.is_grassroots,
        score=group.score,
        matched=winner.matched,
        auxiliary=auxiliary,
        other_auxiliaries=others,
        undecided=tuple([one.group.code for one in tied]),
        missing=tuple(context.missing),
        notes=tuple(notes),
    )
    return _explained(made, context, winner, tied, lost) if explain else made


def _explained(
    made: DipGrouping, context: Context, winner: Candidate, tied: list[Candidate], lost: list[tuple[Candidate, str]]
) -> DipGrouping:
    ups = runner_ups(context, winner, tied, lost)
    known = {winner.group.code, *(one.code for one in ups)}
    return replace(
        made, runner_ups=ups, near_misses=near_misses(context, known), trace=trace(context, winner, made.auxiliary)
    )


def _without_group(context: Context, status: DipStatus, reason: str, explain: bool) -> DipGrouping:
    notes = [reason, *_standing_notes(context)]
    made = DipGrouping(
        catalogue=context.catalogue.meta.id, status=status, missing=tuple(context.missing), notes=tuple(notes)
    )
    if not explain:
        return made
    misses = near_misses(context, set()) if status is DipStatus.UNGROUPED else ()
    return replace(made, near_misses=misses, trace=trace(context, None, None))


def _notes(context: Context, winner: Candidate, tied: list[Candidate], lost: list[tuple[Candidate, str]]) -> list[str]:
    notes = []
    if tied:
        codes = "、".join(one.group.code for one in tied[:5])
        notes.append(f"参数不能区分{winner.group.code}与{codes}，暂取编码最小者，请向医保部门确认本地规则")
    if any(name == "nearest_mean_cost" for _, name in lost):
        notes.append("本例有多个可入病种，按次均费用最接近者入组：病种随费用变化，费用变动后可能改入其他病种")
    if winner.group.layer is Layer.FALLBACK:
        notes.append("未入核心和综合病种，归入保底病种")
    return notes + _standing_notes(context)


def _standing_notes(context: Context) -> list[str]:
    notes = [say_missing(fact, codes) for fact, codes in context.missing.items()]
    if context.catalogue.meta.status is not Status.IN_FORCE:
        is_trial = context.catalogue.meta.status is Status.TRIAL
        notes.append("病种目录为试行稿，结果仅供参考" if is_trial else "病种目录为示例，结果不得用于结算")
    return notes


def layer_name(layer: Layer) -> str:
    """The layer in Chinese."""
    return LAYERS[layer]

"""Grouping step by step (分组过程的还原): the same answer as `group` gives, with the trace of how it came about.

It runs every condition of the scheme in order, and uses none of the plans by which `group` is fast.
"""

from collections.abc import Iterator

import msgspec

from app.domain.stay import Stay
from app.grouper.compiled_scheme import CompiledMdc, CompiledRule
from app.grouper.entry import CC, EXCLUDES, MCC
from app.grouper.grouping import Grouping, GroupingStatus
from app.grouper.hints import Group, hints_of, other_principals, other_procedures, residual_of
from app.grouper.scheme import Scheme
from app.grouper.trace import Complication, MdcTried, RuleHeld, SplitTried, Trace, Translation
from app.grouper.wording import Facts, unmet, wording
from app.knowledge.scheme_condition import TRUE


def explained(scheme: Scheme, stay: Stay, translations: tuple[Translation, ...], regroup: Group) -> Grouping:
    """The answer for a stay that passed the check, with its trace; `regroup` groups a variant of it."""
    search = _Search(scheme, stay)
    answer = search.run()
    retried_with = ""
    if answer is None and scheme.retries_procedures:
        for code in stay.procedures[1:]:
            again = _Search(scheme, msgspec.structs.replace(stay, procedures=(code,)))
            answer = again.run()
            if answer is not None:
                search, retried_with = again, code
                break
    answer = answer or scheme.planner.ungroupable
    trace = Trace(
        translations=translations,
        mdcs=tuple(search.mdcs),
        passed_over=tuple(search.passed_over),
        rule=search.rule,
        splits=tuple(search.splits),
        principal_table=scheme.excluded_table(stay.diagnoses[0]),
        complications=tuple(_complications(scheme, stay)),
        retried_with=retried_with,
        conclusion=_conclusion(answer, retried_with),
    )
    return msgspec.structs.replace(answer, trace=_with_hints(scheme, stay, trace, answer, regroup))


def _with_hints(scheme: Scheme, stay: Stay, trace: Trace, answer: Grouping, regroup: Group) -> Trace:
    if answer.status is GroupingStatus.GROUPED:
        return trace
    residual = residual_of(scheme, stay, regroup) if answer.status is GroupingStatus.UNGROUPABLE else None
    principals, procedures = other_principals(scheme, stay, regroup), other_procedures(scheme, stay, regroup)
    hints = hints_of(scheme, stay, trace.mdcs, residual, principals, procedures, answer)
    return msgspec.structs.replace(
        trace,
        residual=residual,
        other_principals=principals,
        other_procedures=procedures,
        hints=tuple(hints),
    )


def _conclusion(answer: Grouping, retried_with: str) -> str:
    with_one = f"（仅以手术操作{retried_with}分组）" if retried_with else ""
    if answer.status is GroupingStatus.GROUPED:
        return (
            f"分组结果{with_one}：{answer.mdc}，ADRG {answer.adrg}{answer.adrg_name}，DRG {answer.drg}{answer.name}。"
        )
    return f"分组结果{with_one}：{answer.status}，{answer.drg}{answer.name}。"


class _Search:
    """One walk through MDCs, rules and splits, noting what was met."""

    def __init__(self, scheme: Scheme, stay: Stay) -> None:
        self._scheme = scheme
        self._facts = Facts(
            stay,
            [scheme.diagnoses[code] for code in stay.diagnoses],
            [scheme.procedures[code] for code in stay.procedures],
            scheme.planner.bits,
        )
        self.mdcs: list[MdcTried] = []
        self.passed_over: list[RuleHeld] = []
        self.splits: list[SplitTried] = []
        self.rule: RuleHeld | None = None

    def run(self) -> Grouping | None:
        """The answer; None where no rule gives one."""
        header = self._scheme.header
        for number, mdc in enumerate(header.mdcs):
            if why := unmet(mdc.condition, self._facts):
                self._tried(mdc, False, f"{mdc.code}不成立：{why}。")
                continue
            answer = self._in_mdc(mdc, [rule for rule in header.rules if rule.mdc == number])
            if answer is not None:
                return answer
            self._tried(mdc, True, f"{mdc.code}成立，但其中没有规则给出分组。")
        return None

    def _tried(self, mdc: CompiledMdc, held: bool, sentence: str) -> None:
        self.mdcs.append(MdcTried(mdc=mdc.code, held=held, sentence=sentence))

    def _in_mdc(self, mdc: CompiledMdc, rules: list[CompiledRule]) -> Grouping | None:
        for rule in rules:
            if self._facts.meet(rule.condition):
                answer = self._in_rule(rule)
                told = _told(mdc, rule, answer is not None)
                if answer is not None:
                    self.rule = told
                    self._tried(mdc, True, f"{mdc.code}成立：{wording(mdc.condition)}。")
                    return answer
                self.passed_over.append(told)
        return None

    def _in_rule(self, rule: CompiledRule) -> Grouping | None:
        planner = self._scheme.planner
        if rule.kind == "QY":
            return planner.answer(rule.code, rule)
        self.splits = []
        for split in rule.splits:
            why = unmet(split.condition, self._facts)
            name = self._scheme.groups.get(split.drg, "")
            held = "成立" if split.condition == TRUE else f"成立：{wording(split.condition)}"
            sentence = f"{split.drg}{name}{f'不成立：{why}' if why else held}。"
            self.splits.append(
                SplitTried(drg=split.drg, name=name, held=not why, condition=split.text, sentence=sentence)
            )
            if not why:
                return planner.answer(split.drg, rule)
        return planner.otherwise(rule)


def _told(mdc: CompiledMdc, rule: CompiledRule, answered: bool) -> RuleHeld:
    asked = wording(rule.condition)
    sentence = f"规则{rule.code}{rule.name}成立：{asked}"
    if rule.kind == "QY":
        sentence = f"{mdc.code}内没有手术ADRG与手术操作相符，而{asked}：归为{rule.code}"
    elif not answered:
        sentence += "，但其下没有细分组成立，继续后面的规则"
    return RuleHeld(
        mdc=mdc.code, kind=rule.kind, code=rule.code, name=rule.name, condition=rule.text, sentence=f"{sentence}。"
    )


def _complications(scheme: Scheme, stay: Stay) -> Iterator[Complication]:
    principal = stay.diagnoses[0]
    table = scheme.excluded_table(principal)
    excluded = scheme.diagnoses[principal][EXCLUDES]
    for code in stay.diagnoses[1:]:
        entry = scheme.diagnoses[code]
        levels = [("mcc", entry[MCC])] * bool(entry[MCC]) + [("cc", entry[CC])] * bool(entry[CC])
        counting = [one for one in levels if one[1] != excluded]
        level, number = (counting or levels or [("", 0)])[0]
        own, name = scheme.header.tables[number], scheme.diagnosis_names.get(code, "")
        if not level:
            sentence = f"其他诊断{code}{name}既不是MCC也不是CC。"
        elif not counting:
            sentence = (
                f"其他诊断{code}{name}属于{level.upper()}，但其排除表{own}正是主诊断{principal}的排除表，被排除。"
            )
        else:
            against = f"与主诊断{principal}的排除表{table}不同" if table else f"主诊断{principal}没有排除表"
            sentence = f"其他诊断{code}{name}属于{level.upper()}（排除表{own}），{against}，计入。"
        yield Complication(code=code, name=name, level=level, table=own, counts=bool(counting), sentence=sentence)

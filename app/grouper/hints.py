"""Hints (入组提示): what a coder may look at where a stay has no group, or an operation unlike its diagnosis."""

from collections.abc import Callable, Iterable, Iterator

import msgspec

from app.domain.stay import Stay
from app.grouper.entry import BITS
from app.grouper.grouping import Grouping, GroupingStatus
from app.grouper.scheme import Scheme
from app.grouper.trace import Alternative, MdcTried, Residual
from app.knowledge.scheme_condition import Member, atoms

MOST_SIBLINGS = 10
_MOST_OTHERS = 5
_CAUTION = "以上仅供核对，以病历记载为准。"
_CATEGORY, _SUBCATEGORY = 3, 5  # characters of I21 and of I21.0

Group = Callable[[Stay], Grouping]


def principal_bits(scheme: Scheme) -> int:
    """The lists that MDCs ask the principal, or any, diagnosis to be in."""
    found = 0
    for mdc in scheme.header.mdcs:
        for atom in atoms(mdc.condition):
            if isinstance(atom, Member) and "dx" in atom.subject:
                found |= scheme.planner.bits.of(atom)
    return found


def is_in_an_mdc(scheme: Scheme, code: str) -> bool:
    return bool(scheme.diagnoses[code][BITS] & principal_bits(scheme))


def residual_of(scheme: Scheme, stay: Stay, regroup: Group) -> Residual | None:
    """The principal diagnosis as a residual code with finer codes that would group; None where it is not one."""
    code = stay.diagnoses[0]
    if is_in_an_mdc(scheme, code) or _mapped(scheme, code):
        return None
    finer = _siblings(scheme, code)
    found = tuple(_principals(scheme, stay, finer, regroup, MOST_SIBLINGS))
    if not found:
        return None
    name = scheme.diagnosis_names.get(code, "")
    where = "不在任何MDC的主诊断表中（灰码）" if name else "不在本方案的诊断目录中"
    told = "、".join(f"{one.code}{one.name}" for one in found)
    sentence = f"主诊断{code}{name}{where}，同类目下可入组的编码有：{told}。"
    return Residual(code=code, name=name, siblings=found, sentence=sentence)


def _mapped(scheme: Scheme, code: str) -> str:
    """What a code that the grouper does not know would be translated to; blank where it is known or has none."""
    if code in scheme.diagnosis_names or scheme.diagnosis_map is None:
        return ""
    return scheme.diagnosis_map.get(code, "")


def _siblings(scheme: Scheme, code: str) -> Iterator[str]:
    """Codes of the same subcategory, then of the same category, that are in an MDC."""
    wanted = principal_bits(scheme)
    category = [
        one
        for one in scheme.diagnosis_names
        if one[:_CATEGORY] == code[:_CATEGORY] and scheme.diagnoses[one][BITS] & wanted
    ]
    yield from (one for one in category if one[:_SUBCATEGORY] == code[:_SUBCATEGORY])
    yield from (one for one in category if one[:_SUBCATEGORY] != code[:_SUBCATEGORY])


def _principals(scheme: Scheme, stay: Stay, codes: Iterable[str], regroup: Group, most: int) -> Iterator[Alternative]:
    """Those of the codes that would group in place of the principal diagnosis."""
    rest = stay.diagnoses[1:]
    for code in codes:
        found = regroup(msgspec.structs.replace(stay, diagnoses=(code, *rest)))
        if found.status is GroupingStatus.GROUPED:
            yield _alternative(code, scheme.diagnosis_names.get(code, ""), found)
            most -= 1
            if not most:
                return


def other_principals(scheme: Scheme, stay: Stay, regroup: Group) -> tuple[Alternative, ...]:
    """Recorded secondary diagnoses that would group if they were the principal one."""
    found: list[Alternative] = []
    for place, code in enumerate(stay.diagnoses):
        if place and code != stay.diagnoses[0]:
            swapped = (code, *stay.diagnoses[:place], *stay.diagnoses[place + 1 :])
            answer = regroup(msgspec.structs.replace(stay, diagnoses=swapped))
            if answer.status is GroupingStatus.GROUPED and code not in {one.code for one in found}:
                found.append(_alternative(code, scheme.diagnosis_names.get(code, ""), answer))
    return tuple(found[:_MOST_OTHERS])


def other_procedures(scheme: Scheme, stay: Stay, regroup: Group) -> tuple[Alternative, ...]:
    """Recorded procedures that would group if they stood first."""
    found: list[Alternative] = []
    for place, code in enumerate(stay.procedures):
        if place and code != stay.procedures[0]:
            swapped = (code, *stay.procedures[:place], *stay.procedures[place + 1 :])
            answer = regroup(msgspec.structs.replace(stay, procedures=swapped))
            if answer.status is GroupingStatus.GROUPED and code not in {one.code for one in found}:
                found.append(_alternative(code, scheme.procedure_names.get(code, ""), answer))
    return tuple(found[:_MOST_OTHERS])


def _alternative(code: str, name: str, found: Grouping) -> Alternative:
    return Alternative(code=code, name=name, drg=found.drg, drg_name=found.name)


def hints_of(
    scheme: Scheme,
    stay: Stay,
    mdcs: Iterable[MdcTried],
    residual: Residual | None,
    principals: tuple[Alternative, ...],
    procedures: tuple[Alternative, ...],
    answer: Grouping,
) -> Iterator[str]:
    """What to look at, one sentence each."""
    code = stay.diagnoses[0]
    if answer.status is GroupingStatus.AMBIGUOUS:
        first = stay.procedures[0] if stay.procedures else ""
        name = scheme.procedure_names.get(first, "")
        yield f"手术操作（首位{first}{name}）与主诊断{code}无关：请核对主诊断与主要手术操作的选择。"
    elif residual is not None:
        yield f"请将主诊断{code}细化为更具体的编码。"
    elif not is_in_an_mdc(scheme, code):
        yield _of_no_mdc(scheme, code)
    else:
        yield from _of_closed_mdcs(scheme, code, mdcs)
    for one in procedures:
        yield f"若以{one.code}{one.name}为主要手术操作，可入{one.drg}{one.drg_name}。"
    for one in principals:
        yield f"若以{one.code}{one.name}为主诊断，可入{one.drg}{one.drg_name}。"
    if procedures or principals or residual is not None:
        yield _CAUTION


def _of_no_mdc(scheme: Scheme, code: str) -> str:
    if name := scheme.diagnosis_names.get(code):
        return f"主诊断{code}{name}不在任何MDC的主诊断表中，一般不宜作主诊断：请核对主诊断选择。"
    if to := _mapped(scheme, code):
        return f"主诊断{code}是临床版编码，可转换为{to}：请开启编码转换或改用医保版编码。"
    return f"主诊断{code}不在本方案的诊断目录中：请核对编码及其版本。"


def _of_closed_mdcs(scheme: Scheme, code: str, mdcs: Iterable[MdcTried]) -> Iterator[str]:
    """The principal diagnosis belongs to an MDC that did not hold, or that has no rule for the stay."""
    tried = {one.mdc: one for one in mdcs}
    entry = scheme.diagnoses[code]
    for mdc in scheme.header.mdcs:
        asked = [atom for atom in atoms(mdc.condition) if isinstance(atom, Member) and atom.subject in ("pdx", "dx")]
        if any(entry[BITS] & scheme.planner.bits.of(atom) for atom in asked) and mdc.code in tried:
            told = tried[mdc.code].sentence.rstrip("。")
            remedy = "请核对手术操作、年龄、体重等是否填写完整" if tried[mdc.code].held else "请核对主诊断与患者信息"
            yield f"主诊断{code}属于{mdc.code}，但{told.partition('：')[2] or told}：{remedy}。"

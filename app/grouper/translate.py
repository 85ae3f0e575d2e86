"""Translation of codes (编码转换): the clinical edition into the edition that the grouper knows, each code once."""

from collections.abc import Mapping

import msgspec

from app.domain.stay import Stay
from app.grouper.check import failed
from app.grouper.grouping import Grouping, GroupingStatus
from app.grouper.scheme import Scheme
from app.grouper.trace import Translation


def translated(scheme: Scheme, stay: Stay) -> tuple[Stay | Grouping, tuple[Translation, ...]]:
    """The stay in the grouper's codes, or the answer that a code has none; and what became of each code.

    A code without a counterpart is dropped where it is not the principal one. Raises ValueError where the scheme has no
    code maps.
    """
    if scheme.diagnosis_map is None or scheme.procedure_map is None:
        raise ValueError(
            f"the scheme {scheme.id} has no code maps (dx_map.csv, proc_map.csv); group without translation"
        )
    diagnoses, told, lost = _codes(stay.diagnoses, scheme.diagnosis_map, scheme.diagnosis_names, "diagnosis")
    if lost:
        complaint = f"诊断{'、'.join(lost)}不能转换为分组器支持的编码：请核对诊断编码及其版本"
        return failed(scheme, GroupingStatus.DIAGNOSIS_UNTRANSLATABLE, (complaint,)), told
    procedures, more, lost = _codes(stay.procedures, scheme.procedure_map, scheme.procedure_names, "procedure")
    told += more
    if lost:
        complaint = f"手术操作{'、'.join(lost)}不能转换为分组器支持的编码：请核对手术操作编码及其版本"
        return failed(scheme, GroupingStatus.PROCEDURE_UNTRANSLATABLE, (complaint,)), told
    return msgspec.structs.replace(stay, diagnoses=diagnoses, procedures=procedures), told


def _codes(
    codes: tuple[str, ...], code_map: Mapping[str, str], names: Mapping[str, str], kind: str
) -> tuple[tuple[str, ...], tuple[Translation, ...], tuple[str, ...]]:
    """The codes translated, what became of those that changed, and those that stop the stay."""
    found, told, lost = [], [], []
    word = "诊断" if kind == "diagnosis" else "手术操作"
    for place, code in enumerate(codes):
        to = code_map.get(code)
        if to is None or (not to and place == 0):
            lost.append(code)
        elif to:
            found.append(to)
        if to is None:
            sentence = f"{word}{code}不在本方案的编码对照表中，不能转换。"
        elif not to:
            sentence = f"{word}{code}在分组器编码中没有对应编码" + ("，不能转换。" if place == 0 else "，不参与分组。")
        elif to != code:
            sentence = f"{word}{code}转换为{to}{names.get(to, '')}。"
        else:
            continue
        told.append(Translation(kind=kind, code=code, to=to or "", name=names.get(to or "", ""), sentence=sentence))
    return tuple(found), tuple(told), tuple(lost)

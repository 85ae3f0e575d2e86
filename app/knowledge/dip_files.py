"""DIP catalogues on disk (病种目录文件夹): groups.csv and the tables beside it, read with all their faults at once.

catalogue.yaml      id, name, region, edition, start, end, source, status, base
params.json|.csv    what the city decides (see dip_params)
groups.csv          the groups
aux.csv             kind,code,condition,coefficient          辅助目录
op_exclusion.csv    code,rule,range      dx_exclusion.csv  code
hospital_coef.csv   hospital,level,group,insurance_type,value
operations.csv      code,kind,level,incision                 手术操作属性
dx_lists.csv        list,item,dx_patterns,points             named lists for conditions; the list cci gives points
"""

import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from app.domain.period import Period
from app.knowledge.dip_expression import Term, Unreadable, read_codes
from app.knowledge.dip_faults import BadCatalogue, DipFault
from app.knowledge.dip_group_files import read_groups
from app.knowledge.dip_params_files import read_params
from app.knowledge.dip_records import DipFiles, DipGroup, DipMeta, Layer, Status
from app.knowledge.dip_side_files import (
    read_auxiliaries,
    read_coefficients,
    read_diagnosis_exclusions,
    read_operation_exclusions,
    read_operations,
)
from app.knowledge.dip_table import read_table
from app.knowledge.text_yaml import read_yaml

_META = ("id", "name", "region", "edition", "start", "source", "status")
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_KNOWN = {
    "catalogue.yaml", "params.json", "params.csv", "groups.csv", "aux.csv", "op_exclusion.csv", "dx_exclusion.csv",
    "hospital_coef.csv", "operations.csv", "dx_lists.csv",
}  # fmt: skip


def read_dip_folder(folder: Path) -> DipFiles:
    """Read one catalogue; raises BadCatalogue with every fault of every file."""
    faults: list[DipFault] = []
    if not (folder / "groups.csv").exists():
        raise BadCatalogue([DipFault("groups.csv", 0, "", "没有这个文件", "病种都写在其中", "请给出病种目录文件夹")])
    for file in sorted(folder.glob("*.csv")):
        if file.name not in _KNOWN:
            why = f"目录文件夹只认{'、'.join(sorted(_KNOWN))}"
            faults.append(DipFault(file.name, 0, "", "未知的文件", why, "请改正文件名或移走"))
    meta = _read_meta(folder / "catalogue.yaml", faults)
    params = read_params(folder, faults)
    lists, comorbidities = _read_lists(folder, faults)
    groups = read_groups(folder, params.operation.signs, lists, faults)
    _check_layers(groups, params.layers, faults)
    codes = frozenset(group.code for group in groups)
    auxiliaries = read_auxiliaries(folder, codes, lists, faults)
    exclusions = read_operation_exclusions(folder, params.operation.signs, faults)
    diagnosis_exclusions = read_diagnosis_exclusions(folder, faults)
    coefficients = read_coefficients(folder, codes, faults)
    operations = read_operations(folder, faults)
    if faults or meta is None:
        raise BadCatalogue(faults)
    return DipFiles(
        meta=meta,
        params=params,
        groups=groups,
        auxiliaries=auxiliaries,
        operation_exclusions=exclusions,
        diagnosis_exclusions=diagnosis_exclusions,
        coefficients=coefficients,
        operations=operations,
        comorbidities=comorbidities,
    )


def _read_meta(file: Path, faults: list[DipFault]) -> DipMeta | None:
    before = len(faults)

    def fault(field: str, what: str, why: str, remedy: str) -> None:
        faults.append(DipFault(file.name, 0, field, what, why, remedy))

    if not file.exists():
        fault("", "没有这个文件", "必须说明目录的名称、地区、版本、期间和来源", f"请写出{'、'.join(_META)}")
        return None
    try:
        given = read_yaml(file.read_bytes())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        fault("", "不是YAML", " ".join(str(error).split())[:160], "请改正")
        return None
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        fault("", "不是“名称: 值”的形式", "每项写一行文字", f"请写出{'、'.join(_META)}")
        return None
    for name in _META:
        if not given.get(name, "").strip():
            fault(name, "没有填写", "该项必填", "请补填")
    for name in sorted(set(given) - {*_META, "end", "base"}):
        fault(name[:40], "未知的项", f"可用的项为{'、'.join((*_META, 'end', 'base'))}", "请改正或删除")
    if given.get("id") and not _ID.fullmatch(given["id"]):
        fault("id", f"“{given['id'][:40]}”不可用", "标识用小写字母、数字和连字符", "请改写，如 dip-420500-2025")
    if given.get("status") and given["status"] not in list(Status):
        fault("status", f"“{given['status'][:40]}”未知", f"可用的值为{'、'.join(Status)}", "请改正")
    period = _period(given, fault)
    return _meta(given, period) if len(faults) == before else None


def _meta(given: dict[str, str], period: Period) -> DipMeta:
    texts = {name: given.get(name, "").strip() for name in ("id", "name", "region", "edition", "source", "base")}
    return DipMeta(**texts, period=period, status=Status(given["status"]))


def _period(given: dict[str, str], fault: Any) -> Period:
    days = {"start": date.min, "end": date.max}
    for name in days:
        if text := given.get(name, "").strip():
            try:
                days[name] = date.fromisoformat(text)
            except ValueError:
                fault(name, f"“{text[:40]}”不是日期", "日期写成 2026-01-31", "请改正")
    if days["end"] < days["start"]:
        fault("end", "终止日期早于起始日期", "没有一天有效", "请核对")
        return Period()
    return Period(**days)


def _read_lists(folder: Path, faults: list[DipFault]) -> tuple[dict[str, Term], tuple[tuple[str, Term, int], ...]]:
    """Named lists of diagnoses, and the rows of the list `cci` with their points."""
    columns = ("list", "item", "dx_patterns", "points", "source")
    exact: dict[str, set[str]] = {}
    prefixes: dict[str, set[str]] = {}
    comorbidities = []
    for row in read_table(folder / "dx_lists.csv", columns, ("list", "dx_patterns"), {}, faults):
        name, text, points = row.text("list", True), row.text("dx_patterns", True), row.whole("points")
        try:
            codes = read_codes(text) if text else Term(frozenset(), ())
        except Unreadable as error:
            row.fault("dx_patterns", str(error), "名单按编码前缀读取", "请改正")
            continue
        exact.setdefault(name, set()).update(codes.exact)
        prefixes.setdefault(name, set()).update(codes.prefixes)
        if name == "cci":
            if points is None:
                row.fault("points", "没有分数", "cci 名单每行都要有分数", "请补填")
            comorbidities.append((row.text("item") or text, codes, points or 0))
    lists = {name: Term(frozenset(exact[name]), tuple(sorted(prefixes[name]))) for name in exact}
    return lists, tuple(comorbidities)


def _check_layers(groups: tuple[DipGroup, ...], stages: tuple[str, ...], faults: list[DipFault]) -> None:
    named = {layer for stage in stages for layer in stage.split("+")} | {Layer.FALLBACK}
    for layer, count in Counter(group.layer for group in groups).items():
        if layer not in named:
            what = f"有{count}个病种属于 {layer} 层，但参数 layers 没有这一层"
            faults.append(DipFault("groups.csv", 0, "layer", what, "这些病种永远不会入组", "请在 layers 中加上"))

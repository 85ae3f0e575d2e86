"""Reading of DIP parameters (参数文件): `params.json` or `params.csv`, every setting checked by itself."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec
from msgspec import Struct

from app.knowledge.dip_faults import DipFault
from app.knowledge.dip_params import DipParams
from app.knowledge.dip_table import read_table

_LAYERS = ("priority", "tcm", "bedday", "merge", "dxaux", "basic", "comprehensive", "fallback")
_CLASSES = ("core", "grassroots", "comprehensive")
_KINDS = ("surgery", "treatment", "diagnostic", "conservative", "*")

_MILLION = Decimal(1_000_000)
_LARGEST = {"pricing.fund_share": Decimal(1)}

Given = Iterator[tuple[int, str, Any]]  # row, dotted key, value


def read_params(folder: Path, faults: list[DipFault]) -> DipParams:
    """The parameters of the folder; what is not given, or wrong (which is a fault), is at its default."""
    file = folder / "params.json"
    if not file.exists():
        file = folder / "params.csv"
    elif (folder / "params.csv").exists():
        told = "params.json 和 params.csv 同时存在"
        faults.append(DipFault("params", 0, "", told, "无法判断以哪个为准", "请只保留一个"))
    before = len(faults)
    given = _from_json(file, faults) if file.suffix == ".json" else _from_csv(file, faults)
    values: dict[str, Any] = {}
    for row, key, value in given:
        _set(file.name, row, key, value, values, faults)
    if len(faults) > before:
        return DipParams()
    params = msgspec.convert(_nested(values), DipParams)
    _check(file.name, params, faults)
    return params


def _leaves(shape: type[Struct], before: str = "") -> Iterator[tuple[str, Any]]:
    for field in msgspec.structs.fields(shape):
        if isinstance(field.type, type) and issubclass(field.type, Struct):
            yield from _leaves(field.type, f"{before}{field.name}.")
        else:
            yield before + field.name, field.type


_LEAVES = dict(_leaves(DipParams))


def _from_json(file: Path, faults: list[DipFault]) -> Given:
    try:
        content = json.loads(file.read_text("utf-8-sig"), parse_float=str, parse_int=str)
    except (ValueError, RecursionError) as error:
        faults.append(DipFault(file.name, 0, "", "不是JSON", str(error)[:120], "请检查括号、逗号和引号"))
        return
    if not isinstance(content, dict):
        faults.append(DipFault(file.name, 0, "", "不是键值结构", "参数以键值写成", "请写成 {…}"))
        return
    yield from _flat(content, "")


def _flat(content: Mapping[str, Any], before: str) -> Given:
    for name, value in content.items():
        if isinstance(value, dict) and f"{before}{name}" not in _LEAVES:
            yield from _flat(value, f"{before}{name}.")
        else:
            yield 0, before + name, value


def _from_csv(file: Path, faults: list[DipFault]) -> Given:
    aliases = {"参数": "key", "值": "value"}
    for row in read_table(file, ("key", "value", "note"), ("key", "value"), aliases, faults):
        key, value = row.text("key", required=True), row.text("value")
        if get_origin(_LEAVES.get(key)) is tuple:
            yield row.number, key, [one.strip() for one in value.split(";") if one.strip()]
        else:
            yield row.number, key, value or None


def _set(file: str, row: int, key: str, value: Any, values: dict[str, Any], faults: list[DipFault]) -> None:
    if key not in _LEAVES:
        known = "、".join(_LEAVES)
        faults.append(DipFault(file, row, key[:40], "未知的参数", f"可用的参数为{known}", "请改正或删除"))
    elif key in values:
        faults.append(DipFault(file, row, key, "参数重复", "无法判断以哪个为准", "请只保留一个"))
    else:
        if isinstance(value, str) and value.lower() in ("yes", "no"):
            value = value.lower() == "yes"
        try:
            values[key] = made = msgspec.convert(value, _LEAVES[key], strict=False)
            if isinstance(made, Decimal) and not (made.is_finite() and 0 < made <= _LARGEST.get(key, _MILLION)):
                why = f"必须大于0且不超过{_LARGEST.get(key, _MILLION)}"
                faults.append(DipFault(file, row, key, f"值为{str(value)[:40]}", why, "请改正，没有则删除该行"))
        except msgspec.ValidationError as error:
            faults.append(DipFault(file, row, key, f"“{str(value)[:40]}”不可用", _why(key, error), "请改正"))


def _why(key: str, error: msgspec.ValidationError) -> str:
    words = get_args(_LEAVES[key])
    inner = get_args(words[0]) if get_origin(_LEAVES[key]) is tuple else words
    known = [word for word in inner if isinstance(word, str)]
    return f"可用的值为{'、'.join(known)}" if known else str(error)


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        *path, name = key.split(".")
        place = found
        for part in path:
            place = place.setdefault(part, {})
        place[name] = value
    return found


def _check(file: str, params: DipParams, faults: list[DipFault]) -> None:
    """What no single setting shows."""
    named = [layer for stage in params.layers for layer in stage.split("+")]
    for layer in dict.fromkeys(named):
        if layer not in _LAYERS:
            why = f"可用的层次为{'、'.join(_LAYERS)}"
            faults.append(DipFault(file, 0, "layers", f"层次“{layer[:40]}”未知", why, "请改正"))
        elif named.count(layer) > 1:
            faults.append(DipFault(file, 0, "layers", f"层次“{layer}”出现两次", "每层只匹配一次", "请只保留一次"))
    for one in params.type_order:
        group_class, _, kind = one.partition(":")
        if group_class not in _CLASSES or kind not in _KINDS:
            why = f"应写成 类别:方式，类别为{'、'.join(_CLASSES)}，方式为{'、'.join(_KINDS)}"
            faults.append(DipFault(file, 0, "type_order", f"“{one[:40]}”不可用", why, "请改正"))
    if shared := set(params.operation.or_signs) & set(params.operation.and_signs):
        told = f"“{shared.pop()}”既表示或又表示且"
        faults.append(DipFault(file, 0, "operation", told, "无法读出操作表达式", "请改正 or_signs 或 and_signs"))
    pricing = params.pricing
    if pricing.low.at >= pricing.high.at:
        told = f"超低界限{pricing.low.at}不低于超高界限{pricing.high.at}"
        faults.append(DipFault(file, 0, "pricing", told, "同一病例会既超低又超高", "请改正 low.at 或 high.at"))
    if pricing.high.cap_at is not None and pricing.high.cap_at <= pricing.high.at:
        told = f"封顶倍数{pricing.high.cap_at}不高于超高界限{pricing.high.at}"
        faults.append(DipFault(file, 0, "pricing.high.cap_at", told, "封顶不会起作用", "请改正"))

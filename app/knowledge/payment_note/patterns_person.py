"""Patterns of who and where (人群、机构、就医方式): each reads one phrase at its place into the values of a span.

In law 以上、以下、以内 include the number, 不满、超过 do not (民法典第一千二百五十九条).
"""

import re
from typing import Any

from app.domain.encounter import CareType, FacilityLevel, InsuranceType
from app.knowledge.payment_note.note import SpanKind

Values = dict[str, Any]
_UNIT = r"(?:周岁|岁|月龄|日龄|个月龄)"
_CARE = {
    "住院": (CareType.INPATIENT, CareType.DAY_CASE),
    "日间": (CareType.DAY_CASE,),
    "门急诊": (CareType.OUTPATIENT, CareType.CHRONIC_OUTPATIENT, CareType.EMERGENCY),
    "门诊": (CareType.OUTPATIENT, CareType.CHRONIC_OUTPATIENT),
    "急诊": (CareType.EMERGENCY,),
}
RESCUE = "rescue"  # 急救、抢救: may happen in every care type, so no claim tells it
_LEVELS = {"三级": FacilityLevel.TERTIARY, "二级": FacilityLevel.SECONDARY, "一级": FacilityLevel.PRIMARY}
_FROM_TOP = tuple(_LEVELS.values())
_INSURANCE = {"工伤": InsuranceType.WORK_INJURY, "生育": InsuranceType.MATERNITY}


def _years(count: str, unit: str) -> int:
    """Whole years, rounded down."""
    if "月" in unit:
        return int(count) // 12
    return int(count) // 366 if "日" in unit else int(count)


def age_range(found: re.Match[str]) -> Values:
    unit = found["unit"]
    first = found["first"] or unit
    high = _years(found["high"], unit)
    if found["below"]:
        high = _below(found["high"], unit)
    return {"low": _years(found["low"], first), "high": high, "unit": "years"}


def _below(count: str, unit: str) -> int:
    """The most whole years of someone who has not reached this age yet."""
    return int(count) - 1 if "岁" in unit else _years(count, unit)


def age_bound(found: re.Match[str]) -> Values:
    sign, count, unit = found["sign"], found["count"], found["unit"]
    if sign in ("≥", ">", ">=", "大于", "大于等于", "超过", "不小于", "不低于", "满"):
        return {"low": _years(count, unit), "unit": "years"}
    included = sign in ("≤", "<=", "不超过", "不大于", "小于等于")
    return {"high": _years(count, unit) if included else _below(count, unit), "unit": "years"}


def age_after(found: re.Match[str]) -> Values:
    count, unit = found["count"], found["unit"]
    if found["side"] == "以上":
        return {"low": _years(count, unit), "unit": "years"}
    return {"high": _years(count, unit), "unit": "years"}


def care(found: re.Match[str]) -> Values:
    return {"values": tuple(str(value) for value in _CARE[found["care"]])}


def rescue(_: re.Match[str]) -> Values:
    return {"values": (RESCUE,)}


def online(_: re.Match[str]) -> Values:
    return {"values": (str(CareType.INTERNET),), "negated": True}


def level(found: re.Match[str]) -> Values:
    return {"values": _levels(found["level"], found["side"] or "")}


def _levels(word: str, side: str) -> tuple[str, ...]:
    place = _FROM_TOP.index(_LEVELS[word])
    if "上" in side:
        levels = _FROM_TOP[: place + 1]
    elif "下" in side:
        levels = (*_FROM_TOP[place:], FacilityLevel.UNGRADED)
    else:
        levels = (_LEVELS[word],)
    return tuple(str(one) for one in levels)


def prescriber(found: re.Match[str]) -> Values:
    named = [_levels(*one) for one in re.findall(r"([一二三]级)((?:及以上)?)", found[0])]
    values = {one for levels in named for one in levels}
    per = "first" if "首次" in found[0] else ""
    return {"values": tuple(str(one) for one in _FROM_TOP if str(one) in values), "per": per}


def insurance(found: re.Match[str]) -> Values:
    return {"values": (str(_INSURANCE[found["insurance"]]),)}


_LEVEL = r"[一二三]级(?:甲等)?(?:及以上|以上)?[一-龥]{0,8}?(?:医疗机构|医院)(?:眼科)?"

PATTERNS = (
    (
        SpanKind.AGE,
        re.compile(
            rf"(?:年龄)?(?P<low>\d+)(?P<first>{_UNIT})?\s*(?:-|~|至|到)\s*(?P<below><|不满|未满)?(?P<high>\d+)"
            rf"(?P<unit>{_UNIT})(?:及?以下|以内|\(含\))?"
        ),
        age_range,
    ),
    (
        SpanKind.AGE,
        re.compile(
            r"(?:年龄)?(?P<sign>大于等于|小于等于|≥|≤|>=|<=|>|<|大于|小于|超过|不超过|不小于|不大于|不低于|低于|不满|未满|满)"
            rf"\s*(?P<count>\d+)\s*(?P<unit>{_UNIT})(?!及?以[上下])"
        ),
        age_bound,
    ),
    (
        SpanKind.AGE,
        re.compile(
            rf"(?:年龄)?(?P<count>\d+)(?P<unit>{_UNIT})(?:\(含\))?(?:(?:和|及)(?:(?P=count){_UNIT})?)?(?P<side>以上|以下|以内)"
        ),
        age_after,
    ),
    (SpanKind.CARE_TYPE, re.compile(r"(?P<care>住院|日间|门急诊|门诊|急诊)(?:期间|使用|病人)?"), care),
    (SpanKind.CARE_TYPE, re.compile(r"(?:急救|抢救)(?:时)?(?:使用)?"), rescue),
    (
        SpanKind.CARE_TYPE,
        re.compile(r"医疗机构开展互联网诊疗活动时,不得开具麻醉药品、精神药品等特殊管理药品的处方"),
        online,
    ),
    (
        SpanKind.FACILITY_LEVEL,
        re.compile(r"(?P<level>[一二三]级)(?:甲等)?(?P<side>及其?以上|以上|及其?以下|以下)?(?:医疗机构|医院)"),
        level,
    ),
    (
        SpanKind.PRESCRIBER,
        re.compile(rf"(?:首次处方时)?[需应]由?{_LEVEL}(?:[、或和]{_LEVEL})*(?:专科)?医师(?:开具)?处方"),
        prescriber,
    ),
    (SpanKind.INSURANCE_TYPE, re.compile(r"(?P<insurance>工伤|生育)保险"), insurance),
)

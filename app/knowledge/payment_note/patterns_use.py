"""Patterns of how much and when (疗程、频次、时机、线数、证据、不予支付): each reads one phrase at its place."""

import re
from typing import Any

from app.knowledge.payment_note.note import SpanKind
from app.knowledge.payment_note.text import NUMBER, number

Values = dict[str, Any]
# The most days the unit can have, so that what is past them is past the limit however one counts.
_DAYS = {"天": 1, "日": 1, "周": 7, "个月": 31, "月": 31, "年": 366}
_PER = {
    "连续": "unbroken",
    "住院": "stay",
    "疾病": "disease",
    "疗程": "course",
    "年": "year",
    "周": "week",
    "月": "month",
    "日": "day",
}
_STRICT = ("少于", "小于", "<")


def course(found: re.Match[str]) -> Values:
    days = number(found["count"]) * _DAYS[found["unit"]]
    return {"high": days - (found["sign"] in _STRICT), "unit": "days", "per": _per(found["per"])}


def course_plain(found: re.Match[str]) -> Values:
    return {"high": number(found["count"]) * _DAYS[found["unit"]], "unit": "days"}


def _per(word: str | None) -> str:
    return next((name for sign, name in _PER.items() if word and sign in word), "")


def frequency(found: re.Match[str]) -> Values:
    return {"high": number(found["count"]), "unit": found["unit"], "per": _period(found["per"])}


def _period(word: str) -> str:
    if "第" in word:
        return "first_year"
    if "眼" in word and "年" not in word:
        return "eye"
    return _per(word.replace("天", "日")) or word


def interval(found: re.Match[str]) -> Values:
    return {"low": number(found["count"]) * (_DAYS[found["unit"]] if found["unit"] in "天日周" else 28), "unit": "days"}


def line(found: re.Match[str]) -> Values:
    return {"low": number(found["count"])}


def nothing(_: re.Match[str]) -> Values:
    return {}


def only_alone(_: re.Match[str]) -> Values:
    return {"values": ("alone",)}


def always(_: re.Match[str]) -> Values:
    return {"values": ("always",)}


def group(found: re.Match[str]) -> Values:
    return {"values": (found[0],)}


_N = rf"(?P<count>{NUMBER})"
_SPAN = r"(?P<unit>天|日|周|个月|月|年)(?![龄内后前])"
_ROMAN = r"[ⅠⅡⅢⅣⅤIV]+"
_COUNTED = r"(?P<unit>次|支|瓶|盒|片|粒|g|克|mg)"

PATTERNS = (
    (
        SpanKind.COURSE,
        re.compile(
            r"(?P<per>(?:单次|每次|一次)住院|(?:一|每)个疾病过程|每个?疗程|每个?年度?|连续)?的?"
            r"(?:总|累计|合计)?(?:支付|使用|用药|治疗)?(?:总|累计)?(?:天数|时间|时长|疗程|期限)?(?:累计|合计|总计)?(?:均)?"
            r"(?P<sign>不超过|不得超过|不能超过|不多于|不大于|最多|最长|少于|小于|≤|<)(?:支付|使用|为)?\s*"
            + _N
            + r"\s*"
            + _SPAN
        ),
        course,
    ),
    (SpanKind.COURSE, re.compile(r"支付(?:疗程)?(?:为)?\s*" + _N + r"\s*" + r"(?P<unit>天|日)以内"), course_plain),
    (
        SpanKind.FREQUENCY,
        re.compile(
            r"(?P<per>每周|每[日天]|每个?月|每个?年度?|第1年度|每眼累计|每眼)(?:最多|限|不超过|不得超过)?(?:累计)?"
            r"(?:支付)?(?:最多|不超过|不得超过)?(?:支付)?\s*" + _N + r"\s*" + _COUNTED
        ),
        frequency,
    ),
    (
        SpanKind.INTERVAL,
        re.compile(
            r"(?:两次)?(?:评定)?间隔(?:时间)?(?:不短于|不少于|不低于|不小于|≥)\s*"
            + _N
            + r"\s*(?P<unit>天|日|周|个月|月)"
        ),
        interval,
    ),
    (
        SpanKind.TIMING,
        re.compile(
            r"(?:应)?(?:在)?(?:发作|发病|起病|治疗结束后|治疗后|结束后|之后)?\s*\d+(?:\.\d+)?\s*(?:小时|天|日|个月)(?:之|以)?内"
            r"(?:开始使用|开始治疗|使用)?"
        ),
        nothing,
    ),
    (SpanKind.LINE, re.compile(_N + r"线(?:及以上)?(?:系统性?|标准|抗肿瘤)?(?:用药|药物|治疗|化疗|使用)?"), line),
    (
        SpanKind.LINE,
        re.compile(
            r"(?:至少|不超过|超过)?(?:接受过?|经过)?(?:至少)?\s*" + _N + r"\s*(?:种|个|次)"
            r"(?:或(?:以上|多种|多个|一种以上)|及以上|以上)?"
        ),
        line,
    ),
    (
        SpanKind.TIMING,
        re.compile(r"(?:治疗|充分治疗|至少)?\s*\d+(?:-\d+)?个月(?:充分)?(?:治疗)?(?!龄|[内后前])"),
        nothing,
    ),
    (
        SpanKind.EVIDENCE,
        re.compile(
            r"(?:[A-Za-z][A-Za-z\-]{1,11}|射血分数|肾小球滤过率|BMI)\s*(?:评分)?\s*(?:≥|≤|>|<|=|为|大于|小于|低于)\s*\d+(?:\.\d+)?"
            r"(?:-\d+(?:\.\d+)?)?\s*(?:%|分|U/L|g/L)?"
        ),
        nothing,
    ),
    (SpanKind.EVIDENCE, re.compile(r"(?:基线)?矫正视力\d\.\d+-\d\.\d+"), nothing),
    (SpanKind.EVIDENCE, re.compile(r"外显子\d+(?:跳跃突变|跳变|突变|插入突变)?|\d+号外显子"), nothing),
    (SpanKind.EVIDENCE, re.compile(r"疾病活动度下降低于\d+%"), nothing),
    (
        SpanKind.SEVERITY,
        re.compile(
            rf"(?:WHO|NYHA|WHO FC|心)?\s*(?:功能)?(?:分级)?\s*{_ROMAN}[级期度]?(?:\s*[-~至/]\s*{_ROMAN})?[级期度]"
        ),
        nothing,
    ),
    (
        SpanKind.NOT_PAYABLE,
        re.compile(r"单独使用时统筹基金不予支付,且全部由这些饮片组成的处方统筹基金也不予支付|单独使用不予支付"),
        only_alone,
    ),
    (SpanKind.NOT_PAYABLE, re.compile(r"不得纳入基金支付范围的中药饮片"), always),
    (SpanKind.SURGERY_GROUP, re.compile(r"(?:肝胆|胃肠|直肠肛门|经腹直肠|膀胱尿道|[男女]性生殖系统)手术组"), group),
    (SpanKind.REMARK, re.compile(r"尚未(?:确定|明确)本品在[^。;]{1,30}中的安全性和有效性"), nothing),
    (SpanKind.REMARK, re.compile(r"(?:[一-龥]{2,6}、){1,8}[一-龥]{2,6}的药品支数合并计算"), nothing),
    (SpanKind.CITATION, re.compile(r"\(?[一-龥]{2,8}〔\d{4}〕\d+号\)?"), nothing),
)

"""Record texts (病历文书检索): whether a term is affirmed or denied there, and what was measured; careful, not clever.

A clause ends at a comma, full stop, semicolon or line end. A term is denied where a word of denial stands before it in
its clause, or 阴性 just behind it. Doubt (不排除、可能), a condition (若), the past (病史) make it worth nothing.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from app.grouper.coding_case import RecordText

DIAGNOSIS_TEXT = "diagnosis"
_CLAUSES = re.compile(r"[，,。；;！!？?\n\r]+")
_DOUBT = re.compile(
    r"不(能)?(完全)?(除外|排除)|未(能)?(除外|排除)|无法排除|待(排|查|除外)|可能|疑(似|诊)?|考虑|警惕|预防|防止|避免|若|如果|如有|一旦|风险"
)
_DENIAL = re.compile(
    r"未见|未及|未闻|未行|未做|未作|未予|未查|未用|拒绝|未发现|未发生|未出现|未提示|未并发|没有|并无|否认|排除|除外|不支持|不符合|不存在|不伴|无"
)
_NO_DENIAL = re.compile(r"无(明显)?(诱因|力|法|创|菌|痛|症状|缓解|好转|效|论|意识)|无明显原因")
_CONTRAST = re.compile(r"但|而|却|然|伴有|并有|出现|合并")
_PAST = re.compile(r"史|既往|曾")
_LABEL = re.compile(r"诊断")
_BEHIND_DENIED = re.compile(r"^\s*[（(]?[：:]?\s*(阴性|[-－—]\s*[)）]?$|已排除|已除外|不成立|依据不足)")
_QUOTE = 40


class Mention(StrEnum):
    AFFIRMED = "affirmed"
    DENIED = "denied"
    UNCERTAIN = "uncertain"


class Told(NamedTuple):
    mention: Mention
    quote: str


class Measured(NamedTuple):
    value: Decimal
    quote: str


def mentions(texts: Iterable[RecordText], terms: Sequence[str]) -> Iterator[Told]:
    """Every mention of one of the terms, but in texts that only repeat the diagnoses."""
    for clause in _clauses(texts):
        for found in _pattern(tuple(terms)).finditer(clause):
            yield Told(_judged(clause, found.start(), found.end()), clause.strip()[:_QUOTE])


def _clauses(texts: Iterable[RecordText]) -> Iterator[str]:
    for one in texts:
        if one.kind != DIAGNOSIS_TEXT:
            yield from (clause for clause in _CLAUSES.split(one.text) if clause.strip())


@lru_cache(1024)
def _pattern(terms: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(term) for term in sorted(terms, key=len, reverse=True)))


def _judged(clause: str, start: int, end: int) -> Mention:
    before, behind = clause[:start], clause[end:]
    if _DOUBT.search(clause) or _PAST.search(clause) or _LABEL.search(before):
        return Mention.UNCERTAIN
    if _BEHIND_DENIED.match(behind):
        return Mention.DENIED
    denials = [found.end() for found in _DENIAL.finditer(_NO_DENIAL.sub(_blank, before))]
    if not denials:
        return Mention.AFFIRMED
    return Mention.UNCERTAIN if _CONTRAST.search(before[denials[-1] :]) else Mention.DENIED


def _blank(found: re.Match[str]) -> str:
    return "　" * len(found[0])


def measurements(texts: Iterable[RecordText], names: Sequence[str], unit: str) -> list[Measured]:
    """What was measured under one of the names, where the unit stands behind the number as it should."""
    pattern = _measure(tuple(names), unit)
    found = []
    for one in texts:
        if one.kind != DIAGNOSIS_TEXT:
            found += [Measured(Decimal(hit[1]), hit[0].strip()[:_QUOTE]) for hit in pattern.finditer(one.text)]
    return found


@lru_cache(256)
def _measure(names: tuple[str, ...], unit: str) -> re.Pattern[str]:
    alternatives = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    spelled = re.escape(unit).replace("u", "[uμµ]", 1) if unit.startswith("umol") else re.escape(unit)
    return re.compile(
        rf"(?<![A-Za-z])(?:{alternatives})(?:[（(][A-Za-z0-9+]*[)）])?\s*[:：=为是]?\s*(\d{{1,4}}(?:\.\d{{1,3}})?)\s*{spelled}(?![A-Za-z])",
        re.IGNORECASE,
    )

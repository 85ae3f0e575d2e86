"""Conditions of a DIP catalogue (附加条件): what a stay must show beside diagnosis and operation.

Tests joined by `&`, all of which must hold:

    age>=65 & days>3                         numbers: see NUMBERS
    icu_days=2..7                            from 2 to 7, both included
    death                                    discharge disposition 5
    disposition=2|4        sex=male          words
    other_dx:@organ_failure                  a secondary diagnosis of the list organ_failure in dx_lists.csv
    other_dx:C77|C78-C79   any_dx:…  principal_dx:…
    other_category:C00-C97                   a secondary diagnosis of another category than the principal one
"""

import re
from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct

from app.knowledge.dip_expression import Term, Unreadable, read_codes

NUMBERS = {
    "age": "年龄（岁）",
    "age_days": "天龄",
    "weight": "体重（克）",
    "days": "住院天数",
    "icu_days": "监护病房天数",
    "cci": "查尔森合并症指数",
    "cost_ratio": "费用与病种标准之比",
    "drug_share": "药品费占比",
    "treatment_share": "治疗费占比",
    "tcm_share": "中医治疗费占比",
    "operation_level": "主要手术级别",
}
DIAGNOSES = {
    "other_dx": "其他诊断",
    "any_dx": "任一诊断",
    "principal_dx": "主要诊断",
    "other_category": "与主要诊断不同类目的其他诊断",
}
_NUMBER = re.compile(r"([a-z_]+)\s*(>=|<=|=|>|<)\s*(\d+(?:\.\d+)?)(?:\.\.(\d+(?:\.\d+)?))?", re.ASCII)
_WORDS = {"sex": {"male", "female"}, "disposition": {"1", "2", "3", "4", "5", "9"}}
DEATH = "5"


class Test(Struct, frozen=True, gc=False):
    """One test. Numbers: from `low` to `high`, an open end excluded; words: one of them; diagnoses: one in `codes`."""

    fact: str
    text: str
    low: Decimal | None = None
    high: Decimal | None = None
    is_open: bool = False
    words: frozenset[str] = frozenset()
    codes: Term | None = None

    def holds_for(self, number: Decimal | int) -> bool:
        if self.low is not None and (number < self.low or (self.is_open and number == self.low)):
            return False
        return self.high is None or number < self.high or (number == self.high and not self.is_open)


Condition = tuple[Test, ...]
Lists = Mapping[str, Term]  # the lists of dx_lists.csv by name


def read_condition(text: str, lists: Lists) -> Condition:
    """The tests of a cell; () for a blank one. Raises Unreadable."""
    if not text:
        return ()
    tests = tuple(_test(part.strip(), lists) for part in text.split("&"))
    if any(test.fact == "cci" for test in tests) and "cci" not in lists:
        raise Unreadable("条件用到 cci，但 dx_lists.csv 中没有名为 cci 的名单")
    return tests


def _test(text: str, lists: Lists) -> Test:
    if text == "death":
        return Test("disposition", text, words=frozenset([DEATH]))
    fact, colon, codes = text.partition(":")
    if colon and fact.strip() in DIAGNOSES:
        return Test(fact.strip(), text, codes=_codes(codes.strip(), lists))
    fact, _, words = text.partition("=")
    if fact.strip() in _WORDS:
        return Test(fact.strip(), text, words=_words(fact.strip(), words))
    match = _NUMBER.fullmatch(text)
    if match is None or match[1] not in NUMBERS:
        known = "、".join((*NUMBERS, *_WORDS, *DIAGNOSES, "death"))
        raise Unreadable(f"条件“{text[:60]}”无法理解；可用的事实为{known}")
    return _number(text, *match.groups())


def _number(text: str, fact: str, sign: str, first: str, last: str | None) -> Test:
    value = Decimal(first)
    if last is not None:
        if sign != "=" or Decimal(last) < value:
            raise Unreadable(f"范围“{text[:60]}”应写成 {fact}=低..高")
        return Test(fact, text, low=value, high=Decimal(last))
    low, high = (value if sign in (">=", ">", "=") else None), (value if sign in ("<=", "<", "=") else None)
    return Test(fact, text, low=low, high=high, is_open=sign in ("<", ">"))


def _codes(text: str, lists: Lists) -> Term:
    if not text.startswith("@"):
        return read_codes(text)
    if text[1:] not in lists:
        raise Unreadable(f"名单“{text[1:41]}”不在 dx_lists.csv 中")
    return lists[text[1:]]


def _words(fact: str, text: str) -> frozenset[str]:
    words = frozenset(word.strip() for word in text.split("|"))
    if unknown := sorted(words - _WORDS[fact]):
        raise Unreadable(f"{fact} 没有“{unknown[0][:20]}”这个值，可用的为{'、'.join(sorted(_WORDS[fact]))}")
    return words

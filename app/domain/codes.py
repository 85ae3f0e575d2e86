"""Codes (编码): the shapes of national codes, and patterns over them.

A pattern is one of
- `001102000030000`  exactly this code;
- `XJ01DD*`          every code that starts so;
- `K35-K37`          every diagnosis code of these three-character ICD-10 categories, both ends included.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

_CATEGORY = re.compile(r"([A-Z])(\d\d)")
_PATTERN = re.compile(r"[0-9A-Za-z.+_/-]+\*?|\*")

# Sources: 医保药品分类与代码、医疗服务项目分类与代码、医保医用耗材分类与代码 (code.nhsa.gov.cn); lengths counted in the
# published tables. A local suffix after a national code is not part of it.
_ITEM_SHAPES = re.compile(
    r"X[A-Z]\d\d[A-Z]{2}[A-Z0-9]\d{3}[A-Z]\d{3}\d{9}"  # western drug, 23
    r"|Z[A-Z]\d\d[A-Z]{3}\d{4}\d{9}"  # Chinese patent drug, 20
    r"|[TG]\d{9}"  # decoction piece, formula granule, 10
    r"|0[01]\d{13}"  # service item, 15; 01 are those of the price guides since 2023 (立项指南)
    r"|C\d{6}\d{20}"  # consumable, 27
    r"|C\d{19}",  # consumable, the first 20 of it
    re.ASCII,
)
_DIAGNOSIS_SHAPE = re.compile(
    r"[A-Z]\d\d(\.[0-9A-Zx][0-9A-Z]{0,3}(x\d{3})?)?(\+[A-Z]\d\d(\.\d{1,3})?\*|[+*])?", re.ASCII
)


@lru_cache(65_536)
def is_national_item_code(code: str) -> bool:
    """Whether the code has the shape of a national item code; not whether the catalogue holds it."""
    return _ITEM_SHAPES.fullmatch(code) is not None


def is_diagnosis_code(code: str) -> bool:
    """Whether the code has the shape of an ICD-10 insurance code (疾病诊断代码)."""
    return _DIAGNOSIS_SHAPE.fullmatch(code) is not None


def ingredient_of(item_code: str) -> str:
    """What tells two drugs apart whatever their maker or pack: the first 10 characters of a national drug code.

    Western drugs: class (6) and ingredient (4). Chinese patent drugs: class (7) and serial number, 11 characters.
    """
    return item_code[:10] if item_code.startswith("X") else item_code[:11]


def expand(pattern: str) -> tuple[str, ...]:
    """The pattern as exact codes and `prefix*` forms; raises ValueError for what is not a pattern."""
    low, dash, high = pattern.partition("-")
    if dash and (first := _CATEGORY.fullmatch(low)) and (last := _CATEGORY.fullmatch(high)):
        if first[1] != last[1] or first[2] > last[2]:
            raise ValueError(f"code range {pattern!r} must stay in one chapter letter and rise, as in K35-K37")
        return tuple(f"{first[1]}{number:02d}*" for number in range(int(first[2]), int(last[2]) + 1))
    if not _PATTERN.fullmatch(pattern):
        raise ValueError(f"{pattern!r} is not a code pattern: write a code, a prefix with *, or a range as K35-K37")
    return (pattern,)


class CodeSet:
    """A set of codes given by patterns; membership is one hash look-up and one prefix test."""

    __slots__ = ("exact", "prefixes")

    def __init__(self, patterns: Iterable[str]) -> None:
        found = [code for pattern in patterns for code in expand(pattern)]
        self.exact = frozenset(code for code in found if not code.endswith("*"))
        self.prefixes = tuple(sorted(code[:-1] for code in found if code.endswith("*")))

    def __contains__(self, code: str) -> bool:
        return code in self.exact or code.startswith(self.prefixes)

    def __bool__(self) -> bool:
        return bool(self.exact or self.prefixes)

    def matching(self, codes: Iterable[str]) -> list[str]:
        return [code for code in codes if code in self]

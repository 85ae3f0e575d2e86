"""Expressions of a DIP catalogue (诊断与手术操作表达式): prefixes of diagnoses, and terms of operations.

Operations: codes joined by "or" and "and" signs, as the city writes them. Which of the two binds tighter differs
between published catalogues, so the parameters say it: `a+b|c` is a and (b or c) where "or" is the tighter one.
A full code (7 characters or more) means itself; a shorter one, or one with `*`, means all codes that begin so.
"""

import re
from collections.abc import Sequence

from msgspec import Struct

FULL_CODE = 7  # 47.0100: shorter ones are 亚目 or 细目
_OPERATION = re.compile(r"\d\d(\.[0-9x]{0,4}(x\d{1,3})?)?\*?", re.ASCII)
_DIAGNOSIS = re.compile(r"[A-Z](\d{1,2}(\.[0-9A-Zx]{0,4}(x\d{0,3})?)?)?\*?", re.ASCII)
_RANGE = re.compile(r"([A-Z])(\d\d)-([A-Z])(\d\d)", re.ASCII)


class Unreadable(ValueError):
    """Why a cell cannot be read, in Chinese."""


class Term(Struct, frozen=True, gc=False):
    """Alternatives, one of which must be recorded: exact codes and prefixes."""

    exact: frozenset[str]
    prefixes: tuple[str, ...]

    @property
    def text(self) -> str:
        return "|".join((*sorted(self.exact), *(f"{prefix}*" for prefix in self.prefixes)))


Expression = tuple[tuple[Term, ...], ...]  # one of the outer tuple, all of the inner one, one of each term's codes


class Signs(Struct, frozen=True, gc=False):
    """How a city writes operations: its "or" and "and" signs, and whether "or" binds tighter.

    `extensions`: a full code means its extended codes (47.0100x001) too.
    """

    or_signs: tuple[str, ...] = ("|",)
    and_signs: tuple[str, ...] = ("+",)
    or_is_tighter: bool = True
    extensions: bool = False


def normal(code: str) -> str:
    """The code as the insurance edition writes it: a capital first letter, and a small x as placeholder."""
    return code[:1].upper() + code[1:].replace("X", "x")


def read_expression(text: str, signs: Signs) -> Expression:
    """The operations that a cell asks for; () for a blank cell. Raises Unreadable."""
    if not text:
        return ()
    outer, inner = (signs.and_signs, signs.or_signs) if signs.or_is_tighter else (signs.or_signs, signs.and_signs)
    parts = [_split(part, inner, text) for part in _split(text, outer, text)]
    if signs.or_is_tighter:
        return (tuple(_term(part, signs.extensions) for part in parts),)
    alternatives = [tuple(_term([code], signs.extensions) for code in part) for part in parts]
    return tuple(sorted(alternatives, key=len, reverse=True))  # the first that holds is the one that asks for most


def _split(text: str, signs: Sequence[str], whole: str) -> list[str]:
    parts = re.split("|".join(map(re.escape, signs)), text)
    found = [part.strip() for part in parts]
    if not all(found):
        raise Unreadable(f"“{whole[:60]}”中有空的一项")
    if len(set(found)) != len(found):
        raise Unreadable(f"“{whole[:60]}”中同一项写了两次")
    return found


def _term(codes: Sequence[str], extensions: bool) -> Term:
    exact, prefixes = set(), set()
    for given in codes:
        code = normal(given)
        if not _OPERATION.fullmatch(code):
            raise Unreadable(f"“{given[:40]}”不是手术操作编码")
        if code.endswith("*") or len(code) < FULL_CODE:
            prefixes.add(code.removesuffix("*"))
        else:
            exact.add(code)
            if extensions and len(code) == FULL_CODE:
                prefixes.add(f"{code}x")
    return Term(frozenset(exact), tuple(sorted(prefixes)))


def read_codes(text: str) -> Term:
    """Codes of diagnoses joined by `|`, full ones meaning themselves and short ones all that begin so; ranges too."""
    exact, prefixes = set(), set()
    for token in _tokens(text):
        if len(token) >= FULL_CODE and not token.endswith("*") and not _RANGE.fullmatch(token):
            exact.add(_diagnosis(token))
        else:
            prefixes.update(_prefixes(token))
    return Term(frozenset(exact), tuple(sorted(prefixes)))


def read_prefixes(text: str) -> tuple[str, ...]:
    """Prefixes of diagnoses joined by `|`, longest first; `*` is every diagnosis. Raises Unreadable."""
    found = {prefix for token in _tokens(text) for prefix in _prefixes(token)}
    return tuple(sorted(found, key=lambda prefix: (-len(prefix), prefix)))


def read_secondary(text: str) -> tuple[tuple[str, ...], ...]:
    """Secondary diagnoses: of every part between `+` one prefix must be recorded. Raises Unreadable."""
    return tuple(read_prefixes(part) for part in text.split("+")) if text else ()


def _tokens(text: str) -> list[str]:
    tokens = [token.strip() for token in text.split("|")]
    if not all(tokens):
        raise Unreadable(f"“{text[:60]}”中有空的一项")
    return tokens


def _prefixes(token: str) -> list[str]:
    if token == "*":  # noqa: S105
        return [""]
    if bounds := _RANGE.fullmatch(token):
        low, high = (ord(bounds[1]), int(bounds[2])), (ord(bounds[3]), int(bounds[4]))
        if low > high:
            raise Unreadable(f"范围“{token}”的起点在终点之后")
        letters = range(low[0], high[0] + 1)
        return [f"{chr(one)}{two:02d}" for one in letters for two in range(100) if low <= (one, two) <= high]
    return [_diagnosis(token).removesuffix("*") if len(token) > 1 else _diagnosis(token)]


def _diagnosis(token: str) -> str:
    code = normal(token)
    if not _DIAGNOSIS.fullmatch(code):
        raise Unreadable(f"“{token[:40]}”不是诊断编码")
    return code

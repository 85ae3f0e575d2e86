"""Search in reviews (疑点检索): words in Chinese or initials of pinyin, of one letter or more.

A word is looked up in what has a name: items, rules, departments, practitioners. There are some ten thousands of them,
while there are millions of reviews, which are then found by the codes of what was found.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, exists, func, literal, or_, select, union_all

from app.store.pinyin import INITIALS_ONLY
from app.store.review_filters import among
from app.store.review_tables import departments, practitioners, review_items, reviews, search_terms

Ask = Callable[[Select[Any]], Awaitable[list[Any]]]
SeqAmong = Callable[[Select[Any]], ColumnElement[bool]]  # `reviews.seq` is one of those, as the database does it best

MOST_WORDS = 8
_MANY = 20_000  # reviews: so many are found soonest by looking through all of them
_ONE = reviews.c
_ITEM, _RULE = "item", "rule"


class ReviewSearch:
    def __init__(self, ask: Ask, seq_among: SeqAmong) -> None:
        self._ask, self._seq_among = ask, seq_among

    async def tests(self, text: str) -> list[ColumnElement[bool]]:
        """Every word must be found. Words beyond the eighth are passed over."""
        return [await self._test(word) for word in text.split()[:MOST_WORDS]]

    async def _test(self, word: str) -> ColumnElement[bool]:
        found = await self._ask(_named(word))
        tests: list[ColumnElement[bool]] = [_ONE.encounter == word, _ONE.id == word]
        if rules := [code for kind, _, code, _ in found if kind == _RULE]:
            tests.append(among(_ONE.rule, rules))
        for kind, column in (("department", _ONE.department), ("practitioner", _ONE.practitioner)):
            tests += _places([(place, code) for one, place, code, _ in found if one == kind], column)
        items = [(code, uses) for kind, _, code, uses in found if kind == _ITEM]
        if sum([uses for _, uses in items]) > _MANY:
            of_it = (review_items.c.review == _ONE.seq) & review_items.c.item.in_(_terms(word, _ITEM))
            tests.append(exists().where(of_it))
        elif items:
            of_these = select(review_items.c.review).where(among(review_items.c.item, [code for code, _ in items]))
            tests.append(self._seq_among(of_these))
        return or_(*tests)


def _places(found: Sequence[tuple[str, str]], column: ColumnElement[str]) -> list[ColumnElement[bool]]:
    by_facility: dict[str, list[str]] = {}
    for facility, code in found:
        by_facility.setdefault(facility, []).append(code)
    return [and_(_ONE.facility == facility, among(column, codes)) for facility, codes in by_facility.items()]


def _named(word: str) -> Select[Any]:
    """kind, facility, code, uses of all that is named so."""
    term, one, other = search_terms.c, departments.c, practitioners.c
    nothing, none = literal("", String), literal(0)
    terms = select(term.kind, nothing.label("place"), term.code, term.uses)
    places = select(literal("department", String), one.facility, one.code, none)
    staff = select(literal("practitioner", String), other.facility, other.code, none)
    parts = [
        terms.where(_is_named(word, term.text, term.initials)),
        places.where(_is_named(word, one.name, one.initials)),
        staff.where(_is_named(word, other.name, other.initials)),
    ]
    return select(union_all(*parts).subquery())


def _terms(word: str, kind: str) -> Select[Any]:
    term = search_terms.c
    return select(term.code).where(term.kind == kind, _is_named(word, term.text, term.initials))


def _is_named(word: str, text: ColumnElement[str], initials: ColumnElement[str]) -> ColumnElement[bool]:
    lowered = word.lower()
    test = func.lower(text).contains(lowered, autoescape=True)
    return test | initials.contains(lowered, autoescape=True) if INITIALS_ONLY.fullmatch(lowered) else test

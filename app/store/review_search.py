"""Search in reviews (疑点检索): words in Chinese or initials of pinyin, of one letter or more.

A word is looked up in what has a name: items, rules, departments, practitioners. There are some ten thousands of them,
while there are millions of reviews, which are then found by the codes of what was found.
"""

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)

from app.store.pinyin import INITIALS_ONLY
from app.store.review_filters import among
from app.store.review_tables import departments, practitioners, review_items, reviews, search_terms

Ask = Callable[[Select[Any]], Awaitable[list[Any]]]
SeqAmong = Callable[[Select[Any]], ColumnElement[bool]]  # `reviews.seq` is one of those, as the database does it best

MOST_WORDS = 8
_MOST_WAYS = 12  # in which the words of a search may be found, each asked for by itself
_MANY = 20_000  # reviews: so many are found soonest by looking through all of them
_ONE = reviews.c
_ITEM, _RULE = "item", "rule"


class Found(NamedTuple):
    """One thing that a word is found by: `alone` where nothing else may hold instead of it, else `beside`."""

    alone: ColumnElement[bool]
    beside: ColumnElement[bool]


class ReviewSearch:
    def __init__(self, ask: Ask, seq_among: SeqAmong) -> None:
        self._ask, self._seq_among = ask, seq_among

    async def tests(self, text: str) -> list[ColumnElement[bool]]:
        """Every word must be found. Words beyond the eighth are passed over."""
        return [_any_of(some) for some in await self._words(text)]

    async def ways(self, text: str) -> list[list[ColumnElement[bool]]]:
        """The same, told apart: what fits any of these lists of conditions is found, and each has an index to walk."""
        words = await self._words(text)
        if math.prod(map(len, words)) > _MOST_WAYS:
            return [[_any_of(some) for some in words]]
        return [[one.alone for one in way] for way in product(*words)]

    async def _words(self, text: str) -> list[list[Found]]:
        return [await self._found_by(word) for word in text.split()[:MOST_WORDS]]

    async def _found_by(self, word: str) -> list[Found]:
        named = await self._ask(_named(word))
        tests: list[ColumnElement[bool]] = []
        if rules := [code for kind, _, code, _ in named if kind == _RULE]:
            tests.append(among(_ONE.rule, rules))
        for kind, column in (("department", _ONE.department), ("practitioner", _ONE.practitioner)):
            if places := [(place, code) for one, place, code, _ in named if one == kind]:
                tests.append(_placed(places, column))
        found = [Found(one, one) for one in tests]
        if items := {code: uses for kind, _, code, uses in named if kind == _ITEM}:
            found.append(self._by_items(word, items))
        for column in (_ONE.encounter, _ONE.id):
            ((is_one,),) = await self._ask(select(exists().where(column == word)))
            if is_one:
                found.append(Found(column == word, column == word))
        return found

    def _by_items(self, word: str, items: Mapping[str, int]) -> Found:
        if sum(items.values()) <= _MANY:
            test = self._seq_among(select(review_items.c.review).where(among(review_items.c.item, list(items))))
            return Found(test, test)
        of_it = (review_items.c.review == _ONE.seq) & review_items.c.item.in_(_terms(word, _ITEM))
        # With a limit it is looked up for each review. Without, all reviews of these items are read first: a third of a
        # second, where the page is full after some thousand.
        looked_up = select(true()).where(of_it).limit(1).correlate(reviews).scalar_subquery()
        return Found(exists().where(of_it), looked_up)


def _any_of(some: Sequence[Found]) -> ColumnElement[bool]:
    return or_(false(), *[one.beside for one in some])


def _placed(found: Sequence[tuple[str, str]], column: ColumnElement[str]) -> ColumnElement[bool]:
    """The codes are told once more by themselves, as an index has them."""
    codes = sorted({code for _, code in found})
    return among(column, codes) & or_(*_places(found, column))


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

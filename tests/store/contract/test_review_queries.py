"""Queries over reviews: whatever is asked, in whatever order, what is found is what plain Python finds in a list."""

import asyncio
import base64
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from random import Random
from typing import Any

import msgspec
import pytest

from app.domain.access import EVERYWHERE, Scope
from app.domain.disposition import Action
from app.domain.review import Review, ReviewAction, ReviewState
from app.store.review_counts import DISMISSED, UNDECIDED, Axis
from app.store.review_overview import spans_of
from app.store.reviews import BadCursor, Facet, Grain, Order, Overview, ReviewFilter, Sorting
from app.store.store import Store
from tests.store.contract.place import Place
from tests.store.review_oracle import DOCTORS, RULES, covers, day_in_china, drawn_filter, drawn_reviews, fits, in_order
from tests.store.reviewing import later, put, review, step

SCOPES = [
    EVERYWHERE,
    Scope(facilities=frozenset(["F1"])),
    Scope(facilities=frozenset(["F1", "F2"]), campuses=frozenset(["东院"]), departments=frozenset(["内科", "外科"])),
    Scope(practitioner="D2"),
    Scope(facilities=frozenset()),
]
ORDERS = [Order(by, is_descending) for by in Sorting for is_descending in (True, False)]


async def all_pages(store: Store, wanted: ReviewFilter, scope: Scope, order: Order, size: int) -> list[Review]:
    found, cursor = [], ""
    while True:
        page = await store.reviews.page(wanted, scope, order, cursor, size)
        found += page.reviews
        cursor = page.following
        assert len(page.reviews) == size or not cursor
        if not cursor:
            return found


def test_pages_and_totals_are_those_of_a_list(place: Place) -> None:
    random = Random(20260301)
    known = drawn_reviews(random, 120)

    async def steps(store: Store) -> None:
        for one in known:
            await put(store, one)
        for number in range(120):
            scope, order = random.choice(SCOPES), ORDERS[number % len(ORDERS)]
            wanted = drawn_filter(random)
            expected = [one for one in known if covers(scope, one) and fits(wanted, one)]
            found = await all_pages(store, wanted, scope, order, random.choice([1, 7, 100]))
            assert found == in_order(expected, order), (wanted, scope, order)
            totals = await store.reviews.totals(wanted, scope)
            assert (totals.count, totals.is_more) == (len(expected), False)
            assert totals.amount_cents == sum(one.amount_cents or 0 for one in expected)
            assert totals.refund_cents == sum(one.refund_cents or 0 for one in expected)

    place.run(steps)


def test_more_than_is_counted_is_said_honestly(place: Place) -> None:
    async def steps(store: Store) -> None:
        await put(store, *[review(f"f{number}") for number in range(5)])
        exactly = await store.reviews.totals(ReviewFilter(), EVERYWHERE, 5)
        assert (exactly.count, exactly.is_more, exactly.amount_cents) == (5, False, 25_000)
        more = await store.reviews.totals(ReviewFilter(), EVERYWHERE, 4)
        assert (more.count, more.is_more, more.amount_cents, more.refund_cents) == (4, True, None, None)

    place.run(steps)


def test_pages_stay_in_place_while_reviews_come_and_change(place: Place) -> None:
    async def steps(store: Store) -> None:
        await put(store, *[review(f"f{number}", first_found_at=later(number)) for number in range(6)])
        first = await store.reviews.page(ReviewFilter(), EVERYWHERE, size=2)
        await put(store, review("new", first_found_at=later(9)))
        await store.reviews.save([step(first.reviews[0], ReviewAction.CONFIRM, ReviewState.CONFIRMED)], EVERYWHERE)
        second = await store.reviews.page(ReviewFilter(), EVERYWHERE, cursor=first.following, size=10)
        assert [one.id for one in (*first.reviews, *second.reviews)] == ["f5", "f4", "f3", "f2", "f1", "f0"]

    place.run(steps)


def cursor_of(*told: Any) -> str:
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(told)).decode().rstrip("=")


def test_a_cursor_that_is_none_is_refused(place: Place) -> None:
    async def steps(store: Store) -> None:
        await put(store, review(), review("f2"))
        real = (await store.reviews.page(ReviewFilter(), EVERYWHERE, size=1)).following
        mark = msgspec.msgpack.decode(base64.urlsafe_b64decode(real + "=="))[0]
        wrong = ["x", "汉字", real[:-3], cursor_of(b"", (1, 2)), cursor_of(mark, (1,)), cursor_of(mark, ("a", 2))]
        wrong += [cursor_of(mark, (2**63, 2)), cursor_of(mark, (1, 2), 3), "A" * 10_000]
        for one in wrong:
            with pytest.raises(BadCursor):
                await store.reviews.page(ReviewFilter(), EVERYWHERE, cursor=one)
        others = [(ReviewFilter(rules=("b-rule",)), Order()), (ReviewFilter(), Order(Sorting.AMOUNT))]
        for wanted, order in [*others, (ReviewFilter(), Order(is_descending=False))]:
            with pytest.raises(BadCursor, match="another"):
                await store.reviews.page(wanted, EVERYWHERE, order, real)

    place.run(steps)


def sums(key: str, some: list[Review]) -> Facet:
    confirmed = [one for one in some if one.state not in UNDECIDED | DISMISSED]
    return Facet(
        key=key,
        total=len(some),
        amount_cents=sum(one.amount_cents or 0 for one in some),
        undecided=sum(one.state in UNDECIDED for one in some),
        confirmed=len(confirmed),
        confirmed_cents=sum(one.amount_cents or 0 for one in confirmed),
        false_positive=sum(one.state is ReviewState.FALSE_POSITIVE for one in some),
        excepted=sum(one.state is ReviewState.EXCEPTED for one in some),
        lapsed=sum(one.state is ReviewState.LAPSED for one in some),
        refund_cents=sum(one.refund_cents or 0 for one in some),
        overridden=sum(one.doctor_answer in (Action.PROCEED, Action.EXCEPTED) for one in some),
        answered=sum(one.doctor_answer is not None for one in some),
    )


def grouped(some: Iterable[Review], key: Any) -> list[Facet]:
    groups: dict[str, list[Review]] = {}
    for one in some:
        groups.setdefault(key(one), []).append(one)
    return [sums(name, groups[name]) for name in groups]


KEYS: dict[Axis | None, Any] = {
    None: lambda one: f"{one.facility}/{one.department}",
    Axis.RULE: lambda one: one.rule,
    Axis.PRACTITIONER: lambda one: one.practitioner,
    Axis.STATE: lambda one: one.state.value,
    Axis.SEVERITY: lambda one: one.severity.value,
}


def drawn_overview(random: Random) -> Overview:
    first = date(2026, 2, 27) + timedelta(days=random.choice([0, 2, 3, 33, 63]))
    given: dict[str, Any] = {"first": first, "last": first + timedelta(days=random.choice([0, 1, 31, 300, 430]))}
    given |= random.choice([{}, {"rules": (random.choice(RULES),)}, {"practitioners": (random.choice(DOCTORS),)}])
    given |= random.choice([{}, {"facilities": ("F1",)}, {"departments": ("内科",)}])
    return Overview(**given, is_trial=random.random() < 0.2)


def test_overviews_are_those_of_a_list(place: Place) -> None:
    random = Random(7)
    known = drawn_reviews(random, 120)

    async def steps(store: Store) -> None:
        await put(store, *known)
        for number, one in enumerate(known):  # sums are to follow what becomes of reviews
            if number % 3 == 0:
                changed = step(one, ReviewAction.CONFIRM, ReviewState.CONFIRMED, refund_cents=77)
                await store.reviews.save([changed], EVERYWHERE)
                known[number] = changed.review
        for _ in range(60):
            scope, wanted = random.choice(SCOPES), drawn_overview(random)
            seen = [one for one in known if covers(scope, one) and is_within(wanted, one)]
            for by, key in KEYS.items():
                expected = sorted(grouped(seen, key), key=lambda one: (-one.total, one.key))
                found = await store.reviews.facets(wanted, scope, by)
                assert sorted(found, key=lambda one: (-one.total, one.key)) == expected, (wanted, scope, by)
                assert [one.total for one in found] == [one.total for one in expected]
            for grain, form in ((Grain.DAY, "%Y%m%d"), (Grain.MONTH, "%Y%m")):
                expected = sorted(grouped(seen, lambda one, form=form: f"{day_in_china(one):{form}}"))
                assert await store.reviews.series(wanted, scope, grain) == expected, (wanted, scope, grain)

    place.run(steps)


def is_within(wanted: Overview, one: Review) -> bool:
    return (
        wanted.first <= day_in_china(one) <= wanted.last
        and (not wanted.rules or one.rule in wanted.rules)
        and (not wanted.practitioners or one.practitioner in wanted.practitioners)
        and (not wanted.facilities or one.facility in wanted.facilities)
        and (not wanted.departments or one.department in wanted.departments)
        and one.is_trial == wanted.is_trial
    )


def test_sums_that_are_kept_never_drift(place: Place) -> None:
    async def steps(store: Store) -> None:
        await put(store, *[review(f"f{number}") for number in range(8)])
        changes = [step(review(f"f{number}"), ReviewAction.CONFIRM, ReviewState.CONFIRMED) for number in range(8)]
        await asyncio.gather(*[store.reviews.save([one], EVERYWHERE) for one in changes])

    place.run(steps)
    rows = asyncio.run(place.rows("SELECT axis, key, total, confirmed, undecided FROM review_counts ORDER BY 1, 2"))
    assert {tuple(row) for row in rows if row[0] == Axis.RULE} == {(1, "a-rule", 8, 8, 0)}
    assert {tuple(row) for row in rows if row[0] == Axis.STATE} == {(3, "confirmed", 8, 8, 0), (3, "open", 0, 0, 0)}


@pytest.mark.parametrize("first", [date(2026, 1, 1), date(2026, 1, 31), date(2025, 12, 15), date(2024, 2, 29)])
@pytest.mark.parametrize("days", [0, 1, 10, 15, 16, 20, 27, 28, 30, 31, 46, 59, 60, 365, 400])
def test_spans_hold_every_day_once(first: date, days: int) -> None:
    last = first + timedelta(days=days)
    held: Counter[date] = Counter()
    every = [date(2023, 12, 1) + timedelta(days=number) for number in range(1500)]
    for one in spans_of(first, last):
        form = "%Y%m" if one.first < 1_000_000 else "%Y%m%d"
        for day in every:
            if one.first <= int(day.strftime(form)) <= one.last:
                held[day] += -1 if one.is_over else 1
    assert +held == {first + timedelta(days=number): 1 for number in range(days + 1)}
    assert min(held.values()) >= 0

"""Search in reviews: whatever words are typed, what is found and counted is what plain Python finds in a list."""

from collections.abc import Iterable
from random import Random
from typing import NamedTuple

import pytest

from app.domain.access import EVERYWHERE, Scope
from app.domain.review import Review, ReviewAction, ReviewState
from app.store import review_search, reviews_query
from app.store.review_intake import Item
from app.store.reviews import Department, Order, ReviewFilter, Sorting, StaffMember
from app.store.store import Store
from tests.store.contract.place import Place
from tests.store.reviewing import FOUND, later, put, review, step

DEPARTMENTS = {("F1", "d1"): "普通内科", ("F1", "d2"): "普通外科", ("F2", "d1"): "内科门诊"}
DOCTORS = {("F1", "p1"): "内山医生", ("F2", "p2"): "外山医生"}
RULES = {"r1": "内用药限定", "r2": "外用药限定", "r3": "重复收费"}
ITEMS = {"i1": "内服胶囊", "i2": "外用软膏", "i3": "维生素"}
WORDS = ("内", "外", "山", "限定", "软膏", "E1", "f003", "没有", "普通", "生", "外用", "维生素", "重复", "d1")
WARD = Scope(facilities=frozenset(["F1"]), departments=frozenset(["d1"]))


class Kept(NamedTuple):
    review: Review
    items: tuple[str, ...]

    def texts(self) -> list[str]:
        one = self.review
        places = [DEPARTMENTS.get((one.facility, one.department)), DOCTORS.get((one.facility, one.practitioner))]
        return [text for text in (*places, RULES[one.rule], *[ITEMS[item] for item in self.items]) if text]

    def is_found_by(self, text: str) -> bool:
        own = (self.review.encounter, self.review.id)
        return all(word in own or any(word in told for told in self.texts()) for word in text.split())


def drawn(random: Random, count: int) -> list[Kept]:
    found = []
    for number in range(count):
        rule, (facility, department) = random.choice(list(RULES)), random.choice(list(DEPARTMENTS))
        one = review(
            f"f{number:03d}", facility=facility, department=department, practitioner=random.choice(["p1", "p2", ""]),
            rule=rule, title=RULES[rule], encounter=f"E{number % 7}", amount_cents=random.choice([None, 5, 700]),
            first_found_at=later(number / 10),
        )  # fmt: skip
        found.append(Kept(one, tuple(random.sample(list(ITEMS), random.randint(0, 2)))))
    return found


async def kept(store: Store, some: Iterable[Kept]) -> None:
    departments = [Department(facility=place, code=code, name=name) for (place, code), name in DEPARTMENTS.items()]
    staff = [StaffMember(facility=place, code=code, name=name) for (place, code), name in DOCTORS.items()]
    await store.directory.put_departments(departments, caller="u1", at=FOUND)
    await store.directory.put_staff(staff, caller="u1", at=FOUND)
    for one in some:
        await put(store, one.review, items=tuple([Item(code, ITEMS[code]) for code in one.items]))


@pytest.mark.parametrize(("many", "ways"), [(0, 12), (0, 1), (20_000, 12), (20_000, 1)])
def test_what_is_found_and_counted_is_that_of_a_list(
    place: Place, monkeypatch: pytest.MonkeyPatch, many: int, ways: int
) -> None:
    """`many`: uses from which an item's reviews are looked up one by one; `ways`: that are asked for each by itself."""
    monkeypatch.setattr(review_search, "_MANY", many)
    monkeypatch.setattr(review_search, "_MOST_WAYS", ways)
    random = Random(1)
    some = drawn(random, 40)

    async def steps(store: Store) -> None:
        await kept(store, some)
        texts = [*WORDS, *[" ".join(random.choices(WORDS, k=random.choice([2, 2, 3]))) for _ in range(40)]]
        for text in texts:
            scope = random.choice([EVERYWHERE, WARD])
            expected = [
                one.review
                for one in some
                if one.is_found_by(text) and scope.covers(one.review.facility, "", one.review.department, "")
            ]
            page = await store.reviews.page(ReviewFilter(text=text), scope, size=100)
            assert page.reviews == expected[::-1], text
            totals = await store.reviews.totals(ReviewFilter(text=text), scope)
            assert (totals.count, totals.is_more) == (len(expected), False), text
            assert totals.amount_cents == sum(one.amount_cents or 0 for one in expected), text

    place.run(steps)


def test_more_than_is_counted_is_said_whichever_way_it_is_found(place: Place) -> None:
    some = drawn(Random(2), 40)
    count = sum(one.is_found_by("内") for one in some)

    async def steps(store: Store) -> None:
        await kept(store, some)
        exactly = await store.reviews.totals(ReviewFilter(text="内"), EVERYWHERE, count)
        assert (exactly.count, exactly.is_more) == (count, False)
        more = await store.reviews.totals(ReviewFilter(text="内"), EVERYWHERE, count - 1)
        assert (more.count, more.is_more, more.amount_cents) == (count - 1, True, None)

    place.run(steps)


def test_states_without_deadlines_are_sorted_by_them_and_one_that_gets_one_is_not_lost(place: Place) -> None:
    closed = [review(f"c{number}", state=ReviewState.CLOSED, deadline=None) for number in range(4)]
    wanted = ReviewFilter(states=(ReviewState.CLOSED,))

    async def names(store: Store, *, is_descending: bool) -> list[str]:
        page = await store.reviews.page(wanted, EVERYWHERE, Order(Sorting.DEADLINE, is_descending))
        return [one.id for one in page.reviews]

    async def steps(store: Store) -> None:
        await put(store, review("o1"), *closed)
        assert await names(store, is_descending=False) == ["c0", "c1", "c2", "c3"]
        dated = step(closed[2], ReviewAction.COMMENT, ReviewState.CLOSED, deadline=later(40).date())
        await store.reviews.save([dated], EVERYWHERE)
        assert await names(store, is_descending=False) == ["c2", "c0", "c1", "c3"]
        assert await names(store, is_descending=True) == ["c3", "c1", "c0", "c2"]

    place.run(steps)


def test_a_search_is_counted_no_further_than_it_says(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reviews_query, "MOST_SEARCHED", 3)

    async def steps(store: Store) -> None:
        await kept(store, [Kept(review(f"f{number}", rule="r3", title=RULES["r3"]), ()) for number in range(4)])
        searched = await store.reviews.totals(ReviewFilter(text="重复"), EVERYWHERE)
        assert (searched.count, searched.is_more, searched.amount_cents) == (3, True, None)
        assert (await store.reviews.totals(ReviewFilter(), EVERYWHERE)).count == 4

    place.run(steps)

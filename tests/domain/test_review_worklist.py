from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from app.domain.access import Role, Scope
from app.domain.review import ReviewState
from app.domain.review_worklist import Worker, by_department, round_robin
from tests.domain.review_build import HEAD, person, review

STAFF = [Worker(caller=person(f"staff-{number}", Role.AUDIT_STAFF)) for number in range(3)]


def test_each_gets_one_in_turn_the_most_urgent_first() -> None:
    later = review(id="F9", deadline=date(2026, 5, 2))
    sooner = [review(id=f"F{number}", deadline=date(2026, 5, 1)) for number in range(3)]
    assert round_robin([later, *sooner], STAFF) == {"F0": "staff-0", "F1": "staff-1", "F2": "staff-2", "F9": "staff-0"}


def test_nobody_gets_what_they_may_not_decide() -> None:
    own = Worker(caller=person("own", Role.AUDIT_STAFF), doctor="P1")
    elsewhere = Worker(caller=person("elsewhere", Role.AUDIT_STAFF, scope=Scope(departments=frozenset({"D2"}))))
    assert round_robin([review()], [own, elsewhere, Worker(caller=HEAD)]) == {}
    decided = review(state=ReviewState.FIRST_APPEAL, decided_by="staff-0", appealed_by="staff-1")
    assert round_robin([decided], STAFF) == {"F1": "staff-2"}


def test_a_department_goes_to_those_who_look_after_it_and_else_to_all() -> None:
    d1 = Worker(caller=person("d1", Role.AUDIT_STAFF), departments=frozenset({"D1"}), load=50)
    reviews = [review(id="F1"), review(id="F2", department="D2"), review(id="F3", department="D2")]
    assert by_department(reviews, [*STAFF, d1]) == {"F1": "d1", "F2": "staff-0", "F3": "staff-1"}


@given(st.integers(0, 60), st.lists(st.integers(0, 30), min_size=1, max_size=6))
def test_loads_come_as_near_to_each_other_as_they_can(count: int, loads: list[int]) -> None:
    workers = [Worker(caller=person(f"s{number}", Role.AUDIT_STAFF), load=load) for number, load in enumerate(loads)]
    dealt = round_robin([review(id=f"F{number:02}") for number in range(count)], workers)
    after = [load + sum(who == f"s{number}" for who in dealt.values()) for number, load in enumerate(loads)]
    assert len(dealt) == count
    assert sum(after) == sum(loads) + count
    got = [now for now, load in zip(after, loads, strict=True) if now > load]
    assert max(got, default=0) - min(after) <= 1


@given(st.permutations(range(20)))
def test_the_order_in_which_they_are_found_does_not_matter(order: list[int]) -> None:
    reviews = [review(id=f"F{number:02}") for number in order]
    assert round_robin(reviews, STAFF) == round_robin(sorted(reviews, key=lambda one: one.id), STAFF)

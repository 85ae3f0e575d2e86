"""The replay guard against the plain rule: nothing twice, and no more than it may remember."""

from hypothesis import given
from hypothesis import strategies as st

from app.interfaces.authentication.replay import ReplayGuard


def test_full_it_forgets_the_oldest_and_refuses_all_as_old() -> None:
    guard = ReplayGuard(2)
    assert guard.is_new("a", 10, 100, 10)
    assert guard.is_new("b", 20, 100, 20)
    assert guard.is_new("c", 30, 100, 30)
    assert len(guard) == 2
    assert not guard.is_new("a", 10, 100, 31)
    assert not guard.is_new("d", 10, 100, 31)
    assert guard.is_new("e", 31, 100, 31)


def test_what_has_expired_makes_room() -> None:
    guard = ReplayGuard(2)
    assert guard.is_new("a", 10, 20, 10)
    assert guard.is_new("b", 11, 21, 11)
    assert guard.is_new("c", 50, 60, 50)
    assert len(guard) == 1
    assert guard.is_new("d", 10, 60, 50)


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 20), st.integers(1, 30), st.integers(0, 10)), max_size=60),
    st.integers(1, 5),
)
def test_never_twice_while_it_lives_and_never_too_many(sent: list[tuple[int, int, int, int]], most: int) -> None:
    guard, taken, now = ReplayGuard(most), dict[str, float](), 0.0
    for jti, age, life, later in sent:
        now += later
        issued = now - age
        expires = issued + life
        if expires < now:
            continue
        if guard.is_new(str(jti), issued, expires, now):
            assert taken.get(str(jti), -1.0) < now
            taken[str(jti)] = expires
        assert len(guard) <= most

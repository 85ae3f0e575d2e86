"""Messages and questions for the state machine, of so few names that they meet (随机报文)."""

from typing import Any

from hypothesis import strategies as st

from app.store.history import HistoryWrite
from tests.store.redis.build import line, query, write

ALL = query("P1", "E1", first=None)
DAYS = ("2024-06-01", "2026-01-10", "2026-02-10", "2026-02-20")

lines = st.builds(
    line,
    st.sampled_from(["L1", "L2", "L3", "L4"]),
    st.sampled_from(DAYS),
    st.sampled_from(["C1", "C2", "D1"]),
    order_of=st.sampled_from(["", "", "L1", "L2"]),
    is_charge=st.booleans(),
    amount=st.integers(1, 2),
)
facilities = st.sampled_from(["F1", "F1", "F1", "F2"])
encounters = st.sampled_from(["E1", "E1", "E2"])
patients = st.sampled_from(["P1", "P1", "P1", "P1", "P2"])
several = st.lists(lines, max_size=4, unique_by=lambda one: one[0])


def writes_of(some: st.SearchStrategy[Any], days: tuple[str, ...]) -> st.SearchStrategy[HistoryWrite]:
    return st.builds(
        write,
        patients,
        encounters,
        some,
        facility=facilities,
        last_date=st.sampled_from(days),
        has_death=st.sampled_from([False, False, True]),
        note=st.integers(1, 3),
    )


usual_writes = writes_of(several, DAYS[1:])
writes = writes_of(several | st.lists(lines, max_size=3), DAYS)
queries = st.builds(
    query,
    patients,
    encounters,
    facility=facilities,
    dates_since=st.sampled_from([None, "2026-01-10", "2026-01-11"]),
    since=st.sampled_from([None, "2025-06-01", "2026-02-10"]),
    codes=st.sets(st.sampled_from(["C1", "C2", "D1"])).map(lambda found: tuple(sorted(found))),
    prefixes=st.sampled_from([(), ("C",), ("",), ("D", "C1")]),
    first=st.sampled_from([None, "2026-02-09", "2026-02-28"]),
)
outcomes = st.sampled_from(["well", "well", "well", "well", "refused", "stored yet refused", "nobody waits"])

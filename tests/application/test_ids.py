"""Ids: shaped as UUID version 7, in the order of time, and never the same twice."""

import os
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.application.ids import time_ordered_id

TIMES = st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001


@given(TIMES)
def test_shape(at: datetime) -> None:
    made = time_ordered_id(at)
    assert re.fullmatch("[0-9a-f]{32}", made)
    parsed = uuid.UUID(made)
    assert parsed.version == 7
    assert parsed.variant == uuid.RFC_4122
    assert int(made[:12], 16) == int(at.timestamp() * 1000)


@given(TIMES, st.timedeltas(timedelta(milliseconds=1), timedelta(days=400)))
def test_order_of_time(at: datetime, later: timedelta) -> None:
    """From one millisecond to the next; `later` may leave the years that datetime knows."""
    if at <= datetime.max.replace(tzinfo=UTC) - later:
        assert time_ordered_id(at) < time_ordered_id(at + later)


def test_zone_does_not_matter() -> None:
    at = datetime.fromisoformat("2026-03-01T08:00:00+08:00")
    assert time_ordered_id(at)[:12] == time_ordered_id(at.astimezone(UTC))[:12]


def test_no_two_alike() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    assert len({time_ordered_id(at) for _ in range(10_000)}) == 10_000


def test_no_two_alike_in_threads_and_after_a_fork() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    time_ordered_id(at)
    reading, writing = os.pipe()
    if not (child := os.fork()):
        os.write(writing, "".join(time_ordered_id(at) for _ in range(100)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    text = os.read(reading, 3200).decode()
    os.close(reading)
    os.close(writing)
    made = [text[start : start + 32] for start in range(0, 3200, 32)]
    with ThreadPoolExecutor(8) as pool:
        made += pool.map(lambda _: time_ordered_id(at), range(5000))
    assert len(set(made)) == len(made) == 5100

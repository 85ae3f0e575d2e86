"""A short walk of every fuzzer (模糊测试简版): seeds, what once broke something, and some hundred mutations of both.

`make fuzz` walks for ten minutes each, led by coverage.
"""

import importlib
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from time import monotonic
from types import FrameType

import pytest

from tests.fuzz.served import stop
from tests.fuzz.target import NAMES, Target, found

WALK = 1.0  # seconds of mutations for each target
MEMORY = 512 * 1024  # KiB that the process may grow


@contextmanager
def no_hang(seconds: float) -> Iterator[None]:
    def stop(_: int, __: FrameType | None) -> None:
        raise TimeoutError(f"one input took more than {seconds} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="module", autouse=True)
def _stops_the_service() -> Iterator[None]:
    yield
    stop()


@pytest.mark.parametrize("name", NAMES)
def test_what_comes_in_is_taken_or_refused(name: str) -> None:
    target: Target = importlib.import_module(f"tests.fuzz.{name}").TARGET
    known = [*target.seeds(), *found(name)]
    target.examine(known[0])  # whatever is loaded once is loaded now
    grown, random = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, Random(20261122)
    for data in known:
        with no_hang(target.seconds):
            target.examine(data)
    until, made = monotonic() + WALK, 0
    while monotonic() < until or made < 30:
        data = random.choice(known)
        for _ in range(random.choice((1, 1, 1, 2, 4))):
            data = target.mutate(data, random)[: target.longest]
        try:
            with no_hang(target.seconds):
                target.examine(data)
        except BaseException as error:
            error.add_note(f"with {data[:3000]!r}; keep it as a file in tests/fuzz/found/{name}/")
            raise
        made += 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - grown < MEMORY


def test_a_harness_sees_what_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fuzzers of the service look through an answer that only says that something broke."""
    from app.interfaces.cds_hooks import endpoint
    from tests.fuzz import fhir_body

    def broken(_: bytes) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(endpoint, "read_call", broken)
    with pytest.raises(ZeroDivisionError):
        fhir_body.examine(fhir_body.seeds()[0])

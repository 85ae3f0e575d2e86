"""The breaker against a plain model of itself, and its probes against a clock that the test moves."""

import asyncio

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from app.store.breaker import Breaker, BreakerOpen, BreakerState, State

THRESHOLD, FIRST, LONGEST = 3, 0.1, 1.0


class BreakerMachine(RuleBasedStateMachine):
    """Every event in any order; the model keeps the list of what happened and derives the state from it."""

    def __init__(self) -> None:
        super().__init__()
        self.breaker = BreakerState(THRESHOLD, FIRST, LONGEST)
        self.in_a_row = 0
        self.failed_probes: int | None = None  # since it opened; None: it is closed
        self.is_probing = False

    @rule()
    def call_succeeds(self) -> None:
        self.breaker.succeeded()
        if self.failed_probes is None:
            self.in_a_row = 0

    @rule()
    def call_fails(self) -> None:
        opened = self.breaker.failed()
        if self.failed_probes is None:
            self.in_a_row += 1
            if self.in_a_row == THRESHOLD:
                self.failed_probes = 0
                assert opened
                return
        assert not opened

    @precondition(lambda self: self.failed_probes is not None and not self.is_probing)
    @rule()
    def a_probe_begins(self) -> None:
        self.breaker.probe()
        self.is_probing = True

    @precondition(lambda self: self.is_probing)
    @rule(answers=st.booleans())
    def the_probe_ends(self, answers: bool) -> None:
        self.is_probing = False
        if answers:
            self.breaker.probe_succeeded()
            self.in_a_row, self.failed_probes = 0, None
        else:
            assert self.failed_probes is not None
            self.breaker.probe_failed()
            self.failed_probes += 1
            self.in_a_row += 1

    @invariant()
    def it_is_as_the_model(self) -> None:
        shut = State.HALF_OPEN if self.is_probing else State.OPEN
        assert self.breaker.state is (State.CLOSED if self.failed_probes is None else shut)
        assert self.breaker.failures == self.in_a_row

    @invariant()
    def waits_double_up_to_the_longest(self) -> None:
        if self.failed_probes is not None:
            whole = min(FIRST * 2**self.failed_probes, LONGEST)
            assert self.breaker.wait(0) == pytest.approx(whole / 2)
            assert self.breaker.wait(1) == pytest.approx(whole)


TestBreaker = BreakerMachine.TestCase


class Dependency:
    """Something that may be down; `waits` are the pauses that were asked for, each ended by `tick`."""

    def __init__(self) -> None:
        self.is_up, self.asked, self.probed, self.at_once = False, 0, 0, 0
        self.waits: list[float] = []
        self._gate = asyncio.Semaphore(0)
        self.times_recovered = 0

    async def ask(self) -> str:
        self.asked += 1
        if not self.is_up:
            raise TimeoutError("with a secret in it")
        return "here"

    async def probe(self) -> None:
        self.probed += 1
        self.at_once += 1
        assert self.at_once == 1, "two probes at once"
        await asyncio.sleep(0)
        self.at_once -= 1
        if not self.is_up:
            raise ConnectionError

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        await self._gate.acquire()

    async def tick(self) -> None:
        self._gate.release()
        for _ in range(10):
            await asyncio.sleep(0)

    def breaker(self) -> Breaker:
        def recovered() -> None:
            self.times_recovered += 1

        state = BreakerState(THRESHOLD, FIRST, LONGEST)
        return Breaker(
            "Redis", self.probe, state, clock=lambda: 7.0, sleep=self.sleep, chance=lambda: 1.0, recovered=recovered
        )


def test_an_open_breaker_asks_nothing_until_a_probe_is_answered() -> None:
    async def run() -> None:
        dependency = Dependency()
        breaker = dependency.breaker()
        for _ in range(THRESHOLD):
            with pytest.raises(TimeoutError):
                await breaker.call(dependency.ask, (TimeoutError,))
        for _ in range(100):
            with pytest.raises(BreakerOpen):
                await breaker.call(dependency.ask, (TimeoutError,))
        assert dependency.asked == THRESHOLD
        for _ in range(6):
            await dependency.tick()
        assert dependency.probed == 6
        assert dependency.waits == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0])
        assert breaker.picture == ("Redis", "open", THRESHOLD + 6, 1, 7.0, "ConnectionError")
        dependency.is_up = True
        await dependency.tick()
        assert breaker.is_closed
        assert dependency.times_recovered == 1
        assert await breaker.call(dependency.ask, (TimeoutError,)) == "here"
        assert breaker.picture[1:4] == ("closed", 0, 1)
        await breaker.close()

    asyncio.run(run())


def test_what_a_dependency_answers_is_no_failure_of_it() -> None:
    async def run() -> None:
        breaker = Dependency().breaker()

        async def refuse() -> None:
            raise ValueError("no such thing")

        for _ in range(10 * THRESHOLD):
            with pytest.raises(ValueError, match="no such thing"):
                await breaker.call(refuse, (TimeoutError,))
        assert breaker.is_closed

    asyncio.run(run())


def test_many_that_fail_together_make_one_probe() -> None:
    async def run() -> None:
        dependency = Dependency()
        breaker = dependency.breaker()
        results = await asyncio.gather(
            *[breaker.call(dependency.ask, (TimeoutError,)) for _ in range(50)], return_exceptions=True
        )
        assert {type(one) for one in results} == {TimeoutError, BreakerOpen}
        await dependency.tick()
        assert dependency.probed == 1
        assert breaker.picture.times_opened == 1
        await breaker.close()

    asyncio.run(run())

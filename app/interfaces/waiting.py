"""Waiting (排队): who waits for room, how long at the most, and whose turn it is next."""

import asyncio
from collections import Counter, deque
from typing import NamedTuple


class Limits(NamedTuple):
    """`running` at once and `waiting` at most in one process; `patience` seconds in the queue at most; `lag`: seconds
    of the event loop from which on nothing of the kind begins.
    """

    running: int
    waiting: int
    patience: float
    lag: float


class Place:
    """Of one request in the queue."""

    __slots__ = ("caller", "turn")

    def __init__(self, caller: str) -> None:
        self.caller = caller
        self.turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class Line:
    """The queue of one kind of work. Next is whose caller has the least running, and of theirs the newest: under more
    load than can be served, who came first would only be answered too late, and everybody after them too.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.running = 0
        self.waiting = 0
        self._by_caller: Counter[str] = Counter()  # running
        self._places: dict[str, deque[Place]] = {}

    def enter(self, caller: str) -> bool:
        """At once, where there is room and nobody waits."""
        if self.running >= self.limits.running or self.waiting:
            return False
        self._begin(caller)
        return True

    async def wait(self, caller: str) -> bool:
        """Whether there was room in time. At once False where too many wait."""
        if self.waiting >= self.limits.waiting:
            return False
        place = Place(caller)
        self._places.setdefault(caller, deque()).append(place)
        self.waiting += 1
        try:
            async with asyncio.timeout(self.limits.patience):
                await place.turn
        except TimeoutError:
            return self._left(place)
        except BaseException:
            if self._left(place):
                self.leave(caller)
            raise
        return True

    def leave(self, caller: str) -> None:
        """Its request is done: the next one's turn."""
        self.running -= 1
        self._by_caller[caller] -= 1
        if not self._by_caller[caller]:
            del self._by_caller[caller]
        while self.running < self.limits.running and (place := self._next()) is not None:
            self._begin(place.caller)
            place.turn.set_result(None)

    def _begin(self, caller: str) -> None:
        self.running += 1
        self._by_caller[caller] += 1

    def _left(self, place: Place) -> bool:
        """Whether it had its turn after all, in the same moment."""
        if place.turn.done() and not place.turn.cancelled():
            return True
        found = self._places.get(place.caller)
        if found is not None and place in found:
            found.remove(place)
            self.waiting -= 1
            if not found:
                del self._places[place.caller]
        return False

    def _next(self) -> Place | None:
        while self._places:
            caller = min(self._places, key=lambda one: self._by_caller[one])
            found = self._places[caller]
            place = found.pop()
            self.waiting -= 1
            if not found:
                del self._places[caller]
            if not place.turn.done():
                return place
        return None

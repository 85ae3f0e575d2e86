"""Stop (到时停止): when judging must end although not all is judged, and how far it came, to be replayed."""

import time

EVERY = 64  # lines between two looks at the clock


class Stop:
    """At a moment of the monotonic clock; or, to judge again as it was, after as many steps as it was then."""

    __slots__ = ("_most", "_until", "is_reached", "steps")

    def __init__(self, until: float = 0.0, steps: int | None = None) -> None:
        self._until, self._most = until, steps
        self.steps, self.is_reached = 0, False

    def is_due(self) -> bool:
        """Asked before each step; once it is due it stays so."""
        if self.is_reached:
            return True
        due = time.monotonic() >= self._until if self._most is None else self.steps >= self._most
        if due:
            self.is_reached = True
        else:
            self.steps += 1
        return due

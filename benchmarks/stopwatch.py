"""How long an answer took, and what was worked for it (耗时与用时): of the database's processes and of this one."""

import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple


class Taken(NamedTuple):
    """Milliseconds until the answer was there, and milliseconds of work: of the server's process and of this one."""

    cpu: float
    wall: float
    name: str


class Stopwatch:
    def __init__(self, server: int) -> None:
        """`server`: the number of the server's first process."""
        self._server = server

    async def time(self, name: str, call: Callable[[], Awaitable[object]]) -> Taken:
        before, started = self._cpu(), time.perf_counter()
        await call()
        wall = (time.perf_counter() - started) * 1000
        return Taken(self._cpu() - before, wall, name)

    def _cpu(self) -> float:
        """The kernel tells it of each process in nanoseconds; connections outlast a question, so none is lost."""
        children = Path(f"/proc/{self._server}/task/{self._server}/children").read_text().split()
        backends = sum(_nanoseconds(child) for child in children)
        return backends / 1e6 + time.process_time() * 1000


def _nanoseconds(process: str) -> int:
    try:
        return int(Path(f"/proc/{process}/schedstat").read_text().split()[0])
    except (FileNotFoundError, ProcessLookupError):  # one that cleaned up in the background has ended
        return 0


def percentile(times: list[float], share: float) -> float:
    """`times` are sorted."""
    return times[min(len(times) - 1, int(len(times) * share))]

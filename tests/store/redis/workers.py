"""Several workers over one database and one Redis, whose every step waits until it is let go."""

import asyncio
import shutil
from collections.abc import Coroutine
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

from hypothesis.stateful import RuleBasedStateMachine
from redis import Redis as Client

from app.store.breaker import BreakerState
from app.store.history import HistoryQuery
from app.store.redis.hot_history import Limits
from tests.servers import Redis
from tests.store.redis.build import Worker, sqlite
from tests.store.redis.messages import ALL
from tests.store.redis.stepwise import Cuttable, Gates, Stepwise, StepwiseWhole


class Workers(RuleBasedStateMachine):
    server: ClassVar[Redis]
    hits: ClassVar[int] = 0
    template: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        shutil.copy(self.template, self.folder.name)
        self.loop = asyncio.new_event_loop()
        self.numbers = count()
        self.redis = Client.from_url(self.server.url)
        self.redis.flushall()
        self.writes_begun, self.writes_done, self.fills_begun, self.fills_read = Gates(), Gates(), Gates(), Gates()
        self.gates = (self.writes_begun, self.writes_done, self.fills_begun, self.fills_read)
        self.tasks: list[asyncio.Task[Any]] = []
        self.watched = ALL
        self.is_well = True  # something may be kept: time for trouble
        self.untold = False  # something was changed that Redis could not be told of
        self.store = sqlite(Path(self.folder.name))
        self.run(self.store.open())
        stepwise = StepwiseWhole(self.store.whole_history, self.fills_begun, self.fills_read)
        self.workers = [self.run(self.worker(stepwise)) for _ in range(3)]

    async def worker(self, whole: Any) -> Worker:
        connection = Cuttable(self.server.url, state=BreakerState(first_wait=0.005, longest_wait=0.01), seconds=1.0)
        made = Worker(self.server.url, self.store, Limits(fills=2), connection, whole=whole)
        made.log._log = Stepwise(self.store.log, self.writes_begun, self.writes_done)
        made.history._history = Stepwise(self.store.history, self.writes_begun, self.writes_done)
        made.hot.open()
        await made.hot.settled()
        return made

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    async def rest(self) -> None:
        """Until everything that goes on waits at a gate or is over."""

        for _ in range(2000):
            await asyncio.sleep(0)
            going = [task.get_coro().__name__ for task in asyncio.all_tasks()]
            writes = [name for name in going if name in ("_append", "_put", "_withdraw")]
            requests = [name for name in going if name in ("append", "put", "withdraw")]
            in_background = sum(len(one.hot._tasks) for one in self.workers)
            if (
                len(writes) == len(self.writes_begun.waiting) + len(self.writes_done.waiting)
                and len(requests) <= len(writes)
                and in_background == len(self.fills_begun.waiting) + len(self.fills_read.waiting)
            ):
                return
            await asyncio.sleep(0.0005)
        raise AssertionError(asyncio.all_tasks())

    def begin(self, worker: int, outcome: str, work: Coroutine[Any, Any, Any]) -> None:
        one = self.workers[worker]
        one.log._log.outcome = one.history._history.outcome = outcome

        async def start() -> None:
            task = asyncio.ensure_future(work)
            self.tasks.append(task)
            await self.rest()
            if outcome == "nobody waits":
                task.cancel()
                await self.rest()

        self.run(start())
        self.untold |= self.is_cut(worker)

    def is_cut(self, worker: int) -> bool:
        return self.workers[worker].connection.is_cut

    @property
    def is_quiet(self) -> bool:
        """No write is under way."""
        return not self.writes_begun.waiting and not self.writes_done.waiting

    def everything_ends(self) -> None:
        while gates := [gate for gate in self.gates if gate.waiting]:
            gates[0].open(0)
            self.run(self.rest())

    def answers(self, worker: int, asked: HistoryQuery) -> bool:
        """Whether Redis answers as the database does, if it answers."""
        kept = self.run(self.workers[worker].hot.read(asked))
        Workers.hits += kept is not None
        if self.untold and not self.is_cut(worker):
            return True  # a write of one who cannot reach Redis is not known to the others
        return kept is None or kept == self.run(self.store.history.fetch(asked))

    def teardown(self) -> None:
        for one in self.workers:
            one.connection.is_cut = False
        self.everything_ends()

        async def end() -> None:
            await asyncio.gather(*self.tasks, return_exceptions=True)
            for one in self.workers:
                await one.close()
            await self.store.close()

        self.run(end())
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
        self.redis.close()
        self.folder.cleanup()

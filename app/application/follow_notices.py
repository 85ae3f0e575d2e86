"""Follow notices (实时通知): wakes whoever listens in this process, by one look a second for all."""

import asyncio
import contextlib
from collections.abc import Iterator

from app.application.draining import DRAINING
from app.store.history import Unavailable
from app.store.notices import NoticeStore

_LOOK_EVERY = 1.0  # seconds


class NoticeTail:
    def __init__(self, store: NoticeStore) -> None:
        self.store = store
        self._latest, self._listeners = 0, 0
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.is_ending = False

    async def open(self) -> None:
        self._task = asyncio.create_task(self._follow())

    async def close(self) -> None:
        self._end()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        self._listeners += 1
        try:
            yield
        finally:
            self._listeners -= 1

    async def wait(self, after: int, seconds: float) -> bool:
        """Whether there is a notice after that one, or the service is told to stop; False when the time is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._latest <= after and not self.is_ending:
                    await self._news.wait()
                return True
        return False

    async def _follow(self) -> None:
        while not self.is_ending:
            if self._listeners:
                with contextlib.suppress(Unavailable):  # the next look goes on from there
                    self._tell(await self.store.latest())
            await asyncio.sleep(_LOOK_EVERY)
            if DRAINING.has_begun:
                self._end()

    def _tell(self, latest: int) -> None:
        if latest > self._latest:
            self._latest = latest
            self._wake()

    def _end(self) -> None:
        self.is_ending = True
        self._wake()

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

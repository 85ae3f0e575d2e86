"""The door (分流接入): workers that listen on one socket share its connections evenly.

Left alone, the worker that wakes first takes all that wait, and a client that opens thirty connections at its start and
keeps them has thirty of them in one process for good. Here each takes one at a time, and steps aside for whoever has
fewer; nobody waits for a worker that is busy, hangs or is gone.
"""

import asyncio
import socket
import time
from collections.abc import Callable, MutableSequence
from multiprocessing import get_context

import uvicorn

from app.interfaces.draining_server import DrainingServer

PLACES = 256  # no two workers that run at one time have the same
_ASIDE = 0.001  # seconds
_MOST_ASIDE = 0.005  # seconds after which a connection is taken whoever has how many
_BEAT = 0.1  # seconds; a worker that is well tells its number that often
_GONE = 0.5  # seconds without a word from a worker

Board = MutableSequence[float]  # for each place: how many connections, and when that was


def new_board() -> Board:
    """What the workers tell each other, in memory that they share."""
    board: Board = get_context("spawn").RawArray("d", 2 * PLACES)
    return board


class Door:
    """Takes connections from the listener for one worker. Call `open` from the event loop that serves them."""

    def __init__(
        self, listener: socket.socket, connect: Callable[[socket.socket], None], count: Callable[[], int], board: Board,
        place: int,
    ) -> None:  # fmt: skip
        """`count`: the connections that the worker has."""
        self._listener, self._connect, self._count = listener, connect, count
        self._board, self._place = board, place
        self._since: float | None = None  # when it began to step aside
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._is_open = False

    def open(self) -> None:
        self._loop, self._is_open = asyncio.get_running_loop(), True
        self._beat()
        self._loop.add_reader(self._listener, self._on_knock)

    def close(self) -> None:
        self._is_open = False
        for timer in self._timers.values():
            timer.cancel()
        self._loop.remove_reader(self._listener)
        self._board[2 * self._place + 1] = 0.0

    def _beat(self) -> None:
        self._tell()
        self._timers["beat"] = self._loop.call_later(_BEAT, self._beat)

    def _tell(self) -> int:
        count = self._count()
        self._board[2 * self._place] = count
        self._board[2 * self._place + 1] = time.monotonic()
        return count

    def _on_knock(self) -> None:
        now = time.monotonic()
        if self._tell() > self._least(now) and now - (self._since or now) < _MOST_ASIDE:
            self._since = self._since or now
            self._pause(_ASIDE)
            return
        self._since = None
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):  # another worker took it, or it is gone
            return
        except OSError:  # too many files are open
            self._pause(1.0)
            return
        connection.setblocking(False)
        self._connect(connection)
        self._tell()

    def _least(self, now: float) -> float:
        board = self._board[:]
        return min([board[at] for at in range(0, 2 * PLACES, 2) if now - board[at + 1] < _GONE], default=0.0)

    def _pause(self, seconds: float) -> None:
        self._loop.remove_reader(self._listener)
        self._timers["aside"] = self._loop.call_later(seconds, self._resume)

    def _resume(self) -> None:
        if self._is_open:
            self._loop.add_reader(self._listener, self._on_knock)


class DoorServer(DrainingServer):
    """A server with a door of its own."""

    def __init__(self, config: uvicorn.Config, board: Board, place: int) -> None:
        super().__init__(config)
        self._board, self._place = board, place
        self._arriving: set[asyncio.Task[None]] = set()
        self._doors: list[Door] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=[])
        for listener in sockets or []:
            listener.setblocking(False)
            listener.listen(self.config.backlog)
            self._doors.append(Door(listener, self._connect, self._count, self._board, self._place))
            self._doors[-1].open()

    def stop_listening(self) -> None:
        for door in self._doors:
            door.close()

    def _count(self) -> int:
        return len(self.server_state.connections) + len(self._arriving)

    def _connect(self, connection: socket.socket) -> None:
        task = asyncio.ensure_future(self._serve_connection(connection))
        self._arriving.add(task)
        task.add_done_callback(self._arriving.discard)

    async def _serve_connection(self, connection: socket.socket) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(self._protocol, connection)
        except OSError:  # the client is gone already
            connection.close()

    def _protocol(self) -> asyncio.Protocol:
        make = self.config.http_protocol_class
        return make(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)  # type: ignore[call-arg]

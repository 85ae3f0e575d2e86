"""Workers (工作进程): several processes that serve one port, started again when they die or hang.

The parent listens and never answers; whichever worker is free takes the next connection, and a connection that waits
while a worker dies is taken by another.
"""

import itertools
import logging
import multiprocessing
import os
import signal
import socket
import threading
import time
from weakref import WeakKeyDictionary

from uvicorn import Config
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from app.interfaces.door import PLACES, Board, DoorServer, new_board
from app.interfaces.draining_server import ServerConfig

log = logging.getLogger("mingjian")

_ANSWER = 5.0  # seconds in which a worker must answer its parent, else it hangs
_START = 120.0  # seconds until a new worker must answer
_PAUSE = 2.0  # seconds between two starts in one place, so that what cannot start does not burn the machine
_GRACE = 5.0  # seconds that a worker has to end, past those that its requests have


class Worker(Process):
    def __init__(self, config: Config, sockets: list[socket.socket], board: Board, place: int) -> None:
        super().__init__(config, sockets)
        self._board, self._place = board, place

    @property
    def server(self) -> DoorServer:
        if self._server is None:
            self._server = DoorServer(self.config, self._board, self._place)
        assert isinstance(self._server, DoorServer)  # noqa: S101 - for the type checker
        return self._server


class Workers(Multiprocess):
    """uvicorn's supervisor, which however gives up for good where a worker fails to start: here that is so only while
    none has ever served, as a database that is away for a minute must not end those that serve on.
    """

    def __init__(self, config: Config, listener: socket.socket) -> None:
        super().__init__(config, [listener])
        self.has_failed = False
        self._has_served = False
        self._started: WeakKeyDictionary[Process, float] = WeakKeyDictionary()
        self._serving: set[int] = set()  # ids of processes
        self._board, self._places = new_board(), itertools.cycle(range(PLACES))

    def init_processes(self) -> None:
        self.processes = [self._start() for _ in range(self.processes_num)]

    def restart_all(self) -> None:
        """One after the other, each when the one in its place serves."""
        for place, old in enumerate(self.processes):
            new = self._start()
            if not new.wait_until_ready(_START, self.should_exit):
                log.error("worker %s could not start; %s stays", new.pid, old.pid)
                new.kill()
                new.join()
                return
            self._serving.add(new.pid or 0)
            self.processes[place] = new
            old.terminate()
            self._join(old, time.monotonic() + self._longest_end)

    def handle_ttin(self) -> None:
        """Not served: how many there are is a setting."""

    handle_ttou = handle_ttin

    def keep_subprocess_alive(self) -> None:
        for place, process in enumerate(self.processes):
            if self.should_exit.is_set():
                return
            started = self._started.setdefault(process, time.monotonic())
            if self._is_well(process, started):
                continue
            if process.process.is_alive():
                log.error("worker %s hangs and is killed", process.pid)
            elif process.pid in self._serving:
                log.error("worker %s died, status %s", process.pid, process.exitcode)
            elif not self._has_served and (process.exitcode or 0) > 0:  # of itself; who was killed gets another chance
                log.error("worker %s could not start", process.pid)
                self.has_failed = True
                self.should_exit.set()
                return
            elif time.monotonic() - started < _PAUSE:
                continue
            process.kill()
            process.join()
            self._serving.discard(process.pid or 0)
            self.processes[place] = self._start()

    def _start(self) -> Process:
        process = Worker(self.config, self.sockets, self._board, next(self._places))
        process.start()
        self._started[process] = time.monotonic()
        return process

    def _is_well(self, process: Process, started: float) -> bool:
        if not process.process.is_alive():
            return False
        pid = process.pid or 0
        if pid in self._serving:
            return process.ping(_ANSWER)
        if process.is_ready(timeout=0.2):
            self._serving.add(pid)
            self._has_served = True
            return True
        return time.monotonic() - started < _START

    def terminate_all(self) -> None:
        for listener in self.sockets:  # else who connects now would wait for nobody
            listener.close()
        super().terminate_all()

    def join_all(self) -> None:
        until = time.monotonic() + self._longest_end
        for process in self.processes:
            self._join(process, until)

    @property
    def _longest_end(self) -> float:
        """Seconds that a worker has to end, once it is told to."""
        drain = self.config.drain_seconds if isinstance(self.config, ServerConfig) else 0.0
        return drain + (self.config.timeout_graceful_shutdown or 0) + _GRACE

    def _join(self, process: Process, until: float) -> None:
        process.process.join(max(0.0, until - time.monotonic()))
        if process.process.is_alive():
            log.error("worker %s does not end and is killed", process.pid)
            process.process.kill()
            process.process.join()


def end_with_parent() -> None:
    """In a worker: end in good order when the parent is gone, even where it was killed and could not say so."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_wait_for, args=(parent,), name="parent", daemon=True).start()


def _wait_for(parent: "multiprocessing.process.BaseProcess") -> None:
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)

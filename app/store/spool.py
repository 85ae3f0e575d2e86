"""The spool (本地暂存): durable files beside the service, for what the database cannot take now.

One thread writes, and syncs once for all that wait (group commit). It starts with the first frame: a service whose
database answers has no such thread and no such file. A file belongs to the process that holds its lock; what a dead
process left is adopted by whoever gets the lock.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Iterator
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any, NamedTuple

from app.store.audit_log import NotRecorded
from app.store.spool_file import SpoolFile, make_file, take_file, write_apart
from app.store.spool_frames import HEADER_SIZE, Damaged, frame, scan

log = logging.getLogger("mingjian.spool")

_FILE_SIZE = 64 * 1024 * 1024  # a longer outage makes further files, so that each can go when it is done
_MOST = 8 * 1024 * 1024 * 1024


class Place(NamedTuple):
    file: SpoolFile
    offset: int
    length: int

    def read(self) -> bytes:
        return self.file.read(self.offset, self.length)


class _Append(NamedTuple):
    payload: bytes
    future: "asyncio.Future[Any]"


class _Discard(NamedTuple):
    file: SpoolFile
    size: int  # what the file held when it was done with
    future: "asyncio.Future[Any]"


_Job = _Append | _Discard


class Spool:
    def __init__(self, folder: Path, most: int = _MOST) -> None:
        """`most`: bytes that the files of this process may hold together."""
        self._folder, self._most = folder, most
        self._jobs: deque[_Job] = deque()
        self._wake = threading.Event()
        self._gate = threading.Lock()  # nothing joins the queue once it is closing
        self._thread: threading.Thread | None = None
        self._closing = False
        self._file: SpoolFile | None = None  # the one that grows
        self._files: set[SpoolFile] = set()  # all that this process holds
        self.size = 0  # bytes in the files of this process

    async def append(self, payload: bytes) -> Place:
        """Where it lies, once it is durable. Raises NotRecorded."""
        future = asyncio.get_running_loop().create_future()
        self._join(_Append(payload, future))
        place: Place = await future
        return place

    async def discard(self, file: SpoolFile, size: int) -> bool:
        """Remove a file of which everything up to `size` is stored elsewhere; False where it has grown since."""
        future = asyncio.get_running_loop().create_future()
        self._join(_Discard(file, size, future))
        done: bool = await future
        return done

    def adopt(self) -> list[tuple[SpoolFile, list[Place]]]:
        """Files whose process is gone, the oldest first, with what is whole in them. Call it from another thread."""
        adopted = []
        for path in sorted(self._folder.glob("*.spool")):
            file = take_file(path)
            if file is None:
                continue
            places = list(self._places(file))
            if places:
                log.warning("%s was left behind with %d records; they are stored now", path.name, len(places))
                self.size += file.size
                self._files.add(file)
                adopted.append((file, places))
            else:
                file.remove()
        return adopted

    def set_aside(self, place: Place, why: str) -> None:
        """Keep what cannot be stored for somebody to look at."""
        self._set_aside(place.file, place.offset, place.read(), why)

    def count_aside(self) -> int:
        return sum(1 for _ in self._folder.glob("*.aside"))

    def close(self) -> None:
        """Finish what waits, stop the thread and let go of the files, which stay."""
        with self._gate:
            self._closing = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        for file in self._files:
            file.release()
        self._files.clear()

    def _join(self, job: _Job) -> None:
        with self._gate:
            if self._closing:
                raise NotRecorded("the spool is closed")
            self._jobs.append(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
                self._thread.start()
        self._wake.set()

    def _run(self) -> None:
        is_last = False
        while not is_last:
            self._wake.wait()
            self._wake.clear()
            is_last = self._closing  # read before the queue is emptied: nothing joins it afterwards
            while self._jobs:
                appends: list[_Append] = []
                while self._jobs and isinstance(self._jobs[0], _Append):
                    appends.append(self._jobs.popleft())  # type: ignore[arg-type]
                if appends:
                    self._append_all(appends)
                elif isinstance(job := self._jobs.popleft(), _Discard):
                    _settle([(job.future, self._discard(job.file, job.size))])

    def _append_all(self, appends: list[_Append]) -> None:
        try:
            places = self._write([one.payload for one in appends])
            _settle([(one.future, place) for one, place in zip(appends, places, strict=True)])
        except Exception as error:  # whatever it was, nobody may be told that a record is safe
            is_known = isinstance(error, OSError)  # a full disk needs no traceback for every batch
            log.warning("%d records could not be spooled: %s", len(appends), error, exc_info=not is_known)
            _settle([(one.future, NotRecorded(f"the spool cannot be written: {error}")) for one in appends])

    def _write(self, payloads: list[bytes]) -> list[Place]:
        length = sum(map(len, payloads)) + HEADER_SIZE * len(payloads)
        if self.size + length > self._most:
            raise OSError(f"the spool holds {self.size} bytes and may hold {self._most}")
        if self._file is None or self._file.size >= _FILE_SIZE:
            self._file = make_file(self._folder)
            self._files.add(self._file)
        file, at = self._file, self._file.size
        try:
            file.write(b"".join([frame(payload, file.marker) for payload in payloads]))
        except OSError:
            self._file = None  # after a failed sync nobody knows what the rest of a file is worth: begin another
            if not at:
                self._forget(file)
            raise
        self.size += length
        places = []
        for payload in payloads:
            places.append(Place(file, at + HEADER_SIZE, len(payload)))
            at += HEADER_SIZE + len(payload)
        return places

    def _forget(self, file: SpoolFile) -> None:
        self._files.discard(file)
        file.remove()

    def _discard(self, file: SpoolFile, size: int) -> bool:
        if file.size > size:
            return False
        if file is self._file:
            self._file = None
        self.size -= file.size
        self._forget(file)
        return True

    def _places(self, file: SpoolFile) -> Iterator[Place]:
        if not file.size:
            return
        with mmap(file.descriptor, 0, access=ACCESS_READ) as content:
            for found in scan(content, file.marker):
                if isinstance(found, Damaged):
                    lost = content[found.offset : found.offset + found.length]
                    self._set_aside(file, found.offset, lost, "damaged on the disk")
                else:
                    yield Place(file, found.offset, found.length)

    def _set_aside(self, file: SpoolFile, offset: int, content: bytes, why: str) -> None:
        kept = file.path.with_name(f"{file.path.stem}-{offset}.aside")
        write_apart(kept, content)
        log.error("%d bytes of %s are set aside as %s: %s", len(content), file.path.name, kept.name, why)


def _settle(outcomes: list[tuple["asyncio.Future[Any]", Any]]) -> None:
    try:
        outcomes[0][0].get_loop().call_soon_threadsafe(_wake_all, outcomes)
    except RuntimeError:  # the loop is closed: nobody waits any more
        return


def _wake_all(outcomes: list[tuple["asyncio.Future[Any]", Any]]) -> None:
    for future, outcome in outcomes:
        if future.done():  # nobody waits any more
            continue
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)

"""Doctors' stations (医生工作站) in a process of their own: each has one connection, asks at its own moments and waits
for the answer before it asks again. Prints what became of the requests, as JSON.

`python -m tests.faults.stations PORT KIND STATIONS RATE SECONDS [ready]`; RATE 0: each asks as soon as it is answered;
`ready`: nobody asks any more once the service says that it is not ready, as behind a load balancer.
"""

import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from subprocess import PIPE, Popen

from tests.service import KEY, ROOT, charge, encoded, request

PATIENCE = 20.0  # seconds until a station calls it a failure
_BULK = 50  # lines of a bulk request
_LOOK_EVERY = 0.1  # seconds between two looks whether the service is ready
_READY = b"GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n"


def _post(path: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n"
    return f"{head}content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


def _check(number: int, stage: str = "ordering") -> bytes:
    patient = {"id": f"P{number}", "sex": "male", "birth_date": "1980-01-01"}
    return encoded(request(charge("L1"), charge("L2"), stage=stage, id=f"E{number}", patient=patient))


def _dashboard(_: int) -> bytes:
    return f"GET /v1/rules HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n\r\n".encode()


def _bulk(number: int) -> bytes:
    return _post("/v1/audits/bulk", b"\n".join(_check(number * _BULK + part, "settled") for part in range(_BULK)))


KINDS: dict[str, Callable[[int], bytes]] = {
    "ordering": lambda number: _post("/v1/audits", _check(number)),
    "settling": lambda number: _post("/v1/audits", _check(number, "settling")),
    "bulk": _bulk,
    "dashboard": _dashboard,
}


class Station(asyncio.Protocol):
    """One connection; `answer` holds what comes until it is whole."""

    def __init__(self) -> None:
        self.buffer = b""
        self.whole: asyncio.Future[bytes] | None = None
        self.is_open = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, parted, body = self.buffer.partition(b"\r\n\r\n")
        if not parted:
            return
        head = head.lower()
        _, found, length = head.partition(b"content-length: ")
        is_whole = len(body) >= int(length.split(b"\r\n")[0]) if found else body.endswith(b"0\r\n\r\n")
        if is_whole and self.whole is not None and not self.whole.done():
            self.is_open = b"connection: close" not in head
            self.buffer, answer = b"", self.buffer
            self.whole.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        if self.whole is not None and not self.whole.done():
            self.whole.set_exception(ConnectionError(f"lost: {exc}"))


class Stations:
    def __init__(self, port: int, kind: str, count: int, rate: float, seconds: float, *, ready: bool = False) -> None:
        self._is_balanced = ready
        self._port, self._make, self._count, self._seconds = port, KINDS[kind], count, seconds
        self._pause = count / rate if rate else 0.0
        self.counts: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.times: dict[str, list[float]] = {"judged": [], "unjudged": [], "refused": []}
        self._number = random.randrange(10**9) * 1000

    async def run(self) -> None:
        self._until = time.monotonic() + self._seconds
        looking = asyncio.create_task(self._look()) if self._is_balanced else None
        await asyncio.gather(*[self._station() for _ in range(self._count)])
        if looking is not None:
            looking.cancel()

    async def _look(self) -> None:
        station: Station | None = None
        while True:
            try:
                station, answer = await self._exchange(station, _READY)
            except (OSError, TimeoutError):
                self.faults["gone without having said so"] += 1
                answer = b""
            if answer[9:12] != b"200":
                self._until = time.monotonic()
                self.counts["unready"] += 1
                return
            await asyncio.sleep(_LOOK_EVERY)

    async def _station(self) -> None:
        station: Station | None = None
        due = time.monotonic() + random.random() * (self._pause or 0.05)
        while due < self._until:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if time.monotonic() >= self._until:
                break
            station = await self._ask(station)
            due += self._pause * random.uniform(0.5, 1.5)
            if due < (now := time.monotonic()):  # it was not answered in time to ask: its doctor is still busy
                self.counts["late"] += bool(self._pause)
                due = now
        if station is not None:
            station.transport.close()

    async def _ask(self, station: Station | None) -> Station | None:
        self._number += 1
        self.counts["asked"] += 1
        content = self._make(self._number)
        began = time.perf_counter()
        try:
            station, answer = await self._exchange(station, content)
        except (OSError, TimeoutError) as error:
            self.faults[f"{type(error).__name__} {error}"[:100]] += 1
            return None
        self._note(answer, time.perf_counter() - began)
        return station

    async def _exchange(self, station: Station | None, content: bytes) -> tuple[Station, bytes]:
        loop = asyncio.get_running_loop()
        if station is None or not station.is_open:
            if station is not None:
                station.transport.close()
            _, station = await loop.create_connection(Station, "127.0.0.1", self._port)
        station.whole = loop.create_future()
        station.transport.write(content)
        async with asyncio.timeout(PATIENCE):
            return station, await station.whole

    def _note(self, answer: bytes, seconds: float) -> None:
        status = answer[9:12].decode()
        if status == "200":
            became = "unjudged" if b'"overload"' in answer else "judged"
        elif status in ("429", "503"):
            became = "refused"
        else:
            self.faults[f"status {status}"] += 1
            return
        self.counts[became] += 1
        self.times[became].append(seconds)

    def told(self) -> dict[str, object]:
        return {
            "counts": dict(self.counts), "faults": dict(self.faults), "seconds": self._seconds,
            "times": {name: [_at(found, 0.5), _at(found, 0.99), _at(found, 1)] for name, found in self.times.items()},
        }  # fmt: skip


def _at(times: list[float], share: float) -> float:
    """Milliseconds."""
    found = sorted(times)
    return round(1000 * found[min(len(found) - 1, int(len(found) * share))], 2) if found else 0.0


class Told:
    """What a process of stations said at its end. Times in milliseconds: the median, p99, the longest."""

    def __init__(self, text: str) -> None:
        told = json.loads(text)
        self.counts, self.faults = Counter(told["counts"]), Counter(told["faults"])
        self.seconds: float = told["seconds"]
        self.times: dict[str, list[float]] = told["times"]

    @property
    def rate(self) -> float:
        """Judged requests a second."""
        return self.counts["judged"] / self.seconds

    def __str__(self) -> str:
        return f"{dict(self.counts)} faults {dict(self.faults)} judged {self.rate:.0f}/s times {self.times}"


@contextmanager
def asking(
    port: int, kind: str, stations: int, rate: float, seconds: float, *, ready: bool = False
) -> Iterator[Callable[[], Told]]:
    """Stations at work; call what is given to wait for their end."""
    command = [sys.executable, "-m", "tests.faults.stations", str(port), kind, *map(str, (stations, rate, seconds))]
    command += ["ready"] if ready else []
    process = Popen(command, cwd=ROOT, stdout=PIPE, text=True)

    def wait() -> Told:
        out, _ = process.communicate(timeout=seconds + 60)
        return Told(out)

    try:
        yield wait
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def ask_for(port: int, kind: str, stations: int, rate: float, seconds: float) -> Told:
    with asking(port, kind, stations, rate, seconds) as wait:
        return wait()


if __name__ == "__main__":
    port, kind, count, rate, seconds, *further = sys.argv[1:]
    stations = Stations(int(port), kind, int(count), float(rate), float(seconds), ready=further == ["ready"])
    asyncio.run(stations.run())
    print(json.dumps(stations.told()))  # noqa: T201

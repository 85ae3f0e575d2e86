"""Workers are exchanged behind the proxy that we ship: nobody who asks through it notices."""

import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.application.library import generation
from tests.deploy.nginx import Proxy, running_nginx
from tests.faults.fleet import HEADERS, Fleet
from tests.service import encoded, request

STATIONS, PAUSE = 4, 0.05


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    settings = {"MINGJIAN_DRAIN_SECONDS": "1", "MINGJIAN_TRUSTED_PROXIES": "127.0.0.1"}
    fleet = Fleet(tmp_path / "data", generation(tmp_path, 0), workers=2, **settings)
    yield fleet
    fleet.kill()


@contextmanager
def asking(proxy: Proxy) -> Iterator[Counter[str]]:
    """What became of the checks, by status or by what went wrong; whole once nobody asks any more."""
    told: Counter[str] = Counter()
    is_over = threading.Event()

    def ask(station: int) -> None:
        with proxy.client(HEADERS) as client:
            while not is_over.wait(PAUSE):
                body = encoded(request(id=f"E{station}", stage="ordering"))
                try:
                    told[str(client.post("/v1/audits", content=body).status_code)] += 1
                except httpx.TransportError as error:
                    told[type(error).__name__] += 1

    stations = [threading.Thread(target=ask, args=(number,)) for number in range(STATIONS)]
    for one in stations:
        one.start()
    try:
        yield told
    finally:
        is_over.set()
        for one in stations:
            one.join()


def test_no_request_is_lost_when_workers_are_exchanged(fleet: Fleet) -> None:
    fleet.start()
    with running_nginx(fleet.port) as proxy:
        first = fleet.pids()
        time.sleep(2)  # until the parent too knows that they serve
        with asking(proxy) as told:
            fleet.process.send_signal(signal.SIGHUP)
            until, now = time.monotonic() + 240, first
            while len(now) < fleet.workers or not now.isdisjoint(first):
                assert time.monotonic() < until, f"they are still {now}:\n{fleet.told()}"
                time.sleep(0.3)
                now = fleet.pids()
            time.sleep(1)
        log = proxy.log
    print(told)  # noqa: T201 - the figures, for whoever runs it with -s
    assert set(told) == {"200"}, (told, [line for line in log.splitlines() if " 200 " not in line])
    assert told["200"] > 100

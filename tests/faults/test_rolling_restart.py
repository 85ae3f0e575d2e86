"""Workers are exchanged one after the other while doctors ask: nobody notices."""

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.application.library import generation
from tests.faults.fleet import Fleet
from tests.faults.outage import IS_LONG
from tests.faults.server import Server
from tests.faults.stations import asking
from tests.interfaces.observe.series import total

RESTARTS = 5 if IS_LONG else 1
SECONDS = 90.0 if IS_LONG else 15.0


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    fleet = Fleet(tmp_path / "data", generation(tmp_path, 0), workers=2, MINGJIAN_DRAIN_SECONDS="1")
    yield fleet
    fleet.kill()


def test_rolling_restart_fails_no_request(fleet: Fleet) -> None:
    fleet.start()
    first = fleet.pids()
    time.sleep(2)  # until the parent too knows that they serve
    with asking(fleet.port, "ordering", 20, 100, SECONDS) as wait:
        time.sleep(1)
        known = first
        for _ in range(RESTARTS):
            fleet.process.send_signal(signal.SIGHUP)
            known = exchanged(fleet, known)
        told = wait()
    print(told)  # noqa: T201 - the figures, for whoever runs it with -s
    assert known.isdisjoint(first)
    assert not told.faults
    assert told.counts["judged"] + told.counts["unjudged"] == told.counts["asked"] > 50 * SECONDS
    assert fleet.stop() == 0


def exchanged(fleet: Fleet, before: set[str]) -> set[str]:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        found = fleet.pids()
        if len(found) == fleet.workers and found.isdisjoint(before):
            return found
        time.sleep(0.3)
    raise AssertionError(f"they are still {before}:\n{fleet.told()}")


def wait_until_asked(server: Server, least: int) -> None:
    until = time.monotonic() + 60
    with server.client() as client:
        while total(client.get("/metrics").text, "mingjian_audits_total") < least:
            assert time.monotonic() < until, "the stations do not ask"
            time.sleep(0.2)


def test_told_to_stop_it_is_unready_and_answers_on(tmp_path: Path) -> None:
    """One process, with the drain as it is by default: load balancers see that it is not ready, and send elsewhere;
    whoever asks until they do is answered.
    """
    server = Server(tmp_path / "data")
    server.start()
    seen: list[int] = []

    def look() -> None:
        with server.client() as client:
            while 503 not in seen:
                seen.append(client.get("/readyz").status_code)
                time.sleep(0.05)

    with asking(server.port, "ordering", 8, 80, 60, ready=True) as wait:
        wait_until_asked(server, 100)
        looking = threading.Thread(target=look)
        looking.start()
        server.terminate()
        looking.join(5)
        told = wait()  # long before their minute is over
        ended = server.wait(30)
    print(told)  # noqa: T201
    assert seen[-1] == 503
    assert told.counts["unready"] == 1
    assert not told.faults
    assert told.counts["judged"] + told.counts["unjudged"] == told.counts["asked"] > 0
    assert ended in (0, -signal.SIGTERM)

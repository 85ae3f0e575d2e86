"""Far more is asked than can be done: what is done is done in time, order entry goes first, and is never refused.

The long form runs for a minute at five times the capacity. Shares and times are those of the machine as it is: the
capacity is measured just before, by the same stations.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from app.application.reaudit import following_id
from tests.faults.order_entry import wait_until_caught_up
from tests.faults.outage import IS_LONG
from tests.faults.server import Server
from tests.faults.stations import Told, ask_for, asking
from tests.service import charge, encoded, request

SECONDS = 60.0 if IS_LONG else 3.0
SATURATING = 12  # stations that ask without a pause


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "data")
    server.start()
    yield server
    server.kill()


def capacity_of(server: Server) -> Told:
    ask_for(server.port, "ordering", SATURATING, 0, 1)  # what is compiled and cached at first use
    return ask_for(server.port, "ordering", SATURATING, 0, 10 if IS_LONG else 2)


def test_five_times_the_capacity(server: Server) -> None:
    """Five times as many stations as the service can keep up with, each asking again as soon as it is answered."""
    capacity = capacity_of(server)
    normal = ask_for(server.port, "ordering", SATURATING * 5, capacity.rate * 0.7, SECONDS)
    told = ask_for(server.port, "ordering", SATURATING * 5, 0, SECONDS)
    print("capacity", capacity, "normal", normal, "overload", told, sep="\n")  # noqa: T201 - for whoever runs it with -s
    assert not told.faults
    assert told.counts["refused"] == 0
    assert told.counts["judged"] + told.counts["unjudged"] == told.counts["asked"]
    assert told.counts["judged"] > 0
    if IS_LONG:
        assert told.rate >= 0.8 * capacity.rate
        assert told.times["judged"][1] <= 2 * normal.times["judged"][1]
    with server.client() as client:
        assert client.get("/healthz").status_code == 200


def test_batches_and_dashboards_never_starve_order_entry(server: Server) -> None:
    """They ask without a pause; doctors ask for half of what the service can do."""
    capacity = capacity_of(server)
    with ExitStack() as others:
        waiting = [others.enter_context(asking(server.port, kind, 8, 0, SECONDS)) for kind in ("bulk", "dashboard")]
        told = ask_for(server.port, "ordering", 40, capacity.rate / 2, SECONDS)
        bulk, dashboard = (wait() for wait in waiting)
    print("capacity", capacity, "ordering", told, "bulk", bulk, "dashboard", dashboard, sep="\n")  # noqa: T201
    assert not told.faults
    assert told.counts["judged"] >= (0.95 if IS_LONG else 0.5) * told.counts["asked"]
    assert told.counts["judged"] + told.counts["unjudged"] == told.counts["asked"]
    assert bulk.counts["judged"] > 0  # what is left over
    assert not bulk.faults
    assert not dashboard.faults


def test_what_was_shed_is_audited_later(tmp_path: Path) -> None:
    """A caller beyond its share is answered at once, in the form of its interface; the audit follows."""
    server = Server(tmp_path / "data", MINGJIAN_RATE_LIMITS='{"ordering": 0.5}')
    server.start()
    try:
        with server.client() as client:
            answers = [post(client, number) for number in range(10)]
            shed = [one for one in answers if one["degraded"]]
            assert len(shed) >= 5
            for one in shed:
                assert (one["decision"], one["findings"], one["degraded"]) == ("pass", [], ["overload", "record"])
                assert [(gap["rule"], gap["missing"]) for gap in one["not_evaluated"]] == [("*", "overload")]
            wait_until_caught_up(server)
            for one in shed:
                stored = client.get(f"/v1/audits/{one['id']}")
                assert stored.json() == one
                following = client.get(f"/v1/audits/{following_id(one['id'])}").json()
                assert f"</v1/audits/{following['id']}>" in stored.headers["link"]
                assert (following["follows"], following["degraded"]) == (one["id"], [])
                assert ["L1"] in [finding["lines"] for finding in following["findings"]]
    finally:
        server.kill()


def post(client: httpx.Client, number: int) -> dict[str, object]:
    body = encoded(request(charge(), stage="ordering", id=f"E{number}"))
    answer = client.post("/v1/audits", content=body)
    assert answer.status_code == 200
    told: dict[str, object] = answer.json()
    return told

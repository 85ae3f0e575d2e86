"""Two workers: whichever is asked tells of both; a worker that dies takes nothing along that it had counted."""

import json
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from app.interfaces.observe.shared import share_metrics
from tests.faults.fleet import HEADERS, Fleet
from tests.interfaces.observe.series import total
from tests.service import ROOT, request

LOGGED = re.compile(r"INFO|WARNING|ERROR|Traceback|^\d{4}-\d\d")
RULES = ROOT / "tests" / "contracts" / "nhsa" / "rules"


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    fleet = Fleet(tmp_path / "data", RULES, workers=2)
    fleet.start()
    try:
        yield fleet
    finally:
        fleet.kill()


def ask(line: HTTPConnection, method: str, path: str, body: object = None) -> str:
    line.request(method, path, None if body is None else json.dumps(body), HEADERS)
    answer = line.getresponse()
    text = answer.read().decode()
    assert answer.status == 200, text
    return text


def soon(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.1)


def test_both_are_added_up_and_what_a_dead_one_counted_stays(fleet: Fleet) -> None:
    name = "mingjian_audits_total"
    with fleet.line_to_each() as lines:
        for number, line in enumerate(lines.values()):
            for _ in range(10 + number):
                ask(line, "POST", "/v1/audits", request())
        for line in lines.values():
            told = ask(line, "GET", "/metrics")
            assert total(told, name) == total(told, "mingjian_request_seconds_count", stage="settling") == 21
            assert total(told, "mingjian_workers") == 2
        dead, kept = lines
        os.kill(int(dead), signal.SIGKILL)
        soon(lambda: total(ask(lines[kept], "GET", "/metrics"), "mingjian_workers") == 1)
        soon(lambda: total(ask(lines[kept], "GET", "/metrics"), "mingjian_workers") == 2)  # another took its place
        assert total(ask(lines[kept], "GET", "/metrics"), name) == 21


def test_a_new_start_begins_at_nothing(fleet: Fleet) -> None:
    with fleet.line_to_each() as lines:
        ask(next(iter(lines.values())), "POST", "/v1/audits", request())
    assert fleet.stop() == 0
    fleet.start()
    with fleet.line_to_each() as lines:
        told = ask(next(iter(lines.values())), "GET", "/metrics")
    assert total(told, "mingjian_audits_total") == 0
    assert len(list((fleet.data_dir / "metrics").iterdir())) == 1


def test_folders_of_services_that_run_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    above = tmp_path / "metrics"
    for name in (str(os.getppid()), str(os.getpid()), "4194305", "rubbish"):
        (above / name).mkdir(parents=True)
        (above / name / "counter_1.db").write_bytes(b"")
    share_metrics(tmp_path)
    assert {one.name for one in above.iterdir()} == {str(os.getppid()), str(os.getpid())}
    assert list((above / str(os.getpid())).iterdir()) == []
    assert os.environ["PROMETHEUS_MULTIPROC_DIR"] == str(above / str(os.getpid()))


def test_the_log_is_json_and_names_each_request(fleet: Fleet) -> None:
    line = fleet.connection()
    line.request("GET", "/v1/audits/110101199003071234?patient=110101199003071234", None, HEADERS)
    answer = line.getresponse()
    answer.read()
    given = answer.headers["x-request-id"]
    line.close()
    assert fleet.stop() == 0
    told = [json.loads(one) for one in fleet.told().splitlines() if one.startswith("{")]
    found = [one for one in told if one.get("request_id") == given]
    assert [(one["route"], one["status"], one["caller"]) for one in found] == [
        ("/v1/audits/{audit_id}", answer.status, "local")
    ]
    assert "110101199003071234" not in fleet.told()
    plain = [one for one in fleet.told().splitlines() if not one.startswith("{")]
    assert [one for one in plain if LOGGED.search(one)] == []

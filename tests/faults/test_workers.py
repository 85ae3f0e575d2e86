"""Several workers behind one port: who dies or hangs is replaced, who is told to stop answers what it has begun."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.application.library import generation
from tests.faults.fleet import Fleet, ask, health
from tests.servers import free_port
from tests.service import KEY, ROOT, charge, request


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    fleet = Fleet(tmp_path / "data", generation(tmp_path, 0), workers=2)
    yield fleet
    fleet.kill()


def alive(pid: str) -> bool:
    """Not gone, nor a corpse that nobody has looked for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(is_so: "object", most: float = 60.0) -> None:
    assert callable(is_so)
    until = time.monotonic() + most
    while not is_so():
        assert time.monotonic() < until, "it never came about"
        time.sleep(0.05)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_worker_that_dies_or_hangs_is_replaced(fleet: Fleet, how: signal.Signals) -> None:
    fleet.start()
    victim, other = sorted(fleet.pids())
    time.sleep(2)  # until the parent too knows that they serve: it gives a start more time than an answer
    os.kill(int(victim), how)
    wait_until(lambda: not alive(victim))
    wait_until(lambda: len(fleet.pids() - {victim}) == 2)
    assert other in fleet.pids()
    connection = fleet.connection()
    status, document, _ = ask(connection, "GET", "/v1/rulesets")
    connection.close()
    assert (status, len(document["moves"])) == (200, 1)


def test_connections_are_shared_out_evenly(fleet: Fleet) -> None:
    """Those of a client too that opens all of them at its start; and nobody waits for a worker that hangs."""
    fleet.start()
    time.sleep(1)  # until those that looked whether all serve are gone
    lines = [fleet.connection() for _ in range(20)]
    try:
        for one in lines:
            one.connect()
        counts = Counter(health(one)[0] for one in lines)
        assert sum(counts.values()) == 20
        assert max(counts.values()) - min(counts.values()) <= 4
        assert len(counts) == 2
        stuck = min(counts)
        os.kill(int(stuck), signal.SIGSTOP)
        time.sleep(1)
        began = time.monotonic()
        for _ in range(10):
            one = fleet.connection(timeout=5)
            lines.append(one)
            assert health(one)[0] != stuck
        assert time.monotonic() - began < 2
    finally:
        for one in lines:
            one.close()


def test_workers_end_with_their_parent(fleet: Fleet) -> None:
    fleet.start()
    pids = fleet.pids()
    fleet.kill()
    wait_until(lambda: not any(alive(pid) for pid in pids))


def test_told_to_stop_it_answers_what_it_has_begun(fleet: Fleet) -> None:
    fleet.start()
    pids = fleet.pids()
    asked, answered = [], []

    def keep_asking() -> None:
        while True:
            connection = fleet.connection()
            try:
                connection.connect()
                asked.append(1)
                status, _, _ = ask(connection, "POST", "/v1/audits", request(charge(), id=f"E{len(asked)}"))
            except (ConnectionError, http.client.RemoteDisconnected):
                return
            finally:
                connection.close()
            answered.append(status)

    threads = [threading.Thread(target=keep_asking) for _ in range(4)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(answered) > 100)
    with fleet.line_to_each() as lines:
        slow = lines[min(lines)]
        slow.putrequest("POST", "/v1/audits/bulk")
        slow.putheader("authorization", f"Bearer {KEY}")
        slow.putheader("transfer-encoding", "chunked")
        slow.endheaders()
        time.sleep(0.2)
        stopping = threading.Thread(target=fleet.process.send_signal, args=(signal.SIGTERM,))
        stopping.start()
        time.sleep(1)
        slow.send(b"0\r\n\r\n")
        assert slow.getresponse().status == 200
        stopping.join()
    assert fleet.process.wait(30) == 0
    for thread in threads:
        thread.join()
    assert set(answered) == {200}
    wait_until(lambda: not any(alive(pid) for pid in pids), 5)


def test_many_that_start_at_once_publish_once(tmp_path: Path) -> None:
    """Two services of two workers each, on one new database."""
    rules = generation(tmp_path, 0)
    fleets = [Fleet(tmp_path / "data", rules, workers=2) for _ in range(2)]
    try:
        starting = [threading.Thread(target=fleet.start) for fleet in fleets]
        for thread in starting:
            thread.start()
        for thread in starting:
            thread.join()
        for fleet in fleets:
            connection = fleet.connection()
            status, document, _ = ask(connection, "GET", "/v1/rulesets")
            assert (status, len(document["moves"])) == (200, 1)
            assert health(connection)[1] == document["moves"][0]["revision"]
            connection.close()
    finally:
        for fleet in fleets:
            fleet.kill()


def serve(data: Path, rules: Path, port: int, *options: str) -> subprocess.Popen[str]:
    settings = {
        "PORT": str(port), "MINGJIAN_DATA_DIR": str(data), "MINGJIAN_RULES_DIR": str(rules), "MINGJIAN_API_KEY": KEY,
        "MINGJIAN_DECISIONS": "", "DATABASE_URL": "", "REDIS_URL": "",
    }  # fmt: skip
    command = [sys.executable, "-m", "app.interfaces.cli", "serve", *options]
    return subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **settings}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_it_says_once_where_it_serves(tmp_path: Path) -> None:
    port = free_port()
    process = serve(tmp_path / "data", generation(tmp_path, 0), port, "--workers", "2")
    try:
        wait_until(lambda: answers(port))
    finally:
        process.terminate()
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out.count(f"http://127.0.0.1:{port}\n") == 1
    assert out.count(KEY) == 1
    assert [line.split()[0] for line in out.splitlines()] == ["Mingjian", "API", "Key", "Account"]


def answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except ConnectionError:
        return False
    finally:
        connection.close()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_without_rules_it_does_not_start(tmp_path: Path, workers: str) -> None:
    (tmp_path / "rules").mkdir()
    process = serve(tmp_path / "data", tmp_path / "rules", free_port(), "--workers", workers)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "the rules cannot be used" in err
    assert "Traceback" not in err
    assert out == ""


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_port_that_is_taken(tmp_path: Path, workers: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = serve(tmp_path / "data", generation(tmp_path, 0), taken.getsockname()[1], "--workers", workers)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 3  # as uvicorn has it
    assert "in use" in err
    assert out == ""

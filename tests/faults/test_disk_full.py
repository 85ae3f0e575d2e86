"""The disk is full (磁盘写满), or the clock jumps (时钟跳变): refused or answered, never acknowledged and lost.

MINGJIAN_FAULTS=long (`make faults`): full for a minute, not for two seconds.
"""

import os
import shutil
import sqlite3
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from app.trail.note import read_checkpoint, read_note
from tests.faults.outage import IS_LONG, SECONDS
from tests.faults.server import Clients, Server, post
from tests.faults.test_trail_kill import check

DAY = 86_400_000_000  # microseconds
SLACK = 512 * 1024
PLENTY = 512 * 1024 * 1024
MOST_SECONDS = 10.0  # between an entry and its checkpoint
JUMPS = ("-40d", "+40d", "+0") if IS_LONG else ("-40d", "+40d")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own in memory."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    folder = tmp_path / "disk"
    folder.mkdir()
    tried = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={PLENTY}", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if tried.returncode:
        pytest.skip(f"no file system can be mounted here: {tried.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def resize(folder: Path, size: int) -> bool:
    done = subprocess.run(["mount", "-o", f"remount,size={size}", str(folder)], capture_output=True)
    return done.returncode == 0


def fill(folder: Path, client: httpx.Client) -> None:
    """Leave a little room, as what it holds grows between two looks; the load uses it up."""
    until = time.monotonic() + 30
    while not resize(folder, shutil.disk_usage(folder).used + SLACK):
        assert time.monotonic() < until, "the file system cannot be made small"
    while post(client, uuid.uuid4().hex).status_code != 503:
        assert time.monotonic() < until, "the disk does not fill"


def test_a_full_disk(disk: Path) -> None:
    server = Server(disk / "data")
    server.start()
    try:
        clients = Clients(server)
        clients.wait_for(acknowledged=50)
        with server.client() as client:
            fill(disk, client)
        before = len(clients.acknowledged)
        time.sleep(SECONDS)
        with server.client() as client:
            refused = [post(client, f"full-{number}") for number in range(3)]
        during = len(clients.acknowledged) - before
        assert resize(disk, PLENTY)
        freed = time.monotonic()
        clients.wait_for(acknowledged=before + during + 50)
        seconds = time.monotonic() - freed
        clients.stop()
        clients.join()
        assert {one.status_code for one in refused} == {503}
        assert {one.headers["content-type"] for one in refused} == {"application/problem+json"}
        assert clients.open == set()  # the service was there all the time
        assert seconds < 10
        check(None, server.data_dir, clients.acknowledged)
    finally:
        server.kill()
    told = f"\nfull for {SECONDS:.0f} s: {during} acknowledged and kept; writing {seconds:.1f} s after space was freed"
    print(told)  # noqa: T201 - the figures, for whoever runs it with -s


def test_the_clock_jumps(tmp_path: Path) -> None:
    library, clock = faketime(), tmp_path / "clock"
    clock.write_text("+0")
    server = Server(
        tmp_path / "data", LD_PRELOAD=str(library), FAKETIME_TIMESTAMP_FILE=str(clock),
        FAKETIME_NO_CACHE="1", FAKETIME_DONT_FAKE_MONOTONIC="1",
    )  # fmt: skip
    server.start()
    acknowledged: dict[str, bytes] = {}
    slowest = 0.0
    try:
        with server.client() as client:
            for jump in JUMPS:
                (tmp_path / "new").write_text(jump)
                (tmp_path / "new").rename(clock)
                for number in range(20):
                    acknowledged[f"{jump}-{number}"] = answered(client, f"{jump}-{number}")
                slowest = max(slowest, seconds_to_checkpoint(client, len(acknowledged)))
    finally:
        server.kill()
    assert slowest < MOST_SECONDS
    check(None, server.data_dir, acknowledged)
    with closing(sqlite3.connect(server.data_dir / "mingjian.sqlite3")) as connection:
        signed = [at for (at,) in connection.execute("SELECT recorded_at FROM trail_checkpoints ORDER BY size")]
        made = [at for (at,) in connection.execute("SELECT recorded_at FROM audits ORDER BY seq")]
    assert len(signed) >= len(JUMPS)
    assert signed == sorted(signed)
    assert 79 <= (max(made) - min(made)) / DAY <= 81  # the clock did jump
    print(f"\nthe clock jumped by {JUMPS}: a checkpoint after at most {slowest:.1f} s")  # noqa: T201 - the figures


def answered(client: httpx.Client, key: str) -> bytes:
    """Each look at a clock that is faked costs a file's reading: on a busy machine a request may come too late."""
    for _ in range(20):
        answer = post(client, key)
        if answer.status_code == 200:
            return answer.content
        assert answer.status_code == 503, answer.text
        time.sleep(0.2)
    raise AssertionError(answer.text)


def faketime() -> Path:
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not found:
        pytest.skip("libfaketime is not installed; `sh scripts/services.sh` as root installs it")
    return found[0]


def seconds_to_checkpoint(client: httpx.Client, size: int) -> float:
    """Until one is signed over at least so many entries."""
    began = time.monotonic()
    while True:
        answer = client.get("/v1/trail/checkpoint")
        if answer.status_code == 200 and read_checkpoint(read_note(answer.text).text).size >= size:
            return time.monotonic() - began
        assert time.monotonic() - began < 3 * MOST_SECONDS, "no checkpoint"
        time.sleep(0.1)

"""The disk is full (磁盘写满), or the clock jumps (时钟跳变): refused or answered, never acknowledged and lost.

MINGJIAN_FAULTS=long (`make faults`): full for a minute, not for two seconds.
"""

import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.outage import SECONDS
from tests.faults.server import Clients, Server, post
from tests.faults.test_trail_kill import check

PLENTY = 512 * 1024 * 1024
MOST_SECONDS = 10.0  # between an entry and its checkpoint
JUMPS = ("-40d", "+40d", "+0")


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


def fill(folder: Path) -> None:
    """As small as what it holds; under load that grows between the two looks."""
    until = time.monotonic() + 10
    while not resize(folder, shutil.disk_usage(folder).used):
        assert time.monotonic() < until, "the file system cannot be made small"


def test_a_full_disk(disk: Path) -> None:
    server = Server(disk / "data")
    server.start()
    try:
        clients = Clients(server)
        clients.wait_for(acknowledged=50)
        fill(disk)
        time.sleep(0.5)  # what was under way
        before = len(clients.acknowledged)
        with server.client() as client:
            refused = [post(client, f"full-{number}") for number in range(3)]
        time.sleep(SECONDS)
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
        with server.client() as client:
            for one in clients.acknowledged.values():
                check_kept(client, one)
    finally:
        server.kill()
    told = f"\n{during} acknowledged on the full disk, kept all; writing again {seconds:.1f} s after space was freed"
    print(told)  # noqa: T201 - the figures, for whoever runs it with -s

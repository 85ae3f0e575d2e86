"""Hours at half of what the service can do: it grows neither in memory nor in open files.

The long form runs for an hour (MINGJIAN_SOAK_SECONDS for another time); the short one only looks for a leak that shows
at once.
"""

import os
import time
from pathlib import Path

import pytest

from tests.faults.outage import IS_LONG
from tests.faults.server import Server
from tests.faults.stations import ask_for, asking

SECONDS = float(os.environ.get("MINGJIAN_SOAK_SECONDS", "3600")) if IS_LONG else 8.0
WARM_UP = max(3.0, SECONDS / 6)  # in which caches and heaps find their size
MOST_GROWTH = 1.05 if IS_LONG else 1.25


def memory_of(pid: int) -> int:
    """Resident, in KiB, without files that are mapped."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.split("RssAnon:")[1].split()[0])


def files_of(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_half_capacity_grows_nothing(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    server.start()
    try:
        capacity = ask_for(server.port, "ordering", 12, 0, 2)
        seen: list[tuple[int, int]] = []
        with asking(server.port, "ordering", 20, capacity.rate / 2, SECONDS) as wait:
            time.sleep(WARM_UP)
            for _ in range(20):
                seen.append((memory_of(server.pid), files_of(server.pid)))
                time.sleep((SECONDS - WARM_UP) / 20 * 0.95)
            told = wait()
        time.sleep(2)
        idle = files_of(server.pid)
    finally:
        server.kill()
    memory = [one for one, _ in seen]
    print(f"capacity {capacity.rate:.0f}/s", told, f"memory KiB {memory}", f"files {[one for _, one in seen]} {idle}")  # noqa: T201
    assert not told.faults
    assert max(memory[-3:]) <= MOST_GROWTH * max(memory[:3])
    files = [one for _, one in seen]
    assert max(files[-5:]) <= max(files[:-5]) + 2
    assert idle < max(files)  # connections that are gone leave none open

"""The spool: what was appended is there after a crash, files change hands only when their process is gone."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from app.store import spool as spool_module
from app.store.audit_log import NotRecorded
from app.store.spool import Place, Spool
from tests.service import ROOT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def run(folder: Path, job: Callable[[Spool], Awaitable[None]], **limits: int) -> None:
    async def whole() -> None:
        spool = Spool(folder, **limits)
        try:
            await job(spool)
        finally:
            spool.close()

    asyncio.run(whole())


def left_behind(folder: Path) -> list[bytes]:
    """What another process finds once this one is gone."""
    spool = Spool(folder)
    try:
        return [place.read() for _, places in spool.adopt() for place in places]
    finally:
        spool.close()


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.spool"))


def test_nothing_is_made_before_it_is_needed(folder: Path) -> None:
    async def job(spool: Spool) -> None:
        assert spool.adopt() == []
        assert spool.count_aside() == 0

    run(folder, job)
    assert not folder.exists()


def test_in_order_and_outlives_the_process(folder: Path) -> None:
    written = [b"%d" % number * (number % 7) for number in range(500)]

    async def job(spool: Spool) -> None:
        places = await asyncio.gather(*[spool.append(payload) for payload in written])
        assert [place.read() for place in places] == written
        assert spool.size == files(folder)[0].stat().st_size

    run(folder, job)
    assert left_behind(folder) == written


def test_many_wait_for_one_sync(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    syncs = []
    sync = os.fdatasync

    def counted(descriptor: int) -> None:
        syncs.append(descriptor)
        time.sleep(0.02)
        sync(descriptor)

    monkeypatch.setattr(os, "fdatasync", counted)

    async def job(spool: Spool) -> None:
        await asyncio.gather(*[spool.append(b"x") for _ in range(200)])

    run(folder, job)
    assert 1 <= len(syncs) <= 5


def test_long_outage_makes_several_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool_module, "_FILE_SIZE", 100)
    written = [b"%03d" % number * 20 for number in range(10)]

    async def job(spool: Spool) -> None:
        for payload in written:
            await spool.append(payload)

    run(folder, job)
    assert len(files(folder)) == 5
    assert left_behind(folder) == written


def test_done_file_goes(folder: Path) -> None:
    async def job(spool: Spool) -> None:
        first = await spool.append(b"first")
        end = first.offset + first.length
        second = await spool.append(b"second")
        assert not await spool.discard(first.file, end)  # it has grown since
        assert await spool.discard(first.file, second.offset + second.length)
        assert files(folder) == []
        assert spool.size == 0
        assert (await spool.append(b"third")).file is not first.file

    run(folder, job)
    assert left_behind(folder) == [b"third"]


def test_full(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def job(spool: Spool) -> None:
        place = await spool.append(b"x" * 100)
        with pytest.raises(NotRecorded, match="may hold 150"):
            await spool.append(b"y" * 100)
        assert await spool.discard(place.file, spool.size)
        await spool.append(b"z" * 100)  # there is room again

    run(folder, job, most=150)
    assert left_behind(folder) == [b"z" * 100]


def test_failed_sync_acknowledges_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What the disk did not take is not found later either; the next record goes to a file of its own."""

    def fail(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    async def job(spool: Spool) -> None:
        await spool.append(b"before")
        with monkeypatch.context() as broken:
            broken.setattr(os, "fdatasync", fail)
            with pytest.raises(NotRecorded):
                await spool.append(b"lost")
        await spool.append(b"after")

    run(folder, job)
    assert len(files(folder)) == 2
    assert left_behind(folder) == [b"before", b"after"]


def test_no_place_for_it(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder.write_text("no folder")

    async def job(spool: Spool) -> None:
        with pytest.raises(NotRecorded):
            await spool.append(b"x")

    run(folder, job)


def test_closed_spool_takes_nothing(folder: Path) -> None:
    async def job(spool: Spool) -> None:
        spool.close()
        with pytest.raises(NotRecorded, match="closed"):
            await spool.append(b"x")

    run(folder, job)


@pytest.mark.parametrize(
    ("harm", "found", "aside"),
    [
        (lambda content, middle: content[:-3], [b"1" * 50, b"2" * 50], []),
        (lambda content, middle: content + bytes(4096), [b"1" * 50, b"2" * 50, b"3" * 50], []),
        (lambda content, middle: content[:middle] + b"?" + content[middle + 1 :], [b"1" * 50, b"3" * 50], [b"2?2"]),
    ],
    ids=["cut off", "never written", "damaged"],
)
def test_harmed_file(
    folder: Path,
    harm: Callable[[bytes, int], bytes],
    found: list[bytes],
    aside: list[bytes],
    caplog: pytest.LogCaptureFixture,
) -> None:
    places: list[Place] = []

    async def job(spool: Spool) -> None:
        places.extend([await spool.append(digit * 50) for digit in (b"1", b"2", b"3")])

    run(folder, job)
    (path,) = files(folder)
    path.write_bytes(harm(path.read_bytes(), places[1].offset + 25))
    assert left_behind(folder) == found
    kept = sorted(folder.glob("*.aside"))
    assert [content in path.read_bytes() for content, path in zip(aside, kept, strict=True)] == [True] * len(aside)
    assert bool(aside) == any(one.levelno == logging.ERROR for one in caplog.records)


WRITER = """
import asyncio, sys
from pathlib import Path
from app.store.spool import Spool

async def main():
    spool = Spool(Path(sys.argv[1]))
    for number in range(10**9):
        await spool.append(b"%d" % number)
        print(number, flush=True)

asyncio.run(main())
"""


def test_live_process_keeps_its_file_and_killed_one_leaves_what_it_told(folder: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(100)]
        assert left_behind(folder) == []
        writer.send_signal(signal.SIGKILL)
        told += [int(line) for line in writer.stdout.read().splitlines()]
    found = [int(payload) for payload in left_behind(folder)]
    assert found[: len(told)] == told
    assert found == list(range(len(found)))


def test_for_no_other_eyes(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It holds what callers sent, names and diagnoses among it."""

    async def job(spool: Spool) -> None:
        spool.set_aside(await spool.append(b"x"), "to see what it becomes")

    run(folder, job)
    assert {path.stat().st_mode & 0o77 for path in (folder, *folder.iterdir())} == {0}
    assert len(list(folder.iterdir())) == 2


def test_empty_file_is_removed(folder: Path) -> None:
    folder.mkdir()
    (folder / "00000000000000000001-x.spool").touch()
    assert left_behind(folder) == []
    assert files(folder) == []

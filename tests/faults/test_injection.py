"""A system call fails (注入故障): EIO, ENOSPC or a kill at any write-class call of the writer, and nothing is lost.

Tessera's own method: the calls of one undisturbed run are counted, then the run is repeated from the same beginning
with each one failing in turn. MINGJIAN_FAULTS=long (`make faults`) fails every one; else a sample is failed.
"""

import asyncio
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from random import Random
from signal import SIGKILL
from typing import NamedTuple

import pytest

from app.application.keep_trail import TrailKeeper
from app.application.verify_trail import TrailVerifier
from app.store.sqlite.store import sqlite_store
from app.trail.keys import read_verifier
from tests.faults import writer
from tests.service import ROOT

LONG = os.environ.get("MINGJIAN_FAULTS") == "long"
SAMPLE = 12
CALLS = (
    "write", "writev", "pwrite64", "pwritev", "fsync", "fdatasync", "sync_file_range", "ftruncate", "fallocate",
    "unlink", "unlinkat", "rename", "renameat", "renameat2", "link", "linkat",
)  # fmt: skip
FAULTS = ("error=EIO", "error=ENOSPC", "signal=KILL")
BEFORE = 252  # audits, and two entries besides: the writer completes a tile of 256
KEYS = [read_verifier(writer.SIGNER.verifier_key)]


class Injection(NamedTuple):
    call: str
    fault: str
    number: int  # of the call, in any one thread


class Outcome(NamedTuple):
    """`is_met`: two runs differ by a few calls, so that a number may come after the last one."""

    of: Injection
    is_met: bool
    wrong: list[str]


class Told(NamedTuple):
    """What the writer said before its end."""

    code: int
    kept: dict[str, str]
    refused: set[str]


@pytest.fixture(scope="module", autouse=True)
def traced() -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed; `sh scripts/services.sh` as root installs it")
    tried = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"processes may not be traced here: {tried.stderr.strip()}")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log a little shorter than a tile, so that the writer completes one."""
    path = tmp_path_factory.mktemp("original") / "mingjian.sqlite3"

    async def fill() -> None:
        store = sqlite_store(path)
        await store.open()
        keeper = TrailKeeper(store.trail, writer.SIGNER.name, [writer.SIGNER])
        await keeper.open()
        await asyncio.gather(*[writer.append(store, f"before-{number}") for number in range(BEFORE)])
        await keeper.close()
        await store.close()

    asyncio.run(fill())
    return path


def test_any_write_may_fail(original: Path, tmp_path: Path) -> None:
    every = injections(original, tmp_path)
    chosen = every if LONG else Random(20260304).sample(every, SAMPLE)
    with ThreadPoolExecutor(2) as two:
        found = list(two.map(partial(injected, original, tmp_path), chosen))
    assert [one for one in found if one.wrong] == []
    met = sum(one.is_met for one in found)
    assert met >= 0.9 * len(chosen)
    calls = dict(Counter(one.of.call for one in found if one.is_met))
    told = f"\n{met} injections of {len(every)}, by call: {calls}; nothing corrupt, nothing acknowledged lost"
    print(told)  # noqa: T201 - the figures, for whoever runs it with -s


def injections(original: Path, folder: Path) -> list[Injection]:
    """One for every fault at every call that an undisturbed run makes; a thread counts its own calls."""
    path, seen = copied(original, folder / "counted"), folder / "calls"
    told = written(path, f"-o{seen}", f"--trace={','.join(CALLS)}")
    assert (told.code, sorted(told.kept), told.refused) == (0, sorted(writer.KEYS), set())
    counts = Counter(re.findall(r"^(\d+) +(\w+)\(", seen.read_text(errors="replace"), re.MULTILINE))
    most: dict[str, int] = {}
    for (_, call), count in counts.items():
        most[call] = max(most.get(call, 0), count)
    assert most["pwrite64"] > 50
    assert most["fdatasync"] > len(writer.BATCHES)
    return [Injection(call, fault, number + 1) for call in most for fault in FAULTS for number in range(most[call])]


def copied(original: Path, folder: Path) -> Path:
    folder.mkdir()
    return Path(shutil.copy(original, folder))


def written(path: Path, *options: str) -> Told:
    command = ["strace", "-f", "-qq", *options, sys.executable, str(writer.__file__), str(path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    lines = [line.split() for line in done.stdout.splitlines()]
    kept = {line[1]: line[2] for line in lines if line[0] == "kept"}
    return Told(done.returncode, kept, {line[1] for line in lines if line[0] == "refused"})


def injected(original: Path, folder: Path, one: Injection) -> Outcome:
    path = copied(original, folder / f"{one.call}-{one.fault}-{one.number}")
    seen = path.with_name("calls")
    inject = f"--inject={one.call}:{one.fault}:when={one.number}"
    told = written(path, f"-o{seen}", f"--trace={one.call}", inject)
    is_met = told.code == -SIGKILL or "(INJECTED)" in seen.read_text(errors="replace")
    wrong = [*misbehaviour(one, told), *asyncio.run(damage(path, told))]
    shutil.rmtree(path.parent)
    return Outcome(one, is_met, wrong)


def misbehaviour(one: Injection, told: Told) -> list[str]:
    """A failed call is told as a refusal, once; the next batch is written again."""
    if one.fault.startswith("signal"):
        return []
    if told.code and told.kept:
        return [f"it ended with {told.code} after it had begun"]
    batches = [batch for batch in writer.BATCHES if told.refused & set(batch)]
    return [f"refused {batches}"] if len(batches) > 1 and told.kept else []


async def damage(path: Path, told: Told) -> list[str]:
    """The file is whole, what was acknowledged is there once, and asking again gives the same answer."""
    with closing(sqlite3.connect(path)) as connection:
        if (found := connection.execute("PRAGMA integrity_check").fetchall()) != [("ok",)]:
            return [f"corrupt: {found}"]
        if connection.execute("PRAGMA foreign_key_check").fetchall():
            return ["a row refers to none"]
    wrong: list[str] = []
    store = sqlite_store(path)
    await store.open()
    try:
        for key, audit_id in told.kept.items():
            if await store.log.find(audit_id) is None:
                wrong.append(f"{key} was acknowledged, and is lost")
        wrong += [fault.what for fault in (await TrailVerifier(store.trail, store.effects, KEYS).verify()).faults]
        answers = {key: await writer.append(store, key) for key in writer.KEYS}
        wrong += [f"{key} is answered otherwise" for key, one in told.kept.items() if answers[key] != one]
        await TrailKeeper(store.trail, writer.SIGNER.name, [writer.SIGNER]).close()
        wrong += [fault.what for fault in (await TrailVerifier(store.trail, store.effects, KEYS).verify()).faults]
        entries = [len(await store.trail.find(answer or "")) for answer in answers.values()]
        if entries != [1] * len(entries) or (await store.effects.counts())[0].audits != BEFORE + len(writer.KEYS):
            wrong.append("an audit is there twice, or not at all")
    finally:
        await store.close()
    return wrong

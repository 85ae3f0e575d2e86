"""Rules change under load: whoever asks meanwhile gets an answer, by one revision, and soon everybody by the new one.

MINGJIAN_FAULTS=long (`make faults`) moves fifty times.
"""

import http.client
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.interfaces.cli import main
from tests.faults.fleet import Fleet, ask, health
from tests.faults.load import Load, Said, generation
from tests.servers import Postgres, running_redis

LONG = os.environ.get("MINGJIAN_FAULTS") == "long"
MOVES = 50 if LONG else 8
SOON = 2.0  # seconds
_GENERATIONS = 7


class Library:
    """Packs of several generations, and what each must say."""

    def __init__(self, root: Path) -> None:
        made = [(root / str(number), *generation(root / str(number), number)) for number in range(_GENERATIONS)]
        self.folders = [folder for folder, _, _ in made]
        self.revisions = [revision for _, revision, _ in made]
        self.said: dict[str, Said] = {revision: said for _, revision, said in made}
        assert len(self.said) == _GENERATIONS


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return Library(tmp_path_factory.mktemp("packs"))


@pytest.fixture
def start(tmp_path: Path, library: Library) -> Iterator[Callable[..., Fleet]]:
    """Starts a fleet, with these settings."""
    fleets: list[Fleet] = []

    def started(**settings: str) -> Fleet:
        fleets.append(Fleet(tmp_path / "data", library.folders[0], **settings))
        fleets[-1].start()
        return fleets[-1]

    yield started
    for fleet in fleets:
        fleet.kill()


class Mover:
    """Whoever publishes: at the command line, or over HTTP."""

    def __init__(self, fleet: Fleet, library: Library, patch: pytest.MonkeyPatch) -> None:
        self._fleet, self._library = fleet, library
        for name, value in fleet.settings.items():
            patch.setenv(name, value)
        self.current = library.revisions[0]
        self.stored = {self.current}
        self._chance = random.Random(20260301)

    def move(self, count: int) -> str:
        """The revision that was put in force."""
        others = [one for one in self._library.revisions if one != self.current]
        if count % 3 == 2:
            self.current = self._chance.choice([one for one in others if one in self.stored])
            self._activate(self.current)
        else:
            self.current = self._chance.choice(others)
            self._run("publish", "--rules", str(self._library.folders[self._library.revisions.index(self.current)]))
            self.stored.add(self.current)
        return self.current

    def _run(self, *arguments: str) -> None:
        done = CliRunner().invoke(main, ["rules", *arguments])
        assert done.exit_code == 0, done.output
        assert self.current in done.output

    def _activate(self, revision: str) -> None:
        connection = self._fleet.connection()
        status, document, _ = ask(connection, "POST", f"/v1/rulesets/{revision}/activate", {"reason": "测试"})
        connection.close()
        assert (status, document["revision"], document["is_new"]) == (200, revision, True)


def last_move(fleet: Fleet) -> datetime:
    connection = fleet.connection()
    _, document, _ = ask(connection, "GET", "/v1/rulesets?limit=1")
    connection.close()
    return datetime.fromisoformat(document["moves"][0]["at"])


class Watch:
    """Asks every worker without end what it judges by."""

    def __init__(self, lines: dict[str, http.client.HTTPConnection]) -> None:
        self._lines, self._ending = lines, False
        self.judges_by: dict[str, tuple[str, float]] = {}  # by worker, and since when
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._ending:
            for worker, line in self._lines.items():
                said_by, revision = health(line)
                assert said_by == worker
                if self.judges_by.get(worker, ("",))[0] != revision:
                    self.judges_by[worker] = (revision, time.time())
            time.sleep(0.01)

    def seconds_until_all(self, revision: str, since: float) -> float:
        """From that moment until every worker answered by this revision."""
        while {one for one, _ in self.judges_by.values()} != {revision} or len(self.judges_by) < len(self._lines):
            assert self._thread.is_alive()
            assert time.time() - since < 30, f"not all took up {revision}: {self.judges_by}"
            time.sleep(0.005)
        return max(at for _, at in self.judges_by.values()) - since

    def end(self) -> None:
        self._ending = True
        self._thread.join()


def move_under_load(
    fleet: Fleet, library: Library, mover: Mover, moves: int, before: Callable[[int], object] = lambda _: None
) -> list[float]:
    """How long all workers took, for each move. `before` is done before each."""
    load, took = Load(fleet, library.said), []
    try:
        with fleet.line_to_each() as lines:
            watch = Watch(lines)
            try:
                watch.seconds_until_all(mover.current, time.time())
                for count in range(moves):
                    before(count)
                    revision = mover.move(count)
                    took.append(watch.seconds_until_all(revision, last_move(fleet).timestamp()))
                    seen = load.answers[revision]
                    time.sleep(0.3)
                    assert load.answers[revision] > seen, f"nobody is answered by {revision}: {load.faults[:3]}"
            finally:
                watch.end()
    finally:
        load.end()
        told(took, load)
    assert load.faults == []
    assert sum(load.answers.values()) > 50 * moves
    assert len(load.answers) > 1
    return took


def told(took: list[float], load: Load) -> None:
    times, seconds = sorted(took) or [0.0], sorted(load.seconds) or [0.0]
    print(  # noqa: T201 - seen with -s
        f"{len(took)} moves: taken up by all within {times[len(times) // 2]:.2f} s (median), {times[-1]:.2f} s (most);"
        f" {len(seconds)} requests, {sum(load.answers.values())} audits, {len(load.faults)} faults,"
        f" median {1000 * seconds[len(seconds) // 2]:.1f} ms, 99 % {1000 * seconds[len(seconds) * 99 // 100]:.1f} ms,"
        f" most {1000 * seconds[-1]:.0f} ms",
        *load.faults[:5],
        sep="\n",
    )


def test_on_sqlite(start: Callable[..., Fleet], library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = start()
    took = move_under_load(fleet, library, Mover(fleet, library, monkeypatch), MOVES)
    assert max(took) < SOON
    assert "locked" not in fleet.told()


@pytest.mark.skipif(not LONG, reason="the next test has the same and Redis; MINGJIAN_FAULTS=long runs both")
def test_on_postgresql(
    start: Callable[..., Fleet], library: Library, monkeypatch: pytest.MonkeyPatch, postgres: Postgres
) -> None:
    fleet = start(DATABASE_URL=postgres.new_database())
    took = move_under_load(fleet, library, Mover(fleet, library, monkeypatch), MOVES)
    assert max(took) < SOON


def test_on_postgresql_and_redis(
    start: Callable[..., Fleet], library: Library, monkeypatch: pytest.MonkeyPatch, postgres: Postgres
) -> None:
    """Then Redis is killed, started empty, hangs and goes on, again and again while rules are moved."""
    with running_redis() as redis:
        fleet = start(DATABASE_URL=postgres.new_database(), REDIS_URL=redis.url)
        mover = Mover(fleet, library, monkeypatch)
        took = move_under_load(fleet, library, mover, MOVES)
        assert max(took) < SOON
        assert sorted(took)[len(took) // 2] < 0.5  # announced: nobody waits for the next look into the database
        acts = [redis.kill, redis.start, redis.freeze, redis.thaw]
        took = move_under_load(fleet, library, mover, MOVES // 4 * 4, lambda count: acts[count % 4]())
        assert max(took) < SOON

"""Real PostgreSQL and Redis for tests (测试用数据库): started on demand, once for each test process, each in a folder
of its own, on a free port, as a user that is not root; stopped by the process number that they were started with.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

_PATIENCE = 60.0  # seconds until a server that was started must answer
_UNPRIVILEGED = ("postgres", "nobody")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _user() -> str | None:
    """Whom to become before a server starts; None where the tests are not run by root."""
    if os.geteuid() != 0:
        return None
    for name in _UNPRIVILEGED:
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    raise RuntimeError("no unprivileged user to run servers as")


def postgres_binaries() -> Path:
    """The folder with initdb and postgres of the newest installed version, which Debian keeps off the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda one: int(one.parts[-3]))
    if found:
        return found[-1].parent
    if (found_on_path := shutil.which("postgres")) is not None:
        return Path(found_on_path).resolve().parent
    raise RuntimeError("PostgreSQL is not installed; `make test` installs it (apt-get install postgresql)")


class Server:
    """A server process in a folder of its own: `start`, `kill` (SIGKILL), `stop` (in good order), `freeze`, `thaw`."""

    def __init__(self, folder: Path, command: list[str], is_up: Callable[[], bool], port: int) -> None:
        self.folder, self.port, self._command, self._is_up = folder, port, command, is_up
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, "the server does not run"
        return self._process.pid

    def start(self) -> None:
        log = (self.folder / "server.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self.folder,
                stdout=log,
                stderr=log,
                user=_user(),
                extra_groups=[] if _user() else None,
            )
        until = time.monotonic() + _PATIENCE
        while not self._is_up():
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(
                    f"{self._command[0]} did not start:\n{(self.folder / 'server.log').read_text()[-2000:]}"
                )
            time.sleep(0.02)

    def stop(self) -> None:
        self._end(signal.SIGINT)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Hung, not gone: connections stay open and nothing answers. For PostgreSQL all of its processes hang."""
        for pid in (self.pid, *_children(self.pid)):
            with suppress(ProcessLookupError):  # one that served a connection may be gone by now
                os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        for pid in (self.pid, *_children(self.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed]


@contextmanager
def private_folder(name: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=f"mingjian-{name}-"))
    if (user := _user()) is not None:
        shutil.chown(folder, user)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Postgres(Server):
    def __init__(self, folder: Path, shared_buffers: str) -> None:
        self._bin, self._databases = postgres_binaries(), 0
        port, data = free_port(), folder / "data"
        subprocess.run(
            [self._bin / "initdb", "-D", data, "-U", "mingjian", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
            check=True, capture_output=True, user=_user(), cwd=folder, extra_groups=[] if _user() else None,
        )  # fmt: skip
        command = [
            str(self._bin / "postgres"), "-D", str(data), "-p", str(port), "-k", str(folder), "-h", "127.0.0.1",
            "-c", "max_connections=100", "-c", f"shared_buffers={shared_buffers}",
        ]  # fmt: skip
        super().__init__(folder, command, self._answers, port)

    def _answers(self) -> bool:
        ready = [self._bin / "pg_isready", "-h", "127.0.0.1", "-p", str(self.port), "-q"]
        return subprocess.run(ready, check=False).returncode == 0

    def sql(self, statement: str, database: str = "postgres") -> str:
        """What psql prints, without head and frame."""
        ask = [self._bin / "psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "mingjian", "-XAtq", "-d", database]
        done = subprocess.run(
            [*ask, "-v", "ON_ERROR_STOP=1", "-c", statement], check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def new_database(self) -> str:
        """The URL of an empty database."""
        self._databases += 1
        name = f"test{self._databases}"
        self.sql(f"CREATE DATABASE {name}")
        return self.url(name)

    def url(self, database: str) -> str:
        return f"postgresql://mingjian@127.0.0.1:{self.port}/{database}"


class Redis(Server):
    def __init__(self, folder: Path) -> None:
        binary = shutil.which("redis-server")
        if binary is None:
            raise RuntimeError("Redis is not installed; `make test` installs it (apt-get install redis-server)")
        port = free_port()
        command = [
            binary,
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--dir",
            str(folder),
            "--save",
            "",
            "--appendonly",
            "no",
        ]
        super().__init__(folder, command, self._answers, port)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(7) == b"+PONG\r\n"
        except OSError:
            return False

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"


@contextmanager
def running_postgres(shared_buffers: str = "64MB") -> Iterator[Postgres]:
    with private_folder("postgres") as folder:
        server = Postgres(folder, shared_buffers)
        server.start()
        try:
            yield server
        finally:
            server.kill()


@contextmanager
def running_redis() -> Iterator[Redis]:
    with private_folder("redis") as folder:
        server = Redis(folder)
        server.start()
        try:
            yield server
        finally:
            server.kill()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for the whole session; tests that stop, freeze or kill it run their own with running_postgres()."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    """Likewise for Redis; tests that want it empty flush it."""
    with running_redis() as server:
        yield server

"""POST /v1/audits with its durable record, beside an endpoint that only decodes the same body, and 3101 beside both.

The servers run as one worker in a process of their own; another process keeps 16 connections busy over loopback. Rounds
alternate, medians are told. The 3101 messages say the same encounters in the national form.
"""

import asyncio
import contextlib
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import Request, urlopen

import msgspec

from app.domain.audit import AuditRequest
from benchmarks.generate import World, write_packs
from benchmarks.nhsa_message import message_of

CONNECTIONS = 16
KEY = "benchmark-key"


class Round(NamedTuple):
    requests_per_second: float
    p50_ms: float
    p99_ms: float


def run(quick: bool = False) -> list[str]:
    rounds, seconds = (3, 1.5) if quick else (7, 4.0)
    with tempfile.TemporaryDirectory() as folder:
        packs = Path(folder) / "rules"
        world = World(300, 10_000) if quick else World(3000, 100_000)
        write_packs(world, packs)
        bodies, messages = Path(folder) / "bodies", Path(folder) / "messages"
        bodies.mkdir()
        messages.mkdir()
        for encounter in world.encounters(200):
            body = msgspec.json.encode(AuditRequest(encounter=encounter))
            (bodies / f"{encounter.id}.json").write_bytes(body)
            (messages / f"{encounter.id}.json").write_bytes(message_of(encounter))
        measured: dict[str, list[Round]] = {"echo": [], "audit": [], "3101": []}
        with server("echo", folder, packs) as echo, server("audit", folder, packs) as audit:
            _agree(audit, bodies, messages)
            for _ in range(rounds):
                measured["echo"].append(load(echo, "/echo", bodies, seconds))
                measured["audit"].append(load(audit, "/v1/audits", bodies, seconds))
                measured["3101"].append(load(audit, "/fsi/api/3101", messages, seconds))
    return _report(measured)


def _agree(port: int, bodies: Path, messages: Path) -> None:
    """Both forms of an encounter must be found at fault alike, or their costs could not be compared."""
    total = 0
    for body in sorted(bodies.iterdir())[:20]:
        plain = _post(port, "/v1/audits", body.read_bytes())["findings"]
        national = _post(port, "/fsi/api/3101", (messages / body.name).read_bytes())["output"]["result"]
        if sorted(one["message"] for one in plain) != sorted(one["vola_cont"] for one in national):
            raise RuntimeError(f"3101 finds something else than REST for {body.name}")
        total += len(plain)
    if not total:
        raise RuntimeError("nothing was found at fault: the packs are not those of the encounters")


def _post(port: int, path: str, body: bytes) -> Any:
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    with urlopen(Request(f"http://127.0.0.1:{port}{path}", body, headers), timeout=30) as answer:
        return msgspec.json.decode(answer.read())


def _report(measured: dict[str, list[Round]]) -> list[str]:
    medians = {
        name: Round(*(statistics.median(values) for values in zip(*rounds, strict=True)))
        for name, rounds in measured.items()
    }
    print(f"{'endpoint':<10}{'requests/s':>12}{'p50 ms':>10}{'p99 ms':>10}")
    for name, median in medians.items():
        print(f"{name:<10}{median.requests_per_second:>12.0f}{median.p50_ms:>10.2f}{median.p99_ms:>10.2f}")
    national = medians["audit"].requests_per_second / medians["3101"].requests_per_second
    share = medians["audit"].requests_per_second / medians["echo"].requests_per_second
    return [
        _goal("POST /v1/audits, share of the echo's throughput", f"{share:.0%}", share >= 0.55, "≥ 55 %"),
        _goal("POST /v1/audits, p99", f"{medians['audit'].p99_ms:.1f} ms", medians["audit"].p99_ms < 20, "< 20 ms"),
        _goal("3101, cost of a request beside POST /v1/audits", f"{national:.2f}×", national <= 1.3, "≤ 1.3×"),
    ]


def _goal(what: str, figure: str, met: bool, goal: str) -> str:
    return f"{'met   ' if met else 'missed'}  {what}: {figure} (goal {goal})"


@contextlib.contextmanager
def server(name: str, folder: str, packs: Path) -> Iterator[int]:
    with worker(name, folder, packs) as (port, _):
        yield port


@contextlib.contextmanager
def worker(name: str, folder: str, packs: Path) -> Iterator[tuple[int, int]]:
    """The port it listens on, and the id of its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    environment = {
        **os.environ,
        "PORT": str(port),
        "MINGJIAN_API_KEY": KEY,
        "MINGJIAN_RULES_DIR": str(packs),
        "MINGJIAN_DATA_DIR": str(Path(folder) / name),
    }
    command = [sys.executable, "-m", "benchmarks.servers", name]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(15)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.05)
    raise RuntimeError("the server did not start")


def load(port: int, path: str, bodies: Path, seconds: float) -> Round:
    command = [sys.executable, "-m", "benchmarks.http", str(port), path, str(bodies), str(seconds)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return Round(*(float(number) for number in told))


async def _client(port: int, path: str, bodies: list[bytes], until: float, times: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nContent-Type: application/json\r\n"
    requests = [f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body for body in bodies]
    number = 0
    while (started := time.perf_counter()) < until:
        writer.write(requests[number % len(requests)])
        answer = await reader.readuntil(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(answer.decode())
        length = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        times.append(time.perf_counter() - started)
        number += 1
    writer.close()


async def _drive(port: int, path: str, folder: Path, seconds: float) -> None:
    bodies = [file.read_bytes() for file in sorted(folder.iterdir())]
    times: list[float] = []
    until = time.perf_counter() + seconds
    clients = (_client(port, path, bodies[number:] + bodies[:number], until, times) for number in range(CONNECTIONS))
    await asyncio.gather(*clients)
    ordered = sorted(times)
    p50, p99 = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
    print(len(times) / seconds, p50 * 1000, p99 * 1000)


if __name__ == "__main__":
    import uvloop

    uvloop.run(_drive(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), float(sys.argv[4])))

"""POST /v1/audits with its durable record, beside a FastAPI endpoint that only decodes the same body and echoes.

Both run as one worker in a process of their own; a third process keeps 16 connections busy over loopback. Rounds
alternate, medians are told.
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
from typing import NamedTuple

import msgspec

from app.domain.audit import AuditRequest
from benchmarks.generate import World, write_packs

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
        bodies = Path(folder) / "bodies"
        bodies.mkdir()
        for encounter in world.encounters(200):
            body = msgspec.json.encode(AuditRequest(encounter=encounter))
            (bodies / f"{encounter.id}.json").write_bytes(body)
        measured: dict[str, list[Round]] = {"echo": [], "audit": []}
        with _server("echo", folder, packs) as echo, _server("audit", folder, packs) as audit:
            for _ in range(rounds):
                for name, port in (("echo", echo), ("audit", audit)):
                    measured[name].append(_load(port, "/echo" if name == "echo" else "/v1/audits", bodies, seconds))
    return _report(measured)


def _report(measured: dict[str, list[Round]]) -> list[str]:
    medians = {
        name: Round(*(statistics.median(values) for values in zip(*rounds, strict=True)))
        for name, rounds in measured.items()
    }
    print(f"{'endpoint':<10}{'requests/s':>12}{'p50 ms':>10}{'p99 ms':>10}")
    for name, median in medians.items():
        print(f"{name:<10}{median.requests_per_second:>12.0f}{median.p50_ms:>10.2f}{median.p99_ms:>10.2f}")
    share = medians["audit"].requests_per_second / medians["echo"].requests_per_second
    return [
        _goal("POST /v1/audits, share of the echo's throughput", f"{share:.0%}", share >= 0.55, "≥ 55 %"),
        _goal("POST /v1/audits, p99", f"{medians['audit'].p99_ms:.1f} ms", medians["audit"].p99_ms < 20, "< 20 ms"),
    ]


def _goal(what: str, figure: str, met: bool, goal: str) -> str:
    return f"{'met   ' if met else 'missed'}  {what}: {figure} (goal {goal})"


@contextlib.contextmanager
def _server(name: str, folder: str, packs: Path) -> Iterator[int]:
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
        yield port
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


def _load(port: int, path: str, bodies: Path, seconds: float) -> Round:
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
    clients = (
        _client(port, path, bodies[number:] + bodies[:number], until, times) for number in range(CONNECTIONS)
    )
    await asyncio.gather(*clients)
    ordered = sorted(times)
    p50, p99 = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
    print(len(times) / seconds, p50 * 1000, p99 * 1000)


if __name__ == "__main__":
    import uvloop

    uvloop.run(_drive(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), float(sys.argv[4])))

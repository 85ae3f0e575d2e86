"""order-sign with 40 draft orders beside POST /v1/audits with the same 40 lines, one worker, durable records.

First 50 requests a second are sent at their times, whether or not earlier ones were answered, and their waiting counts.
Then 16 connections are kept busy, for the cost of a request. Rounds alternate, medians are told.
"""

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.fhir_message import as_orders, order_sign_body, rest_body
from benchmarks.generate import World, write_packs
from benchmarks.goals import goal
from benchmarks.http import KEY, Round, _load, _post, _server

RATE = 50  # requests a second
PATHS = {"REST": "/v1/audits", "order-sign": "/cds-services/mingjian-order-sign"}


def run(quick: bool = False) -> list[str]:
    rounds, seconds = (3, 3.0) if quick else (5, 10.0)
    with tempfile.TemporaryDirectory() as folder:
        world = World(300, 10_000) if quick else World(3000, 100_000)
        packs = Path(folder) / "rules"
        write_packs(world, packs)
        bodies = _write_bodies(world, Path(folder))
        steady: dict[str, list[Round]] = {name: [] for name in PATHS}
        busy: dict[str, list[Round]] = {name: [] for name in PATHS}
        with _server("audit", folder, packs) as port:
            _agree(port, bodies)
            for _ in range(rounds):
                for name, path in PATHS.items():
                    steady[name].append(_at_rate(port, path, bodies[name], seconds))
                    busy[name].append(_load(port, path, bodies[name], seconds / 2))
    return _report(steady, busy)


def _write_bodies(world: World, folder: Path) -> dict[str, Path]:
    found = {name: folder / f"bodies {name}" for name in PATHS}
    for one in found.values():
        one.mkdir()
    for number, made in enumerate(world.encounters(200)):
        encounter = as_orders(made)
        (found["REST"] / f"{encounter.id}.json").write_bytes(rest_body(encounter))
        (found["order-sign"] / f"{encounter.id}.json").write_bytes(order_sign_body(encounter, number))
    return found


def _agree(port: int, bodies: dict[str, Path]) -> None:
    """Both forms of an encounter must be found at fault alike, or their costs could not be compared."""
    total = 0
    for body in sorted(bodies["REST"].iterdir())[:20]:
        plain = [one["id"] for one in _post(port, PATHS["REST"], body.read_bytes())["findings"]]
        answer = _post(port, PATHS["order-sign"], (bodies["order-sign"] / body.name).read_bytes())
        cards = [one["uuid"].replace("-", "") for one in answer["cards"]]
        if not set(cards) <= set(plain) or len(cards) != min(len(plain), 10) or len(answer["systemActions"]) != 40:
            raise RuntimeError(f"order-sign tells something else than REST for {body.name}")
        total += len(cards)
    if not total:
        raise RuntimeError("nothing was found at fault: the packs are not those of the encounters")


def _at_rate(port: int, path: str, bodies: Path, seconds: float) -> Round:
    command = [sys.executable, "-m", "benchmarks.cds_hooks", str(port), path, str(bodies), str(seconds)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return Round(*(float(number) for number in told))


def _report(steady: dict[str, list[Round]], busy: dict[str, list[Round]]) -> list[str]:
    def median(rounds: list[Round]) -> Round:
        return Round(*(statistics.median(values) for values in zip(*rounds, strict=True)))

    print(f"{'':<12}{'at 50/s: p50 ms':>18}{'p99 ms':>10}{'busy: requests/s':>20}{'p99 ms':>10}")
    for name in PATHS:
        calm, full = median(steady[name]), median(busy[name])
        print(
            f"{name:<12}{calm.p50_ms:>18.2f}{calm.p99_ms:>10.2f}{full.requests_per_second:>20.0f}{full.p99_ms:>10.2f}"
        )
    p99 = median(steady["order-sign"]).p99_ms
    cost = median(busy["REST"]).requests_per_second / median(busy["order-sign"]).requests_per_second
    return [
        goal("order-sign with 40 orders at 50 requests/s, p99", f"{p99:.1f} ms", p99 < 60, "< 60 ms"),
        goal("order-sign, cost of a request beside POST /v1/audits", f"{cost:.2f}×", cost <= 1.5, "≤ 1.5×"),
    ]


async def _one(port: int, request: bytes, due: float, times: list[float], spare: list[Any]) -> None:
    reader, writer = spare.pop() if spare else await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await reader.readuntil(b"\r\n\r\n")
    if not answer.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(answer.decode())
    await reader.readexactly(int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
    times.append(time.perf_counter() - due)
    spare.append((reader, writer))


async def _drive(port: int, path: str, folder: Path, seconds: float) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nContent-Type: application/json\r\n"
    bodies = [file.read_bytes() for file in sorted(folder.iterdir())]
    requests = [f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body for body in bodies]
    times: list[float] = []
    spare: list[Any] = []
    started, tasks = time.perf_counter() + 0.1, []
    for number in range(int(seconds * RATE)):
        due = started + number / RATE
        await asyncio.sleep(max(due - time.perf_counter(), 0))
        tasks.append(asyncio.create_task(_one(port, requests[number % len(requests)], due, times, spare)))
    await asyncio.gather(*tasks)
    ordered = sorted(times)
    print(len(times) / seconds, ordered[len(ordered) // 2] * 1000, ordered[int(len(ordered) * 0.99)] * 1000)


if __name__ == "__main__":
    import uvloop

    uvloop.run(_drive(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), float(sys.argv[4])))

"""order-sign with 40 draft orders beside POST /v1/audits with the same 40 lines, one worker, durable records.

First 50 requests a second are sent at their times, whether or not earlier ones were answered, and their waiting counts.
Then 16 connections are kept busy, for the cost of a request: what the worker takes of the processor for it (user and
system), which others on the machine change less than how many requests it serves. Who is overloaded judges less, and
that costs less: how many answers say so is told. Rounds alternate, medians are told. `JWT` is order-sign with a token
of its own on each request (ES384), as the standard wants it; without, a key of the service is sent.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jwt.algorithms import ECAlgorithm

from benchmarks.fhir_message import as_orders, order_sign_body, rest_body
from benchmarks.generate import World, write_packs
from benchmarks.goals import goal
from benchmarks.http import CONNECTIONS, KEY, _post, worker

RATE = 50  # requests a second
SIGN = "/cds-services/mingjian-order-sign"
PATHS = {"REST": "/v1/audits", "order-sign": SIGN, "JWT": SIGN}
BASE, ISSUER = "https://audit.example", "https://emr.example"
_MOST_REQUESTS = 6_000  # in a round, for each of which a token is made beforehand
_AT_REST, _LONGEST_REST = 0.02, 10.0  # seconds: of the processor in a quarter of a second, and of waiting for that
_DEGRADED = b'"degraded":["'


class Round(NamedTuple):
    requests_per_second: float
    p50_ms: float
    p99_ms: float
    degraded: float  # share of the answers
    processor_ms: float = 0  # of the worker, for one request


def run(quick: bool = False) -> list[str]:
    rounds, seconds = (3, 3.0) if quick else (5, 10.0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        world = World(300, 10_000) if quick else World(3000, 100_000)
        write_packs(world, folder / "rules")
        _write_bodies(world, folder)
        os.environ["MINGJIAN_CDS_CLIENTS"] = str(_write_client(folder))
        measured: dict[tuple[str, str], list[Round]] = {}
        with worker("audit", name, folder / "rules") as (port, process):
            _agree(port, folder)
            for _ in range(rounds):
                for which in PATHS:
                    for how, length in (("steady", seconds), ("busy", seconds / 2)):
                        one = _round((port, process), which, how, folder, length)
                        measured.setdefault((which, how), []).append(one)
        del os.environ["MINGJIAN_CDS_CLIENTS"]
    return _report({key: _median(rounds) for key, rounds in measured.items()})


def _write_bodies(world: World, folder: Path) -> None:
    for name in PATHS:
        (folder / name).mkdir()
    for number, made in enumerate(world.encounters(200)):
        encounter = as_orders(made)
        (folder / "REST" / f"{encounter.id}.json").write_bytes(rest_body(encounter))
        for name in ("order-sign", "JWT"):
            (folder / name / f"{encounter.id}.json").write_bytes(order_sign_body(encounter, number))


def _write_client(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP384R1())
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    keys = {"keys": [{**json.loads(ECAlgorithm.to_jwk(key.public_key())), "kid": "k1"}]}
    file = folder / "clients.json"
    file.write_text(json.dumps({"bases": [BASE], "clients": [{"issuer": ISSUER, "name": "emr", "keys": keys}]}))
    return file


def _agree(port: int, folder: Path) -> None:
    """Both forms of an encounter must be found at fault alike, or their costs could not be compared."""
    total = 0
    for body in sorted((folder / "REST").iterdir())[:20]:
        plain = [one["id"] for one in _post(port, PATHS["REST"], body.read_bytes())["findings"]]
        answer = _post(port, SIGN, (folder / "order-sign" / body.name).read_bytes())
        cards = [one["uuid"].replace("-", "") for one in answer["cards"]]
        if not set(cards) <= set(plain) or bool(cards) != bool(plain) or len(answer["systemActions"]) != 40:
            raise RuntimeError(f"order-sign tells something else than REST for {body.name}")
        total += len(cards)
    if not total:
        raise RuntimeError("nothing was found at fault: the packs are not those of the encounters")


def _round(served: tuple[int, int], which: str, how: str, folder: Path, seconds: float) -> Round:
    port, process = served
    command = [sys.executable, "-m", "benchmarks.cds_hooks", str(port), which, how, str(folder), str(seconds)]
    before = _processor_seconds(process)
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    used = _processor_seconds(process) - before
    one = Round(*(float(number) for number in told))
    return one._replace(processor_ms=used * 1000 / (one.requests_per_second * seconds))


def _processor_seconds(process: int) -> float:
    """User and system time of all its threads, once it is done with what goes on behind its answers."""
    before, used, until = -1.0, _used(process), time.monotonic() + _LONGEST_REST
    while used - before > _AT_REST and time.monotonic() < until:
        time.sleep(0.25)
        before, used = used, _used(process)
    return used


def _used(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _median(rounds: list[Round]) -> Round:
    return Round(*(statistics.median(values) for values in zip(*rounds, strict=True)))


def _report(medians: dict[tuple[str, str], Round]) -> list[str]:
    print(f"{'':<12}{'at 50/s: p50 ms':>16}{'p99 ms':>9}{'busy: requests/s':>18}{'p99 ms':>9}", end="")
    print(f"{'processor ms':>14}{'degraded':>10}")
    for name in PATHS:
        calm, full = medians[name, "steady"], medians[name, "busy"]
        print(f"{name:<12}{calm.p50_ms:>16.2f}{calm.p99_ms:>9.2f}{full.requests_per_second:>18.0f}", end="")
        print(f"{full.p99_ms:>9.2f}{full.processor_ms:>14.2f}{full.degraded:>10.0%}")
    p99, rest = medians["JWT", "steady"].p99_ms, medians["REST", "busy"]
    told = [goal("order-sign with 40 orders and JWT at 50 requests/s, p99", f"{p99:.1f} ms", p99 < 60, "< 60 ms")]
    for name, what in (("order-sign", "order-sign"), ("JWT", "the same with JWT")):
        one = medians[name, "busy"]
        cost, fewer = one.processor_ms / rest.processor_ms, rest.requests_per_second / one.requests_per_second
        figure = f"{cost:.2f}× the processor ({fewer:.2f}× by requests/s)"
        told.append(goal(f"{what}, cost of a request beside POST /v1/audits", figure, cost <= 1.5, "≤ 1.5×"))
    return told


class _Client:
    """Sends requests over connections that stay open."""

    def __init__(self, port: int, path: str, bodies: list[bytes], credentials: Iterator[str]) -> None:
        self._port, self._path, self._bodies, self._credentials = port, path, bodies, credentials
        self._spare: list[Any] = []
        self.times: list[float] = []
        self.degraded = 0

    async def send(self, number: int, due: float) -> None:
        body = self._bodies[number % len(self._bodies)]
        head = f"POST {self._path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {next(self._credentials)}\r\n"
        reader, writer = self._spare.pop() if self._spare else await asyncio.open_connection("127.0.0.1", self._port)
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(answer.decode())
        told = await reader.readexactly(int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
        self.degraded += _DEGRADED in told
        self.times.append(time.perf_counter() - due)
        self._spare.append((reader, writer))


def _tokens(folder: Path) -> Iterator[str]:
    """Made before the clock starts: each may be used once."""
    key, now = (folder / "key.pem").read_text(), int(time.time())
    told = {"iss": ISSUER, "aud": BASE + SIGN, "iat": now, "exp": now + 300}
    made = [
        jwt.encode({**told, "jti": str(uuid4())}, key, "ES384", headers={"kid": "k1"}) for _ in range(_MOST_REQUESTS)
    ]
    return iter(made)


async def _steady(client: _Client, seconds: float) -> None:
    started, tasks = time.perf_counter() + 0.1, []
    for number in range(int(seconds * RATE)):
        due = started + number / RATE
        await asyncio.sleep(max(due - time.perf_counter(), 0))
        tasks.append(asyncio.create_task(client.send(number, due)))
    await asyncio.gather(*tasks)


async def _busy(client: _Client, seconds: float) -> None:
    numbers, until = count(), time.perf_counter() + seconds

    async def one() -> None:
        while (started := time.perf_counter()) < until:
            await client.send(next(numbers), started)

    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))


async def _drive(port: int, which: str, how: str, folder: Path, seconds: float) -> None:
    bodies = [file.read_bytes() for file in sorted((folder / which).iterdir())]
    credentials = _tokens(folder) if which == "JWT" else (KEY for _ in count())
    client = _Client(port, PATHS[which], bodies, credentials)
    await (_steady if how == "steady" else _busy)(client, seconds)
    ordered = sorted(client.times)
    p50, p99 = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
    print(len(ordered) / seconds, p50 * 1000, p99 * 1000, client.degraded / len(ordered))


if __name__ == "__main__":
    import uvloop

    uvloop.run(_drive(int(sys.argv[1]), sys.argv[2], sys.argv[3], Path(sys.argv[4]), float(sys.argv[5])))

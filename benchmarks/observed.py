"""What watching costs a request: the same hot lane in process, bare, and within ids, metrics and access log.

Rounds alternate and the fastest of each is told, as whatever else runs on the machine only ever adds.
"""

import asyncio
import time
from typing import Any

from app.interfaces.asgi import Application, FastLane, respond
from app.interfaces.observe.access_log import AccessLog
from app.interfaces.observe.metrics import Metrics
from app.interfaces.observe.observed import Observed
from app.interfaces.observe.watching import routes_of
from app.settings import Settings
from benchmarks.goals import goal

_GOAL = 10.0  # µs


async def _lane(_: Any, receive: Any, send: Any) -> None:
    await receive()
    await respond(send, 200, b"{}")


async def _behind(*_: Any) -> None:
    raise RuntimeError("the lane serves")


async def _seconds(app: Application, count: int) -> float:
    """For one request, of many one after the other."""
    headers = [(b"host", b"127.0.0.1"), (b"content-type", b"application/json"), (b"authorization", b"Bearer x")]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"{}"}

    async def send(message: Any) -> None: ...

    started = time.perf_counter()
    for _ in range(count):
        await app({"type": "http", "method": "POST", "path": "/v1/audits", "headers": headers}, receive, send)
    return (time.perf_counter() - started) / count


def run(quick: bool = False) -> list[str]:
    rounds, count = (15, 2_000) if quick else (30, 10_000)
    bare = FastLane(_behind, {("POST", "/v1/audits"): _lane})
    routes, written = routes_of(Settings()), 0

    def write(text: str) -> None:
        nonlocal written
        written += len(text)

    silent = Observed(bare, routes, Metrics())
    whole = Observed(bare, routes, Metrics(), AccessLog(True, write))
    apps: tuple[Application, ...] = (bare, silent, whole)
    found: dict[str, list[float]] = {"bare": [], "metrics and ids": [], "and access log": []}
    for _ in range(rounds):
        for name, app in zip(found, apps, strict=True):
            found[name].append(asyncio.run(_seconds(app, count)))
    if not written:
        raise RuntimeError("nothing was logged: the cost is not that of an access log")
    best = {name: min(seconds) * 1e6 for name, seconds in found.items()}
    for name, cost in best.items():
        print(f"{name:16} {cost:6.2f} µs a request, {cost / best['bare']:.2f} times the bare lane")
    more = {name: best[name] - best["bare"] for name in ("metrics and ids", "and access log")}
    told = f"+{more['and access log']:.1f} µs, of which ids and metrics {more['metrics and ids']:.1f}"
    return [goal("watching a request", told, more["and access log"] <= _GOAL, f"≤ {_GOAL:.0f} µs")]

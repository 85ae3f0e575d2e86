"""A service behind the admission (准入测试): it answers when it is let, and what asks it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from app.application.deadline import SHED
from app.application.pressure import Pressure
from app.domain.access import Caller, Role
from app.domain.work import Work
from app.interfaces.admission import Admission
from app.interfaces.asgi import Receive, Scope, Send, read_body, respond
from app.interfaces.caller import KEY
from app.interfaces.rate_limits import RateLimits
from app.interfaces.waiting import Limits
from app.interfaces.work import WorkTable

NARROW = {work: Limits(running=2, waiting=3, patience=0.05, lag=1.0) for work in Work}
PATHS = {
    Work.ORDERING: ("POST", "/v1/audits"),
    Work.SETTLING: ("POST", "/v1/settlements/preview"),
    Work.RETROSPECTIVE: ("POST", "/v1/audits/bulk"),
    Work.DASHBOARD: ("GET", "/v1/rules"),
    Work.EXPORT: ("GET", "/v1/trail/entries"),
}


class Service:
    """Behind the admission: it answers when it is let, and tells whether it was to judge."""

    def __init__(self) -> None:
        self.served: list[str] = []
        self.unjudged: list[str] = []
        self.running = self.most = 0
        self.free = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller = scope[KEY].id
        if SHED.get():
            self.unjudged.append(caller)
        else:
            self.served.append(caller)
            self.running += 1
            self.most = max(self.most, self.running)
            await self.free.wait()
            self.running -= 1
        await respond(send, 200, await read_body(scope, receive, 10_000))


class Answer:
    def __init__(self) -> None:
        self.status, self.body = 0, b""
        self.headers: dict[bytes, bytes] = {}


async def ask(
    app: Admission, work: Work, caller: str = "a", body: bytes = b"{}", path: str = "", **headers: str
) -> Answer:
    method, usual = PATHS[work]
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope: Scope = {"type": "http", "method": method, "path": path or usual, "headers": named}
    scope[KEY] = Caller(id=caller, roles=frozenset({Role.HIS_CLIENT}))
    answer, parts = Answer(), [{"type": "http.request", "body": body}]

    async def receive() -> Any:
        return parts.pop()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answer.status, answer.headers = message["status"], dict(message["headers"])
        else:
            answer.body += message["body"]

    await app(scope, receive, send)
    return answer


def run(test: Callable[[Admission, Service], Awaitable[None]], rates: dict[Work, float] | None = None) -> None:
    async def go() -> None:
        service = Service()
        await test(Admission(service, Pressure(), WorkTable(("/fsi/api",)), RateLimits(rates), NARROW), service)

    asyncio.run(go())

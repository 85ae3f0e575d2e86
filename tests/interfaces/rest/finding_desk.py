"""The work on findings by REST for tests (测试用疑点接口): the real routers over a real database."""

import asyncio
import shutil
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import msgspec
from fastapi import FastAPI

from app.application.export_findings import Limits
from app.application.reviewing import Reviewing
from app.domain.access import EVERYWHERE, Caller, Role, Scope
from app.domain.review import Review
from app.domain.review_policy import DEFAULT_POLICY
from app.engine.ruleset import Ruleset
from app.interfaces.caller import KEY
from app.interfaces.refusals import answer_refusals
from app.interfaces.rest.finding_work import FindingWork
from app.store.sqlite.store import sqlite_store
from app.store.store import Store
from app.trail.entry import Body, Kind, read_body
from tests.application.reviewing import _empty
from tests.domain.review_build import CALENDAR
from tests.store.reviewing import put

LIMITS = Limits(usual=20, lead=30)
_WHO = "x-who"


def person(name: str, *roles: Role, scope: Scope = EVERYWHERE) -> Caller:
    return Caller(id=name, roles=frozenset(roles), scope=scope, kind="session", name=name)


STAFF = person("staff-1", Role.AUDIT_STAFF)
OTHER = person("staff-2", Role.AUDIT_STAFF)
LEAD = person("lead-1", Role.AUDIT_LEAD)
HEAD = person(
    "head-1", Role.DEPARTMENT_HEAD, scope=Scope(facilities=frozenset({"F1"}), departments=frozenset({"内科"}))
)


class Desk(NamedTuple):
    store: Store
    client: httpx.AsyncClient

    async def ask(self, caller: Caller, method: str, path: str, **sent: Any) -> httpx.Response:
        headers = {**sent.pop("headers", {}), _WHO: b64encode(msgspec.json.encode(caller)).decode()}
        return await self.client.request(method, path, headers=headers, **sent)

    async def told(self, kind: Kind) -> list[Body]:
        """Entries of the trail of this kind."""
        entries = await self.store.trail.entries(0, await self.store.trail.size())
        return [read_body(one.body) for one in entries if one.kind == kind]


@asynccontextmanager
async def opened(
    folder: Path, *reviews: Review, store: Callable[[Store], Store] = lambda one: one
) -> AsyncIterator[Desk]:
    """`store` may put something in the place of a part."""
    kept = sqlite_store(folder / "mingjian.sqlite3")
    await kept.open()
    try:
        if reviews:
            await put(kept, *reviews)
        app = FastAPI()
        for one in _work(store(kept), folder).routers():
            app.include_router(one)
        answer_refusals(app)

        async def gated(scope: Any, receive: Any, send: Any) -> None:
            told = dict(scope["headers"])[_WHO.encode()]
            scope[KEY] = msgspec.json.decode(b64decode(told), type=Caller)
            await app(scope, receive, send)

        async with httpx.AsyncClient(transport=httpx.ASGITransport(gated), base_url="http://x") as client:
            yield Desk(kept, client)
    finally:
        await kept.close()


def _work(store: Store, folder: Path) -> FindingWork:
    def none() -> Ruleset:
        raise AssertionError("no rule is asked for")

    reviewing = Reviewing(store, none, CALENDAR, DEFAULT_POLICY)
    return FindingWork(store, store.log, none, reviewing, folder / "cache", LIMITS)  # type: ignore[arg-type]


def with_desk(folder: Path, reviews: list[Review], steps: Callable[[Desk], Awaitable[None]], **changed: Any) -> None:
    shutil.copytree(_empty(folder.parent), folder, dirs_exist_ok=True)

    async def all_of_it() -> None:
        async with opened(folder, *reviews, **changed) as desk:
            await steps(desk)

    asyncio.run(all_of_it())


def problem(answer: httpx.Response, status: int, name: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    document: dict[str, Any] = answer.json()
    assert document["type"] == f"urn:mingjian:problem:{name}"
    return document

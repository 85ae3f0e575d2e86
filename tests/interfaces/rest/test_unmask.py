"""POST /v1/audits/{id}/unmask: what a person is told, and what everybody else is (查看身份信息)."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.domain.access import Caller, Role
from app.interfaces.caller import KEY
from app.interfaces.refusals import answer_refusals
from app.interfaces.rest.unmask import unmask_router, unmasker_of
from app.store.audit_log import AuditRecord
from app.store.opening import store_at
from app.store.store import Store
from tests.interfaces.nhsa import messages

WHY = {"reason": "核对患者身份，电话回访"}
BODY = json.dumps(messages.message(), ensure_ascii=False).encode()
PERSON = Caller(id="u1", roles=frozenset({Role.AUDIT_LEAD}), kind="session")


@asynccontextmanager
async def desk(folder: Path, caller: Caller) -> AsyncIterator[tuple[Store, httpx.AsyncClient]]:
    store = store_at(None, folder / "mingjian.sqlite3")
    await store.open()
    await store.log.append(
        AuditRecord(
            id="a1", recorded_at=datetime.now(UTC), caller="his", facility="F1", encounter="M0001", stage="ordering",
            decision="pass", ruleset="r", request=BODY, request_digest=sha256(BODY).digest(), audit=b"{}", hidden=b"[]",
            findings=[],
        )
    )  # fmt: skip
    app = FastAPI()
    app.include_router(unmask_router(unmasker_of(store.log, store)))
    answer_refusals(app)

    async def gated(scope: Any, receive: Any, send: Any) -> None:
        scope[KEY] = caller
        await app(scope, receive, send)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(gated), base_url="http://x") as client:
        yield store, client
    await store.close()


def test_a_person_with_a_reason(tmp_path: Path) -> None:
    async def steps() -> None:
        async with desk(tmp_path, PERSON) as (store, client):
            answer = await client.post("/v1/audits/a1/unmask", json=WHY)
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == "no-store"
            told = {one["kind"]: one["value"] for one in answer.json()["patient"]}
            assert told == {"name": "测试甲", "patient": "P0001", "birth_date": "1955-06-01"}
            assert [one.kind for one in await store.trail.find("a1")] == ["audit", "unmasked"]

    asyncio.run(steps())


@pytest.mark.parametrize(
    ("caller", "path", "body", "status"),
    [
        (PERSON, "a1", {}, 422),
        (PERSON, "a1", {"reason": "短"}, 422),
        (PERSON, "a1", {"reason": "         "}, 422),
        (PERSON, "a1", {**WHY, "more": 1}, 422),
        (PERSON, "a2", WHY, 404),
        (Caller(id="k1", roles=PERSON.roles, kind="key"), "a1", WHY, 403),
        (Caller(id="u2", roles=frozenset({Role.MANAGEMENT}), kind="session"), "a1", WHY, 403),
    ],
)
def test_everybody_else(caller: Caller, path: str, body: Any, status: int, tmp_path: Path) -> None:
    async def steps() -> None:
        async with desk(tmp_path, caller) as (store, client):
            answer = await client.post(f"/v1/audits/{path}/unmask", json=body)
            assert answer.status_code == status
            assert answer.headers["content-type"] == "application/problem+json"
            assert "测试甲" not in answer.text
            assert [one.kind for one in await store.trail.find("a1")] == ["audit"]

    asyncio.run(steps())


def test_nothing_is_told_where_the_trail_cannot_be_written(tmp_path: Path) -> None:
    async def steps() -> None:
        async with desk(tmp_path, PERSON) as (store, client):
            await asyncio.to_thread(store.log.close)  # type: ignore[attr-defined]
            answer = await client.post("/v1/audits/a1/unmask", json=WHY)
            assert answer.status_code == 503
            assert "测试甲" not in answer.text

    asyncio.run(steps())

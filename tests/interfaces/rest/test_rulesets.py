"""GET /v1/rulesets and POST /v1/rulesets/{revision}/activate."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from app.main import create_app
from app.settings import Settings
from app.store.opening import store_at
from app.store.rulesets import RulesetStore
from tests.application.library import NOW, compiled, generation
from tests.service import KEY, Service, charge, encoded, problem_of, request, serving


@pytest.fixture
def packs(tmp_path: Path) -> list[Path]:
    return [generation(tmp_path, number) for number in range(2)]


@pytest.fixture
def own(tmp_path: Path, packs: list[Path]) -> Iterator[Service]:
    """A service of its own, which publishes the first packs at its start."""
    settings = Settings(data_dir=tmp_path / "own", rules_dir=packs[0], api_key=SecretStr(KEY), decisions={})
    with serving(create_app(settings), tmp_path / "own") as running:
        yield running


def store(service: Service, revision: str, content: bytes) -> None:
    """As another process does."""

    async def put(rulesets: RulesetStore) -> None:
        await rulesets.put(revision, content, caller="other", at=NOW)

    async def run() -> None:
        opened = store_at(None, service.data_dir / "mingjian.sqlite3")
        await opened.open()
        await put(opened.rulesets)
        await opened.close()

    asyncio.run(run())


def activate(service: Service, revision: str, body: Any = None) -> httpx.Response:
    content = encoded({"reason": "本周清单"} if body is None else body)
    return service.client.post(f"/v1/rulesets/{revision}/activate", content=content)


def said(service: Service) -> tuple[str, list[str]]:
    audit = service.audit(request(charge(item_code="001"), sex="female")).json()
    return audit["ruleset"], [finding["message"][:3] for finding in audit["findings"]]


def test_what_was_published_at_the_start_is_listed(own: Service, packs: list[Path]) -> None:
    document = own.client.get("/v1/rulesets").json()
    revision, content = compiled(packs[0])
    (listed,), (move,) = document["rulesets"], document["moves"]
    assert {name: value for name, value in listed.items() if name != "stored_at"} == {
        "revision": revision, "stored_by": "start", "size": len(content), "is_readable": True, "is_in_force": True,
        "rules": 1, "points": 2,
    }  # fmt: skip
    assert (move["revision"], move["action"], move["caller"], move["reason"]) == (revision, "publish", "start", "")


def test_activated_is_judged_by_at_once(own: Service, packs: list[Path]) -> None:
    first, (second, content) = compiled(packs[0])[0], compiled(packs[1])
    assert said(own) == (first, ["第0版"])
    store(own, second, content)
    answer = activate(own, second)
    assert answer.status_code == 200
    move = answer.json()
    assert (move["revision"], move["action"], move["caller"], move["reason"], move["is_new"]) == (
        second, "publish", "local", "本周清单", True,
    )  # fmt: skip
    assert said(own) == (second, ["第1版"])
    assert own.client.get("/healthz").json()["ruleset"] == second
    assert own.client.get("/v1/rules").json()["ruleset"] == second
    back = activate(own, first, {"reason": "误报"}).json()
    assert (back["action"], back["revision"]) == ("rollback", first)
    assert said(own) == (first, ["第0版"])
    actions = [one["action"] for one in own.client.get("/v1/rulesets?limit=2").json()["moves"]]
    assert actions == ["rollback", "publish"]


def test_to_activate_what_is_in_force_changes_nothing(own: Service, packs: list[Path]) -> None:
    answer = activate(own, compiled(packs[0])[0])
    assert answer.json()["is_new"] is False
    assert len(own.client.get("/v1/rulesets").json()["moves"]) == 1


@pytest.mark.parametrize("revision", ["x", "0" * 32, "版本"])
def test_unknown_revision(own: Service, revision: str) -> None:
    assert revision in problem_of(activate(own, revision), 404, "not-found")["detail"]


def test_revision_of_another_version(own: Service, packs: list[Path]) -> None:
    revision, content = compiled(packs[1])
    store(own, revision, b"MJRULES9" + content[8:])
    assert revision in problem_of(activate(own, revision), 409, "ruleset-not-readable")["detail"]
    listed = {one["revision"]: one for one in own.client.get("/v1/rulesets").json()["rulesets"]}
    assert (listed[revision]["is_readable"], listed[revision]["rules"]) == (False, None)
    assert own.client.get("/healthz").json()["ruleset"] == compiled(packs[0])[0]


@pytest.mark.parametrize(
    "body", [{}, {"reason": ""}, {"reason": "  "}, {"reason": 5}, {"reason": "x" * 501}, {"reason": "x", "by": "y"}]
)
def test_a_reason_is_needed(own: Service, packs: list[Path], body: Any) -> None:
    problem_of(activate(own, compiled(packs[0])[0], body), 422, "invalid-request")


@pytest.mark.parametrize(("body", "status"), [(b"{", 400), (b"\xd2", 400), (b" " * 5000, 413)])
def test_a_body_is_needed(own: Service, packs: list[Path], body: bytes, status: int) -> None:
    problem_of(activate(own, compiled(packs[0])[0], body), status)


def test_a_key_is_needed(own: Service) -> None:
    bare = httpx.Client(base_url=own.url, trust_env=False)
    with bare:
        problem_of(bare.get("/v1/rulesets"), 401, "unauthorized")
        problem_of(bare.post("/v1/rulesets/x/activate", json={"reason": "x"}), 401, "unauthorized")


@pytest.mark.parametrize("limit", ["0", "101", "x"])
def test_limits_are_limited(own: Service, limit: str) -> None:
    problem_of(own.client.get("/v1/rulesets", params={"limit": limit}), 422, "invalid-request")


def test_without_the_database(own: Service, packs: list[Path]) -> None:
    """Its file is gone from under the service, and back again."""
    file, away = own.data_dir / "mingjian.sqlite3", own.data_dir / "away"
    file.rename(away)
    file.mkdir()
    problem_of(own.client.get("/v1/rulesets"), 503, "database-unavailable")
    problem_of(activate(own, compiled(packs[0])[0]), 503, "database-unavailable")
    file.rmdir()
    away.rename(file)
    assert own.client.get("/v1/rulesets").status_code == 200

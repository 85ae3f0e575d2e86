"""The pages for running it: they show what is, do what their use cases allow, and tell no secret twice."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from app.store.opening import store_at
from app.store.store import Store
from app.trail.entry import Kind, TrailEntry, seal
from tests.interfaces.console.conftest import Person
from tests.interfaces.console.system import PASSWORD, system
from tests.service import Service


class Place(NamedTuple):
    service: Service
    store: Store

    @contextmanager
    def enter(self, login: str, page: str) -> Iterator[Person]:
        headers = {"origin": self.service.url}
        with Person(base_url=self.service.url, trust_env=False, timeout=30, headers=headers) as person:
            told = {"login": login, "password": PASSWORD, "next": page}
            answer = person.post("/console/sign-in", data=told)
            assert answer.status_code == 303, answer.text
            person.csrf = person.get(page).text.partition('name="csrf-token" content="')[2].partition('"')[0]
            yield person


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with system(tmp_path_factory.mktemp("system"), webhook_targets=["127.0.0.0/8"]) as (service, store):
        yield Place(service, store)


def account_id(person: Person, login: str) -> str:
    found = re.search(rf'href="/console/accounts/(\w+)"[^>]*>{login}<', person.get("/console/accounts").text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("login", "allowed"),
    [
        ("operator", {"/console/accounts", "/console/profiles"}),
        ("security", {"/console/accounts", "/console/profiles", "/console/keys"}),
        ("logs", {"/console/accounts", "/console/profiles", "/console/trail"}),
        ("auditor", {"/console/trail"}),
    ],
)
def test_everybody_opens_what_is_theirs(place: Place, login: str, allowed: set[str]) -> None:
    with place.enter(login, "/console/accounts") as person:
        for page in ("/console/trail", "/console/accounts", "/console/keys", "/console/profiles"):
            answer = person.get(page)
            assert answer.status_code == (200 if page in allowed else 403), (page, answer.text[:200])
            if page in allowed:
                assert answer.elapsed.total_seconds() < 1
                assert not re.search(r"<script(?![^>]*src=)(?![^>]*application/json)|style=|onclick=", answer.text)


def test_the_trail_is_shown_verified_and_proved(place: Place) -> None:
    with place.enter("logs", "/console/trail") as person:
        page = person.get("/console/trail").text
        assert "未配置见证方" in page
        assert "登录" in page
        verified = person.tell("/console/trail/verify")
        assert "通过" in verified.text, verified.text
        found = person.get("/console/trail", params={"subject": "service"})
        assert "没有关于" in found.text
        security = account_of(place, "security")
        told = person.get("/console/trail", params={"subject": security})
        assert "权限变更" in told.text
        proof = re.search(r"/console/trail/entries/\d+/proof", told.text)
        assert proof is not None
        assert person.get(proof[0]).text.startswith("c2sp.org/tlog-proof@v1")
        assert person.get("/console/trail/entries/999999/proof").status_code == 404


def account_of(place: Place, login: str) -> str:
    found = asyncio.run(place.store.accounts.by_login(login))
    assert found is not None
    return found.id


def test_the_access_log_is_filtered(place: Place) -> None:
    now = datetime.now(UTC)
    entries = [
        TrailEntry(kind=Kind.UNMASKED, subject="a-1", at=now, actor="u-doctor-1", details={"fields": "name"}),
        TrailEntry(kind=Kind.EXPORTED, subject="findings", at=now, actor="u-doctor-2", details={"rows": 3}),
        TrailEntry(kind=Kind.AUDIT, subject="a-2", at=now, actor="u-doctor-1"),
    ]
    with place.enter("logs", "/console/trail") as person:
        loop_safe_append(place, entries)
        everything = person.get("/console/trail").text
        assert "u-doctor-1" in everything
        assert "u-doctor-2" in everything
        one = person.get("/console/trail", params={"actor": "u-doctor-1"}).text
        assert "u-doctor-2" not in one
        assert ">a-1<" in one
        assert ">a-2<" not in one  # an audit is no access
        assert "u-doctor-1" not in person.get("/console/trail", params={"kind": "exported"}).text
        assert "没有符合条件的访问记录" in person.get("/console/trail", params={"to": "2020-01-01"}).text
        assert person.get("/console/trail", params={"from": "rubbish", "before": "x" * 99}).status_code == 200


def loop_safe_append(place: Place, entries: list[TrailEntry]) -> None:
    """By a store of its own: that of the service belongs to the service's loop."""

    async def append() -> None:
        store = store_at(None, Path(place.service.data_dir) / "mingjian.sqlite3")
        await store.open()
        await store.trail.append([seal(one) for one in entries])
        await store.close()

    asyncio.run(append())


def test_an_account_is_made_and_another_grants(place: Place) -> None:
    with place.enter("operator", "/console/accounts") as operator:
        refused = operator.tell("/console/accounts", login="!", name="x")
        assert (refused.status_code, "账号名须为" in refused.text) == (422, True)
        made = operator.tell("/console/accounts", login="newcomer", name="新来的<b>")
        assert "只显示这一次" in made.text, made.text
        assert operator.tell("/console/accounts", login="newcomer", name="另一位").status_code == 409
        assert "新来的&lt;b&gt;" in operator.get("/console/accounts").text
        name = account_id(operator, "newcomer")
        assert operator.tell(f"/console/accounts/{name}/rights", version=1, role="doctor").status_code == 403
    with place.enter("security", "/console/accounts") as security:
        apart = security.tell(
            f"/console/accounts/{name}/rights", version=1, role=["system_administrator", "log_auditor"]
        )
        assert (apart.status_code, "三员分立" in apart.text) == (422, True)
        granted = security.tell(
            f"/console/accounts/{name}/rights", version=1, role=["doctor"], facilities="F1，F2", practitioner="D7"
        )
        assert granted.headers["hx-redirect"] == f"/console/accounts/{name}"
        shown = security.get("/console/accounts", params={"role": "doctor"}).text
        assert "机构 F1, F2；医生 D7 的患者" in shown
        assert security.tell(f"/console/accounts/{name}/rights", version=1, role=["finance"]).status_code == 409
        own = account_id(security, "security")
        assert security.tell(f"/console/accounts/{own}/rights", version=1, role=["finance"]).status_code == 403


def test_an_account_is_changed(place: Place) -> None:
    with place.enter("operator", "/console/accounts") as operator:
        operator.tell("/console/accounts", login="worker", name="工人")
        name = account_id(operator, "worker")
        assert operator.tell(f"/console/accounts/{name}/change", version=1, name="师傅").status_code == 200
        assert operator.tell(f"/console/accounts/{name}/change", version=2, do="disable").status_code == 200
        drawer = operator.get(f"/console/accounts/{name}", headers={"hx-request": "true"}).text
        assert "已停用" in drawer
        assert "<html" not in drawer
        assert "只显示这一次" in operator.tell(f"/console/accounts/{name}/password").text
        assert operator.tell(f"/console/accounts/{name}/sessions").status_code == 200
        assert operator.tell(f"/console/accounts/{name}/otp").status_code == 403
        assert operator.get("/console/accounts/nobody").status_code == 404


def test_a_key_is_issued_rotated_and_revoked(place: Place) -> None:
    with place.enter("security", "/console/keys") as person:
        made = person.tell("/console/keys", name="门诊HIS", role=["his_client"], days=30, facilities="F1")
        token = re.search(r"<b>(mj_?[^<]+)</b>", made.text)
        assert token is not None, made.text
        listed = person.get("/console/keys").text
        assert "门诊HIS" in listed
        assert "机构 F1" in listed
        assert token[1] not in listed
        key = re.search(r"/console/keys/(\w+)/rotate", listed)
        assert key is not None
        asked = place.service.client.get("/v1/webhooks", headers={"authorization": f"Bearer {token[1]}"})
        assert asked.status_code == 403
        assert "旧密钥续用至" in person.tell(f"/console/keys/{key[1]}/rotate", overlap_days=3).text
        assert person.tell(f"/console/keys/{key[1]}/revoke", reason="更换系统").status_code == 200
        assert person.tell(f"/console/keys/{key[1]}/revoke").status_code == 409
        assert "已吊销" in person.get("/console/keys").text
        for wrong in (
            {"name": ""},
            {"name": "x", "role": ["doctor"]},
            {"name": "x", "role": ["his_client"], "days": 9999},
        ):
            assert person.tell("/console/keys", **wrong).status_code == 422


def test_what_is_configured_is_shown_without_secrets(place: Place) -> None:
    with place.enter("operator", "/console/profiles") as person:
        page = person.get("/console/profiles").text
        for told in ("依赖", "熔断", "本地暂存", "default", "MINGJIAN_NHSA_BASE", "没有登记签发方", "没有订阅"):
            assert told in page
        assert "MINGJIAN_API_KEY" not in page
        assert "DATA_KEYS" not in page
        assert "新增订阅" not in page  # that is for the security administrator


def test_webhooks_are_managed(place: Place) -> None:
    with place.enter("security", "/console/profiles") as person:
        refused = person.tell("/console/webhooks", url="http://10.9.9.9/", kind="finding.found")
        assert (refused.status_code, "不能发往该地址" in refused.text) == (422, True)
        made = person.tell("/console/webhooks", url="http://127.0.0.1:9/x", kind="finding.found", departments="D1")
        secret = re.search(r"whsec_[\w+/=]+", made.text)
        assert secret is not None
        page = person.get("/console/profiles").text
        assert "科室 D1" in page
        assert secret[0] not in page
        hook = re.search(r"/console/webhooks/(wh\w+)", page)
        assert hook is not None
        assert "没有发送记录" in person.get(f"/console/webhooks/{hook[1]}").text
        assert person.tell(f"/console/webhooks/{hook[1]}/redeliver").status_code == 200
        assert person.tell(f"/console/webhooks/{hook[1]}/remove").status_code == 200
        assert person.tell(f"/console/webhooks/{hook[1]}/remove").status_code == 404
        assert person.get(f"/console/webhooks/{hook[1]}").status_code == 404


def test_a_form_without_its_token_is_refused(place: Place) -> None:
    with place.enter("security", "/console/keys") as person:
        person.csrf = "forged"
        assert person.tell("/console/keys", name="x", role=["his_client"]).status_code == 403

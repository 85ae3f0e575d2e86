"""OWASP API Security Top 10 (2023), API1 to API6, against the real service; docs/security-testing.md lists all."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from app.domain.access import PERMISSIONS, Permission, Role
from app.main import create_app
from app.settings import Settings
from tests.interfaces.access import as_caller, let_in
from tests.interfaces.cds_hooks.tokens import token
from tests.interfaces.top10 import ADMIN, HERE, HIS, MOST_BYTES, MOST_PIECES, NOBODY, SECRET, SECURITY, running
from tests.service import KEY, ROOT, Service, charge, problem_of, request, serving


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("top10")) as one:
        yield one


def audited(service: Service, facility: str = "F1", name: str = "E1") -> str:
    answer = service.audit(request(id=name, facility={"id": facility}))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def account(service: Service, login: str, **more: Any) -> httpx.Response:
    return service.client.post("/v1/accounts", json={"login": login, "name": "测试", **more}, headers=ADMIN)


def test_api1_broken_object_level_authorization(service: Service) -> None:
    """An id of another facility tells no more than one that was never given; test_access_matrix.py asks them all."""
    theirs, absent = audited(service, "F2", SECRET), "0" * 32
    doctor = as_caller(Role.AUDIT_STAFF, scope=HERE)
    answers = [service.client.get(f"/v1/audits/{one}", headers=doctor) for one in (theirs, absent)]
    assert [one.status_code for one in answers] == [404, 404]
    told = [one.text.replace(id, "") for one, id in zip(answers, (theirs, absent), strict=True)]
    assert told[0] == told[1]
    for sent in ({"facility": "F2"}, {"facility": "F2", "encounter": SECRET}, {"facility": ["F1", "F2"]}):
        answer = service.client.get(
            "/v1/alerts/suppressed", params=sent, headers=as_caller(Role.AUDIT_LEAD, scope=HERE)
        )
        assert SECRET not in answer.text
        assert answer.status_code in (403, 404, 422), (sent, answer.text)
    other = account(service, "owner-of-a-session").json()["id"]
    assert service.client.delete(f"/v1/accounts/{other}/sessions", headers=HIS).status_code == 403


WRONG = [
    {}, {"authorization": ""}, {"authorization": "Bearer"},
    {"authorization": f"Bearer {KEY[:-1]}"}, {"authorization": f"Bearer {KEY}x"},
    {"authorization": f"Bearer {KEY} {KEY}"},
    {"authorization": f"Basic {KEY}"}, {"authorization": KEY}, {"x-api-key": KEY}, {"cookie": f"mj={KEY}"},
    {"authorization": f"Bearer {token({'sub': 'x'}, key=None)}"}, {"authorization": "Bearer " + "a" * 8000},
    {"authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiIsInJvbGVzIjpbImF1ZGl0X2xlYWQiXX0."},
    {"x-forwarded-user": "admin", "x-remote-user": "admin", "x-original-url": "/healthz", "x-real-ip": "127.0.0.1"},
    {"x-client-cert": "-----BEGIN CERTIFICATE-----", "x-forwarded-client-cert": "Hash=00"},
]  # fmt: skip


@pytest.mark.parametrize("headers", WRONG, ids=range(len(WRONG)))
def test_api2_broken_authentication(service: Service, headers: dict[str, str]) -> None:
    with httpx.Client(base_url=service.url, trust_env=False) as stranger:
        for path in ("/v1/rules", f"/v1/rules?key={KEY}&access_token={KEY}&api_key={KEY}"):
            answer = stranger.get(path, headers=headers)
            assert answer.headers["www-authenticate"].startswith("Bearer")
            problem_of(answer, 401, "unauthorized")


def test_api2_passwords_are_not_guessed_and_logins_not_found_out(service: Service) -> None:
    made = account(service, "victim")
    assert made.status_code == 201, made.text

    def guess(login: str) -> httpx.Response:
        with httpx.Client(base_url=service.url, trust_env=False) as stranger:
            return stranger.post("/v1/session", json={"login": login, "password": "Wrong-but-well-formed-1"})

    there, absent = guess("victim"), guess("nobody-of-that-name")
    assert (there.status_code, there.json()) == (absent.status_code, absent.json())
    assert "set-cookie" not in there.headers
    later = [guess("victim").status_code for _ in range(6)]
    assert 423 in later
    assert not any(status < 400 for status in later)


EXTRA: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    ("/v1/accounts", {"login": "mass", "name": "x", "is_local": False, "has_otp": True}, ADMIN),
    ("/v1/accounts", {"login": "mass", "name": "x", "version": 7}, ADMIN),
    ("/v1/accounts", {"login": "mass", "name": "x", "id": "0" * 32}, ADMIN),
    ("/v1/keys", {"name": "mass", "secret": "chosen"}, SECURITY),
    ("/v1/keys", {"name": "mass", "id": "chosen", "revoked_at": None}, SECURITY),
    ("/v1/keys", {"name": "mass", "roles": ["security_administrator"]}, SECURITY),
    ("/v1/audits", {**request(), "id": "chosen"}, HIS),
    ("/v1/audits", {**request(), "decision": "pass", "caller": "someone"}, HIS),
    ("/v1/audits", request(charge(findings=[])), HIS),
    ("/v1/session", {"login": "mass", "password": "x", "roles": ["audit_lead"]}, NOBODY),
    ("/v1/tickets", {"practitioner": "D1", "purpose": "x", "roles": ["audit_lead"]}, HIS),
]


@pytest.mark.parametrize(("path", "body", "headers"), EXTRA, ids=range(len(EXTRA)))
def test_api3_properties_that_are_not_the_callers_to_set(
    service: Service, path: str, body: dict[str, Any], headers: dict[str, str]
) -> None:
    problem_of(service.client.post(path, json=body, headers=headers), 422)


def test_api3_rights_are_not_set_by_the_way_and_secrets_not_told_again(service: Service) -> None:
    answer = account(service, "climber", roles=["audit_lead"])
    assert answer.status_code == 403, answer.text
    made = service.client.post("/v1/keys", json={"name": "told once"}, headers=SECURITY)
    assert made.status_code == 201, made.text
    texts = [one for one in made.json().values() if isinstance(one, str) and len(one) > 30]
    assert texts, "the secret is told when it is made"
    listed = service.client.get("/v1/keys", headers=SECURITY).text
    assert not [one for one in texts if one in listed and one != made.json()["id"]]
    assert "password" not in service.client.get("/v1/accounts", headers=ADMIN).text


def test_api4_unrestricted_resource_consumption(service: Service) -> None:
    problem_of(service.client.post("/v1/audits", content=b" " * (MOST_BYTES + 1)), 413, "too-large")
    deep = b'{"encounter":{"charge_lines":' + b"[" * 50_000
    assert service.client.post("/v1/audits", content=deep).status_code in (400, 422)
    lines = service.client.post("/v1/audits/bulk", content=b"x" * (MOST_BYTES + 1) + b"\n{}").text.splitlines()
    assert [json.loads(one)["status"] for one in lines] == [413, 422]
    for query in ("limit=1000000000", "limit=-1", "limit=0", "after=" + "9" * 400):
        answer = service.client.get(f"/v1/trail/entries?{query}", headers=as_caller(Role.LOG_AUDITOR))
        assert answer.status_code in (400, 404, 422), (query, answer.text[:300])
    problem_of(service.client.get("/v1/accounts?limit=501", headers=ADMIN), 422)
    assert headers_until_refused(service, b"x-one: " + b"a" * 65536) < MOST_PIECES
    assert headers_until_refused(service, b"x-%d: a\r\n" * 8192) < MOST_PIECES


def headers_until_refused(service: Service, piece: bytes) -> int:
    """How many pieces of headers that never end a stranger can send."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as one:
        one.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n")
        for number in range(MOST_PIECES):
            try:
                one.sendall(piece)
                one.settimeout(0.05)
                if one.recv(64)[9:12] in (b"400", b""):
                    return number
            except TimeoutError:
                one.settimeout(10)
            except OSError:
                return number
    return MOST_PIECES


def test_api4_a_caller_gets_its_share(tmp_path: Path) -> None:
    rules = ROOT / "tests" / "contracts" / "nhsa" / "rules"
    limits: Any = {"dashboard": 2}
    settings = Settings(data_dir=tmp_path, rules_dir=rules, api_key=SecretStr(KEY), rate_limits=limits)
    with serving(let_in(create_app(settings)), tmp_path) as small:
        answers = [small.client.get("/v1/rules") for _ in range(12)]
        refused = [one for one in answers if one.status_code == 429]
        assert refused
        assert int(refused[0].headers["retry-after"]) >= 1
        assert small.client.get("/v1/rules", headers=HIS).status_code == 200, "another caller's share is its own"


AROUND = [
    "//v1/keys", "/v1/keys/", "/V1/keys", "/v1//keys", "/v1/./keys", "/v1/rules/../keys", "/v1/%6beys", "/v1/keys;a",
    "/v1/keys%00", "/v1/keys%2f", "/v1%2fkeys", "/popup/../v1/keys", "/cds-services/../v1/keys", "/v1/keys%20",
]  # fmt: skip


@pytest.mark.parametrize("path", AROUND)
def test_api5_broken_function_level_authorization(service: Service, path: str) -> None:
    """However the path is written; who may what at all is asked role by role in test_access_matrix.py."""
    told = {"x-http-method-override": "GET", "x-original-url": "/v1/keys", "x-rewrite-url": "/v1/keys"}
    for headers in ({**HIS, **told}, {**NOBODY, **told}):
        for method in ("GET", "POST", "HEAD", "OPTIONS", "get"):
            sent = httpx.Request(method, service.url, headers={**service.client.headers, **headers})
            sent.url = sent.url.copy_with(raw_path=path.encode())
            assert service.client.send(sent).status_code >= 400, (method, path)


def test_api5_every_role_lacks_something_that_administers() -> None:
    apart = {Permission.RIGHT_GRANT, Permission.USER_MANAGE, Permission.TRAIL_EXPORT, Permission.RULE_APPROVE}
    assert all(not apart <= permissions for permissions in PERMISSIONS.values())


def test_api6_a_ticket_is_good_once_however_many_try(service: Service) -> None:
    asked = {"practitioner": "D1", "purpose": "查看本人患者的疑点"}
    made = service.client.post("/v1/tickets", json=asked, headers=HIS)
    assert made.status_code == 201, made.text
    ticket = made.json()["ticket"]

    def use(_: int) -> int:
        with httpx.Client(base_url=service.url, trust_env=False) as one:
            return one.post("/v1/session/ticket", data={"ticket": ticket}).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(use, range(8))) == [303, *[401] * 7]


def test_api6_a_request_sent_again_is_one_audit(service: Service) -> None:
    first, again = (service.audit(request(id="E-again"), "key-of-the-request") for _ in range(2))
    assert first.json()["id"] == again.json()["id"]
    assert again.headers["idempotent-replayed"] == "true"
    problem_of(service.audit(request(id="E-other"), "key-of-the-request"), 422, "idempotency-key-reused")

"""The service behind the proxy that we ship: a real nginx, TLS and certificates of an authority of its own."""

import re
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from pydantic import SecretStr

from app.interfaces.cli import main
from app.main import create_app
from app.settings import Settings
from tests.application.build import packs
from tests.deploy.authority import Authority, Issued
from tests.deploy.nginx import HEADER_SECONDS, Proxy, running_nginx
from tests.service import KEY, ROOT, Service, charge, encoded, problem_of, request, serving

MB = 1024 * 1024
PASSWORD = "Lantern-over-7-rivers"
BY_KEY = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}


def settings_of_the_example() -> dict[str, str]:
    text = (ROOT / "deploy" / "systemd" / "mingjian.env.example").read_text("utf-8")
    return dict(re.findall(r"^MINGJIAN_(TRUSTED_PROXIES|CLIENT_CERT_HEADER)=(.+)$", text, re.MULTILINE))


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("behind") / "data"


@pytest.fixture(scope="module")
def service(data_dir: Path) -> Iterator[Service]:
    packs(data_dir.parent / "rules")
    told = settings_of_the_example()
    assert len(told) == 2
    settings = Settings(
        data_dir=data_dir, rules_dir=data_dir.parent / "rules", api_key=SecretStr(KEY), database_url=None,
        redis_url=None, trusted_proxies=told["TRUSTED_PROXIES"], client_cert_header=told["CLIENT_CERT_HEADER"],
    )  # fmt: skip
    with serving(create_app(settings), data_dir, settings) as service:
        yield service


@pytest.fixture(scope="module")
def proxy(service: Service) -> Iterator[Proxy]:
    with running_nginx(service.port) as proxy:
        yield proxy


def command(data_dir: Path, *arguments: str) -> str:
    environment = {"MINGJIAN_DATA_DIR": str(data_dir), "MINGJIAN_RULES_DIR": str(data_dir.parent / "rules")}
    done = CliRunner(env={**environment, "DATABASE_URL": "", "REDIS_URL": ""}).invoke(main, list(arguments))
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture(scope="module")
def machine(proxy: Proxy, data_dir: Path) -> Issued:
    """Whose certificate stands in a key's record."""
    issued = proxy.authority.issue("his.hospital.example")
    command(data_dir, "keys", "create", "HIS", "--certificate", f"sha256:{issued.digest}")
    return issued


def test_a_check_goes_through_by_key(proxy: Proxy) -> None:
    with proxy.client(BY_KEY) as client:
        answer = client.post("/v1/audits", content=encoded(request()))
        assert answer.status_code == 200, answer.text
        assert answer.headers["strict-transport-security"] == "max-age=63072000; includeSubDomains"
        assert answer.headers["server"] == "nginx", "and no version"
        assert answer.headers["x-request-id"] in proxy.log


def test_without_tls_nothing_is_served_and_nobody_redirected(proxy: Proxy) -> None:
    url = f"http://127.0.0.1:{proxy.plain_port}/v1/rules?secret=sesame"
    answer = httpx.get(url, headers=BY_KEY, trust_env=False)
    assert (answer.status_code, answer.headers.get("location")) == (403, None)


def test_a_certificate_is_the_caller(proxy: Proxy, machine: Issued) -> None:
    with proxy.client(shown=machine) as client:
        answer = client.post("/v1/audits", content=encoded(request(id="by-certificate")))
        assert answer.status_code == 200, answer.text
    unknown = proxy.authority.issue("somebody else")
    with proxy.client(shown=unknown) as client:
        problem_of(client.post("/v1/audits", content=encoded(request())), 401, "unauthorized")


@pytest.mark.parametrize("name", ["X-Client-Cert", "x-client-cert", "X_Client_Cert"])
def test_a_certificate_cannot_be_told_by_the_caller(proxy: Proxy, service: Service, machine: Issued, name: str) -> None:
    body = encoded(request())
    with proxy.client() as client:
        for value in (machine.digest, f"sha256:{machine.digest}", "subject:CN=his.hospital.example"):
            problem_of(client.post("/v1/audits", content=body, headers={name: value}), 401, "unauthorized")
    with proxy.client(shown=proxy.authority.issue("another machine")) as client:
        problem_of(client.post("/v1/audits", content=body, headers={name: machine.digest}), 401, "unauthorized")
    told = {"content-type": "application/json", "X-Client-Cert": machine.digest}
    straight = httpx.post(f"{service.url}/v1/audits", content=body, headers=told, trust_env=False)
    assert straight.status_code == 200, "from the proxy itself it would have been believed"


def test_a_revoked_certificate_and_one_of_another_authority_open_nothing(proxy: Proxy, tmp_path: Path) -> None:
    for shown in (proxy.revoked, Authority(tmp_path, "Somebody").issue("his.hospital.example")):
        with proxy.client(shown=shown) as client:
            answer = client.get("/v1/rules", headers=BY_KEY)
            assert answer.status_code == 400
            assert "certificate" in answer.text


def test_who_calls_is_told_by_the_proxy_alone(proxy: Proxy, data_dir: Path) -> None:
    """A key that is good from another network only."""
    made = command(data_dir, "keys", "create", "Branch", "--network", "203.0.113.0/24")
    found = re.search(r"mj\.\S+|mj_\S+", made)
    assert found is not None, made
    forged = {"X-Forwarded-For": "203.0.113.7", "X-Real-IP": "203.0.113.7", "Forwarded": "for=203.0.113.7"}
    with proxy.client({"authorization": f"Bearer {found[0]}"}) as client:
        problem_of(client.post("/v1/audits", content=encoded(request()), headers=forged), 401, "unauthorized")


def test_bodies_are_bounded_by_the_service_and_then_by_the_proxy(proxy: Proxy) -> None:
    with proxy.client(BY_KEY) as client:
        problem_of(client.post("/v1/audits", content=b" " * (11 * MB)), 413, "too-large")
        answer = client.post("/v1/audits", content=b" " * (25 * MB))
        assert (answer.status_code, "x-request-id" in answer.headers) == (413, False), "the service was not asked"


def test_a_stream_of_lines_may_be_longer_than_any_body(proxy: Proxy) -> None:
    long = encoded(request()) + b" " * (9 * MB)
    with proxy.client(BY_KEY) as client:
        answer = client.post("/v1/audits/bulk", content=b"\n".join([long, long, long]))
        assert answer.status_code == 200, answer.text
        assert len(answer.content.splitlines()) == 3


def test_slow_headers_are_cut_off(proxy: Proxy) -> None:
    with (
        socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as line,
        proxy.trusted().wrap_socket(line, server_hostname="127.0.0.1") as tls,
    ):
        tls.sendall(b"GET /healthz HTTP/1.1\r\nhost: a\r\n")
        began = time.monotonic()
        assert b" 200 " not in tls.recv(1000)
        assert time.monotonic() - began < HEADER_SECONDS + 3


def test_events_come_as_they_happen(proxy: Proxy) -> None:
    """Not when some buffer is full, or the stream ends."""
    with proxy.client(BY_KEY) as client, client.stream("GET", "/v1/events") as answer:
        assert answer.status_code == 200
        pieces, began = answer.iter_raw(), time.monotonic()
        assert b"retry:" in next(pieces)
        assert time.monotonic() - began < 3, "the heartbeat comes after fifteen seconds"
        threading.Timer(0.2, _audit, (proxy,)).start()
        assert b"event: finding.found" in next(pieces)
        assert time.monotonic() - began < 12


def _audit(proxy: Proxy) -> None:
    with proxy.client(BY_KEY) as client:
        found = request(charge(item_code="D1"), sex="female", id=secrets.token_hex(8))
        client.post("/v1/audits", content=encoded(found))


def test_measurements_are_for_the_monitoring_machine(proxy: Proxy) -> None:
    with proxy.client(BY_KEY) as client:
        assert client.get("/metrics").status_code == 403


def test_the_log_holds_no_query(proxy: Proxy) -> None:
    with proxy.client() as client:
        client.get("/console/sign-in", params={"next": "/console/sesame"})
    told = proxy.log + "".join(one.read_text() for one in proxy.folder.glob("*.log"))
    assert "GET /console/sign-in 200" in told
    assert "sesame" not in told


def sign_in(client: httpx.Client, login: str, password: str) -> None:
    """At the console, by the form of its page, as a browser does it."""
    form = {"login": login, "password": password, "next": "/console"}
    foreign = client.post("/console/sign-in", data=form, headers={"origin": "https://evil.example"})
    assert foreign.status_code == 403
    assert "其他网站" in foreign.text
    answer = client.post("/console/sign-in", data=form)
    assert (answer.status_code, answer.headers.get("location")) == (303, "/console/first-steps"), answer.text
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-mj=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))


def test_the_console_works_behind_it(proxy: Proxy, data_dir: Path) -> None:
    made = command(data_dir, "accounts", "create", "auditor", "--name", "审核员", "--role", "audit_staff")
    found = re.search(r"^Account +auditor +(\S+)", made, re.MULTILINE)
    assert found is not None, made
    with proxy.client({"origin": proxy.url}) as client:
        sign_in(client, "auditor", found[1])
        token = client.get("/v1/session").json()["csrf_token"]
        told = {"old_password": found[1], "password": PASSWORD}
        for headers in ({"origin": "https://evil.example", "x-csrf-token": token}, {"x-csrf-token": "no"}):
            assert client.post("/v1/session/password", json=told, headers=headers).status_code == 403
        changed = client.post("/v1/session/password", json=told, headers={"x-csrf-token": token})
        assert changed.status_code == 204, changed.text
        page = client.get("/console", follow_redirects=True)
        assert (page.status_code, page.url.scheme) == (200, "https")
        assert "审核员" in page.text
        assert "content-encoding" not in page.headers, "packed pages tell of their tokens by their length"
        for path in re.findall(r'(?:src|href)="(/console/static/[^"]+)"', page.text):
            assert client.get(path).status_code == 200, path
        assert not re.findall(r'(?:src|href|action)="http:', page.text)


def test_nobody_is_let_in_by_the_cookie_of_an_open_line(proxy: Proxy) -> None:
    with proxy.client() as client:
        answer: Any = client.get("/v1/findings", headers={"cookie": "mj=forged"})
        problem_of(answer, 401, "unauthorized")

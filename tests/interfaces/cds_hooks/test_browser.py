"""An EMR in a real browser, from discovery over cards and the popup to feedback: tokens, CORS and page included."""

import json
import shutil
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from jwt.algorithms import ECAlgorithm
from pydantic import SecretStr

from app.main import create_app
from app.settings import Settings
from tests.interfaces.cds_hooks.tokens import ISSUER, jwk, private_key
from tests.interfaces.nhsa.caller import RULES
from tests.interfaces.nhsa.messages import WOMEN_ONLY
from tests.service import KEY, Service, serving
from tests.stored_dispositions import stored_dispositions

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium; scripts/services.sh installs it")
AUDIENCE = "stub-emr-calls-mingjian"


class Emr(BaseHTTPRequestHandler):
    page = b""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/" else 404)
        self.send_header("content-type", "text/html;charset=utf-8")
        self.end_headers()
        self.wfile.write(self.page if self.path == "/" else b"")

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def emr() -> Iterator[tuple[Any, str]]:
    """The web server of the EMR, and its origin."""
    handler: Any = type("Handler", (Emr,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield handler, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def service(emr: tuple[Any, str], tmp_path: Path) -> Iterator[Service]:
    key = private_key("ES384")
    client = {"issuer": ISSUER, "name": "stub-emr", "audiences": [AUDIENCE], "keys": {"keys": [jwk(key)]}}
    clients = tmp_path / "clients.json"
    clients.write_text(json.dumps({"clients": [client]}), "utf-8")
    settings = Settings(
        data_dir=tmp_path / "data", rules_dir=RULES, api_key=SecretStr(KEY), keep_history=False, cds_clients=clients,
        cds_origins=[emr[1]], cds_discovery_open=False, deadline_ms=1000,
    )  # fmt: skip
    with serving(create_app(settings), tmp_path / "data") as running:
        settings.cds_popup_base = running.url
        told = {
            "service": running.url, "issuer": ISSUER, "audience": AUDIENCE, "item": WOMEN_ONLY,
            "key": {**json.loads(ECAlgorithm.to_jwk(key)), "key_ops": ["sign"]},
        }  # fmt: skip
        html = Path(__file__).with_name("emr.html").read_text("utf-8")
        emr[0].page = html.replace("<script>", f"<script>const EMR = {json.dumps(told)};", 1).encode()
        yield running


def dispositions(service: Service) -> list[tuple[str, str, str]]:
    return [(one.action, one.reason, one.caller) for one in stored_dispositions(service.data_dir)]


def test_from_discovery_over_the_popup_to_feedback(service: Service, emr: tuple[Any, str]) -> None:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            _use(browser, service, emr[1])
        finally:
            browser.close()


def _use(browser: Any, service: Service, origin: str) -> None:
    page = browser.new_page()
    page.set_default_timeout(15_000)
    page.goto(origin)
    expect = playwright.expect
    state = page.locator("#state")
    page.click("#discover")
    expect(state).to_have_text("已发现")
    assert {"order-select", "order-sign"} <= set(page.locator("#services li").all_inner_texts())
    page.click("#select")
    expect(state).to_have_text("order-select 1")
    page.click("#sign")
    expect(state).to_have_text("order-sign 1")
    card = page.locator(".card.warning")
    expect(card.locator("b")).to_contain_text("后穹窿穿刺术")

    with page.expect_popup() as opened:
        card.get_by_text("查看提示并填写理由").click()
    popup = opened.value
    expect(popup.locator("body")).to_contain_text("后穹窿穿刺术")
    assert popup.locator("script").count() == 0
    popup.check("input[value=proceed]")
    popup.click("button")
    expect(popup.locator(".fault")).to_contain_text("请填写理由")
    popup.check("input[value=proceed]")
    popup.fill("input.reason", "病情需要")
    popup.click("button")
    expect(popup.locator("body")).to_contain_text("可以继续")
    popup.get_by_text("返回医生站").click()
    expect(popup.locator("h1")).to_have_text("电子病历")
    ((action, reason, caller),) = dispositions(service)
    assert (action, reason, caller.partition(":")[0]) == ("proceed", "病情需要", "popup")

    card.get_by_text("提醒不适用于该患者").click()
    expect(state).to_have_text("反馈已送达")
    assert dispositions(service)[1:] == [("proceed", "提醒不适用于该患者：会诊意见", "cds:stub-emr")]
    page.click("#sign")
    expect(state).to_have_text("order-sign 1")
    _check_counters(service)


def _check_counters(service: Service) -> None:
    """A clear violation is shown again, whatever was answered; the rule knows of every card and answer."""
    rules = [one["id"] for one in service.client.get("/v1/rules").json()["rules"]]
    (told,) = [one for rule in rules if (one := service.client.get(f"/v1/rules/{rule}/alerts").json())["fired"]]
    assert (told["fired"], told["shown"], told["suppressed"]) == (3, 3, {})
    assert (told["overridden"], told["override_reasons"], told["unanswered"]) == (1, {"patient-ineligible": 1}, 2)
    assert told["seconds_to_answer"]["count"] == 1

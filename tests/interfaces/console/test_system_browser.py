"""The pages for running it in a real browser: they work by mouse, and nothing is refused by their policy."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.interfaces.console.system import PASSWORD, system
from tests.service import Service

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium; scripts/services.sh installs it")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with system(tmp_path_factory.mktemp("browser"), webhook_targets=["127.0.0.1"]) as (running, _):
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def faults() -> list[str]:
    return []


def entered(browser: Any, service: Service, login: str, page: str, faults: list[str]) -> Any:
    opened = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
    opened.on("console", lambda told: faults.append(told.text) if told.type == "error" else None)
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.goto(f"{service.url}/console/sign-in?next={page}")
    opened.fill("input[name=login]", login)
    opened.fill("input[name=password]", PASSWORD)
    opened.click("button[type=submit]")
    opened.wait_for_url(f"**{page}")
    return opened


def test_an_account_is_made_and_opened_in_the_drawer(browser: Any, service: Service, faults: list[str]) -> None:
    page = entered(browser, service, "operator", "/console/accounts", faults)
    form = page.locator("form[hx-post='/console/accounts']")
    form.locator("input[name=login]").fill("li.si")
    form.locator("input[name=name]").fill("李四")
    form.locator("button").click()
    page.wait_for_selector("#made-account >> text=只显示这一次")
    page.reload()
    page.click("tbody a:has-text('li.si')")
    page.wait_for_selector("#drawer >> text=没有进行中的会话")
    page.keyboard.press("Escape")
    assert page.locator("#drawer").is_hidden()
    assert faults == []


def test_a_key_is_issued(browser: Any, service: Service, faults: list[str]) -> None:
    page = entered(browser, service, "security", "/console/keys", faults)
    page.fill("form[hx-post='/console/keys'] input[name=name]", "门诊HIS")
    page.click("form[hx-post='/console/keys'] button")
    page.wait_for_selector("#made-key >> text=只显示这一次")
    page.goto(f"{service.url}/console/profiles")
    page.wait_for_selector("text=国家医保接口接入方")
    page.locator("summary", has_text="default").click()
    assert page.locator("text=报文信封中的机构代码").is_visible()
    assert faults == []


def test_the_trail_is_verified_at_a_press(browser: Any, service: Service, faults: list[str], tmp_path: Path) -> None:
    page = entered(browser, service, "logs", "/console/trail", faults)
    page.click("text=验证最近条目")
    page.wait_for_selector("#verified >> text=通过")
    page.locator("tbody a").first.click()
    page.wait_for_url("**subject=*")
    if page.locator("text=下载证明").count():
        with page.expect_download() as download:
            page.locator("text=下载证明").first.click()
        download.value.save_as(tmp_path / "proof")
        assert (tmp_path / "proof").read_text("utf-8").startswith("c2sp.org/tlog-proof")
    assert faults == []

"""The console in a real browser: a finding worked to its end, by keys and by clicks, without a word from the console of
the browser; and what axe says of each page.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.interfaces.console.front import PASSWORD
from tests.interfaces.console.shots import shoot
from tests.service import Service

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe_core = pytest.importorskip("axe_core_python.sync_playwright", reason="axe-core-python is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium; scripts/services.sh installs it")
LIST = "/console/findings"


class Desk:
    """Browsers of several people; `said` is what their consoles had to complain of."""

    def __init__(self, browser: Any, url: str) -> None:
        self._browser, self.url = browser, url
        self.said: list[str] = []

    def come(self, login: str, width: int = 1366, height: int = 768) -> Any:
        context = self._browser.new_context(
            viewport={"width": width, "height": height}, locale="zh-CN", base_url=self.url, accept_downloads=True
        )
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda told: self._note(login, told.type, told.text))
        page.on("pageerror", lambda error: self.said.append(f"{login}: {error}"))
        page.goto("/console")
        page.fill("[name=login]", login)
        page.fill("[name=password]", PASSWORD)
        page.click("button[type=submit]")
        playwright.expect(page.locator("main h1")).to_have_text("工作台")
        return page

    def _note(self, login: str, kind: str, text: str) -> None:
        is_refusal = "Failed to load resource: the server responded with a status of 4" in text  # 409, 422: shown
        if kind in ("error", "warning") and not is_refusal:
            self.said.append(f"{login}: {text}")


@pytest.fixture
def desk(service: Service) -> Iterator[Desk]:
    with playwright.sync_playwright() as driver:
        playwright.expect.set_options(timeout=20_000)
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        found = Desk(browser, service.url)
        yield found
        browser.close()
    assert not found.said


def act(page: Any, name: str, fill: Callable[[Any], None] = lambda _: None) -> None:
    """Open what is offered under this name, fill it in, send it."""
    box = page.locator("#finding .acts details", has=page.locator("summary", has_text=re.compile(f"^{name}$")))
    box.locator("summary").click()
    fill(box)
    with page.expect_response(re.compile(r"/steps$")):
        box.locator("button[type=submit]").click()
    playwright.expect(page.locator(".htmx-request")).to_have_count(0)


def reason(code: str) -> Callable[[Any], None]:
    return lambda box: box.locator("[name=reason_code]").select_option(code)


def state(page: Any) -> Any:
    return page.locator("#finding > .head .tag").nth(1)


def test_a_finding_from_the_list_to_a_mending_that_was_checked(desk: Desk, tmp_path: Path) -> None:
    expect = playwright.expect
    auditor = desk.come("auditor")
    auditor.goto(f"{LIST}?department=D01&sort=amount")
    auditor.keyboard.press("j")
    auditor.keyboard.press("j")
    auditor.keyboard.press("x")
    expect(auditor.locator("tr.chosen [name=pick]")).to_be_checked()
    auditor.keyboard.press("Enter")
    expect(auditor.locator("#drawer #finding h1")).to_be_focused()
    shoot(auditor, "drawer")
    act(auditor, "确认违规", reason("policy_breached"))
    expect(state(auditor)).to_have_text("已确认")
    path = auditor.locator("#drawer a", has_text="整页打开").get_attribute("href")
    auditor.keyboard.press("Escape")
    expect(auditor.locator("#drawer")).to_be_hidden()

    head = desk.come("head")
    head.goto(path)
    act(head, "科室认可")
    auditor.goto(path)
    act(auditor, "下达整改", lambda box: box.locator("textarea").fill("退费，并组织学习"))
    expect(state(auditor)).to_have_text("整改中")

    head.goto("/console/rectifications")
    head.locator("tbody a").first.click()
    proof = tmp_path / "退费凭证.txt"
    proof.write_text("已退费", "utf-8")
    head.set_input_files("#drawer [name=file]", proof)
    head.locator("#drawer button", has_text="上传").click()
    expect(head.locator("#drawer")).to_contain_text("退费凭证.txt")
    amount = head.locator("#finding dd").first.inner_text().split(" ")[0]
    act(head, "提交整改", lambda box: box.locator("[name=refund]").fill(amount))
    expect(state(head)).to_have_text("待复查")

    second = desk.come("second")
    second.goto(path)
    act(second, "复查通过")
    expect(state(second)).to_have_text("已办结")
    shoot(second, "closed")


def test_an_appeal_with_proof_and_its_dossier(desk: Desk, tmp_path: Path) -> None:
    expect = playwright.expect
    auditor = desk.come("auditor")
    auditor.goto(f"{LIST}?department=D01")
    auditor.locator("tbody a").first.click()
    act(auditor, "确认违规", reason("record_lacks_support"))
    path = auditor.locator("#drawer a", has_text="整页打开").get_attribute("href")
    head = desk.come("head")
    head.goto(path)
    proof = tmp_path / "病程记录.txt"
    proof.write_text("病程记录", "utf-8")
    head.set_input_files("[name=file]", proof)
    head.locator("button", has_text="上传").click()
    expect(head.locator("#finding")).to_contain_text("病程记录.txt")
    act(head, "申诉", reason("record_supports"))
    expect(state(head)).to_have_text("申诉初审中")
    with head.expect_download() as told:
        head.locator("a", has_text="申诉书 PDF").click()
    assert Path(told.value.path()).read_bytes().startswith(b"%PDF-")

    auditor.goto("/console/appeals")
    shoot(auditor, "appeals")
    auditor.locator("tbody a").first.click()
    expect(auditor.locator("#drawer")).to_contain_text("病程记录.txt")
    expect(auditor.locator("#finding .acts")).not_to_contain_text("驳回申诉")  # who decided does not hear it


def test_many_at_once_search_by_initials_and_export(desk: Desk) -> None:
    expect = playwright.expect
    auditor = desk.come("auditor")
    auditor.keyboard.press("/")
    auditor.keyboard.type("wk")
    auditor.keyboard.press("Enter")
    expect(auditor.locator("main h1")).to_have_text("疑点列表")
    expect(auditor.locator("tbody[data-rows] tr")).to_have_count(12)
    shoot(auditor, "findings")
    auditor.locator("[data-all=pick]").check()
    auditor.select_option("[name=decision]", "confirm:price_breached")
    auditor.locator("button", has_text="批量处理所选").click()
    expect(auditor.locator("#bulk-result")).to_contain_text("已处理 12 条，全部成功")
    auditor.locator("a", has_text="刷新列表").click()
    expect(auditor.locator("tbody .tag", has_text="已确认")).to_have_count(12)
    with auditor.expect_download() as told:
        auditor.locator("a", has_text="导出 CSV").click()
    assert "李医师" in Path(told.value.path()).read_text("utf-8-sig")
    manager = desk.come("manager")
    assert manager.locator("nav.side").inner_text().count("疑点列表") == 0
    assert manager.goto(LIST).status == 403


@pytest.mark.parametrize("size", [(1366, 768), (820, 1180)])
def test_axe_finds_nothing_serious_and_nothing_is_wider_than_the_screen(desk: Desk, size: tuple[int, int]) -> None:
    lead = desk.come("lead", *size)
    lead.goto(f"{LIST}?sort=amount")
    one = lead.locator("tbody a").first.get_attribute("href")
    for path in ("/console", LIST, one, "/console/appeals", "/console/rectifications", "/console/sign-in"):
        lead.goto(path)
        found = [
            f"{path}: {rule['id']} {rule['nodes'][0]['html'][:150]}"
            for rule in axe_core.Axe().run(lead)["violations"]
            if rule["impact"] in ("serious", "critical")
        ]
        assert not found
        assert lead.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        shoot(lead, f"{path.strip('/').replace('/', '-')[:24]}-{size[0]}")

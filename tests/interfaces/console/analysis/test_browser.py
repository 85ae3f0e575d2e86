"""The pages in a real browser: charts are drawn, parts are fetched, and nothing is refused by the policy or fails."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.interfaces.console.front import PASSWORD
from tests.service import Service

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium; scripts/services.sh installs it")


@pytest.fixture
def page(service: Service) -> Iterator[Page]:
    """Signed in as the lead of the audit office; whatever the browser complains of fails the test."""
    complaints: list[str] = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        page.goto(f"{service.url}/console/sign-in?next=/console/rules")
        page.fill("[name=login]", "lead")
        page.fill("[name=password]", PASSWORD)
        page.click("button[type=submit]")
        expect(page.locator("h1")).to_have_text("规则库")
        page.on("console", lambda one: complaints.append(one.text) if one.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        browser.close()
    assert complaints == []


def test_the_dashboard_draws_its_charts_and_fetches_the_fees(page: Page, service: Service) -> None:
    page.goto(f"{service.url}/console/dashboard")
    expect(page.locator(".chart canvas, .chart svg")).to_have_count(4)
    expect(page.locator("text=50.2%")).to_be_visible()
    link = page.locator("table[aria-label=按科室] a", has_text="内科")
    assert "department=D01" in (link.get_attribute("href") or "")


def test_points_are_searched_as_one_types(page: Page, service: Service) -> None:
    page.goto(f"{service.url}/console/rules/service-item-for-other-sex")
    expect(page.locator(".chart canvas, .chart svg")).to_have_count(1)
    page.locator("#point-search").press_sequentially("难产")
    expect(page.locator("#points tbody tr")).to_have_count(1)


def test_a_form_is_filled_with_the_help_of_the_items(page: Page, service: Service) -> None:
    page.goto(f"{service.url}/console/try?form=1")
    page.locator("[name=code_1]").press_sequentially("hqlccs")
    expect(page.locator("#items option")).to_have_count(1)
    page.fill("[name=code_1]", "003112010070000")
    page.fill("[name=amount_1]", "50")
    page.click("form.form button.primary")
    expect(page.locator("#answer article")).to_contain_text("限女性")


def test_a_stay_is_audited_at_a_click(page: Page, service: Service) -> None:
    page.goto(f"{service.url}/console/stays")
    page.fill("[name=facility]", "F1")
    page.fill("[name=encounter]", "ZY-0001")
    page.click("form[hx-post] button.primary")
    page.wait_for_url("**/console/stay?*")
    page.click("text=出院预审")
    expect(page.locator("#audited article").first).to_contain_text("后穹窿")

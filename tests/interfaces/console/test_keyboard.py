"""The console without a mouse: filter, open a finding, decide, close the drawer; the focus is never lost."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.interfaces.console.shots import shoot
from tests.interfaces.console.visitors import CHROMIUM, Visitors
from tests.service import Service

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium; scripts/services.sh installs it")
_MOST_STEPS = 80


@pytest.fixture
def visitors(service: Service) -> Iterator[Visitors]:
    with playwright.sync_playwright() as driver:
        playwright.expect.set_options(timeout=20_000)
        found = Visitors(driver, service.url)
        yield found
        found.close()
    assert found.said == []


def tab_to(page: Any, selector: str) -> None:
    """By the tabulator alone."""
    for _ in range(_MOST_STEPS):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{selector} is not reached")


def test_a_finding_is_found_decided_and_left_by_keys(visitors: Visitors) -> None:
    expect = playwright.expect
    page = visitors.come("auditor")
    page.goto("/console/findings")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, "main [name=q]")
    page.keyboard.type("wk")
    tab_to(page, "main form[role=search] button[type=submit]")
    page.keyboard.press("Enter")
    expect(page.locator("tbody[data-rows] tr")).to_have_count(12)

    page.keyboard.press("j")
    page.keyboard.press("j")
    opener = page.locator("tbody[data-rows] tr >> nth=1").locator("a").first
    expect(opener).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#drawer #finding h1")).to_be_focused()
    tab_to(page, "#finding .acts summary.danger")
    page.keyboard.press("Enter")
    tab_to(page, "#finding details[open] [name=reason_code]")
    page.keyboard.press("ArrowDown")
    tab_to(page, "#finding details[open] button[type=submit]")
    page.keyboard.press("Enter")
    expect(page.locator("#finding > .head .tag").nth(1)).to_have_text("已确认")
    expect(page.locator("#finding")).to_be_focused()
    shoot(page, "keyboard-decided", is_whole=False)
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()
    expect(opener).to_be_focused()


def test_a_refusal_is_read_where_it_was_asked(visitors: Visitors) -> None:
    """What is not complete is not sent; the field that lacks has the focus, and Escape leaves the finding as it was."""
    expect = playwright.expect
    page = visitors.come("auditor")
    page.goto("/console/findings?department=D02")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#drawer #finding h1")).to_be_focused()
    before = page.locator("#finding > .head .tag").nth(1).inner_text()
    tab_to(page, "#finding .acts summary.danger")
    page.keyboard.press("Enter")
    tab_to(page, "#finding details[open] button[type=submit]")
    page.keyboard.press("Enter")
    expect(page.locator("#finding details[open] [name=reason_code]")).to_be_focused()
    expect(page.locator("#finding > .head .tag").nth(1)).to_have_text(before)
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()

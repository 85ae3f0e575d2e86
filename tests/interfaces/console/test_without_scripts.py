"""The console where scripts do not run (停用脚本): lists, filters, details and the numbers of charts can be read."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.interfaces.console.everything import COUNT, STAY
from tests.interfaces.console.shots import shoot
from tests.interfaces.console.visitors import CHROMIUM, Visitors
from tests.service import Service

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium; scripts/services.sh installs it")

TITLE = "医疗服务项目区分性别使用"


@pytest.fixture(scope="module")
def visitors(whole: Service) -> Iterator[Visitors]:
    with playwright.sync_playwright() as driver:
        found = Visitors(driver, whole.url)
        yield found
        found.close()


@pytest.fixture
def page(visitors: Visitors) -> Any:
    return visitors.come("audit_lead", has_scripts=False)


def rows(page: Any) -> Any:
    return page.locator("tbody[data-rows] tr")


def test_the_list_is_filtered_by_its_form_and_a_finding_is_opened(page: Any) -> None:
    page.goto("/console/findings")
    total = rows(page).count()
    assert total >= COUNT
    page.select_option("main [name=department]", "D02")
    page.click("main form[role=search] button[type=submit]")
    assert 0 < rows(page).count() < total
    assert "department=D02" in page.url
    assert "内科" not in rows(page).first.inner_text()
    rows(page).locator("a", has_text=TITLE).first.click()
    assert page.locator("main h1").inner_text() == TITLE
    assert page.locator("#finding tr.at-fault").count() == 1
    assert page.locator("#finding", has_text="为什么：规则与依据").is_visible()
    shoot(page, "without-scripts-finding")


def test_more_filters_are_unfolded_and_what_could_not_be_sent_is_not_shown(page: Any) -> None:
    page.goto("/console/findings")
    page.locator("summary", has_text="更多条件").click()
    assert page.locator("main [name=facility]").is_visible()
    assert page.locator("main button:visible", has_text="查询患者").count() == 0
    assert page.locator("main .banner", has_text="停用脚本").is_visible()
    rows(page).first.locator("a").first.click()
    assert page.locator("#finding form:visible").count() == 0


def test_the_dashboard_tells_its_numbers_in_tables(page: Any) -> None:
    page.goto("/console/dashboard")
    assert page.locator(".figure b").first.inner_text() == str(_found(page))
    for name in ("趋势", "处理状态", "按科室", "按规则"):
        table = page.locator(f"table[aria-label={name}]")
        assert table.is_visible(), name
        assert re.search(r"\d+\.\d\d", table.inner_text()), name
    assert page.locator(".chart:visible").count() == 0
    assert "正在汇总" not in page.locator("main").inner_text()
    shoot(page, "without-scripts-dashboard")
    page.goto("/console/dashboard?from=2026-03-01&to=2026-03-31")
    page.locator("main a", has_text="查看费用与目录外占比").click()
    assert "目录外占比" in page.locator("body").inner_text()


def _found(page: Any) -> int:
    """As the sum of the table of states tells it."""
    cells = page.locator("table[aria-label=处理状态] tbody td:nth-child(2)").all_inner_texts()
    return sum(int(one.replace(",", "")) for one in cells)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/console", "待审核"),
        ("/console/rules", TITLE),
        ("/console/stays", STAY),
        ("/console/reminders", "未答复"),
        ("/console/appeals", "这一阶段没有申诉"),
        ("/console/trail", "条目总数"),
    ],
)
def test_other_pages_say_what_they_say(page: Any, path: str, said: str) -> None:
    page.goto(path)
    assert said in page.locator("main").inner_text()


def test_nothing_typed_gets_into_an_address_before_scripts_run(page: Any) -> None:
    """A form that a script sends is one for POST: the browser by itself puts no field of it into the address."""
    for path in ("/console/findings", "/console/stays"):
        page.goto(path)
        forms = page.locator("form[hx-post]")
        assert forms.count() > 0
        assert {one.evaluate("form => form.method") for one in forms.all()} == {"post"}

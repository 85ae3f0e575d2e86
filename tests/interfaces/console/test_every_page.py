"""Every page of the console in a real browser: nothing serious for axe, nothing for the browser to complain of, nothing
wider than the screen of a desk or a tablet. The pages are those of the operations tables: a new one is looked at too.
"""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from app.domain.access import PERMISSIONS, Permission, Role
from app.interfaces.console.console import CONSOLE_OPERATIONS
from app.interfaces.console.menu import MENU
from app.interfaces.need import Entrance, Need
from tests.interfaces.console.everything import STAY
from tests.interfaces.console.shots import shoot
from tests.interfaces.console.visitors import CHROMIUM, DESKTOP, Visitors
from tests.service import Service

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe_core = pytest.importorskip("axe_core_python.sync_playwright", reason="axe-core-python is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium; scripts/services.sh installs it")

PAGES = sorted(
    operation.removeprefix("GET ") for operation in CONSOLE_OPERATIONS if operation.startswith("GET /console")
)
NOT_PAGES = {  # files, parts of pages, and what leads on to a page
    "/console/appeals/{finding_id}/dossier.pdf", "/console/attachments/{attachment_id}", "/console/dashboard/fees",
    "/console/findings/export", "/console/findings/{finding_id}/proof", "/console/rules/{rule_id}/points",
    "/console/trail/entries/{seq}/proof", "/console/try/items", "/console/views/{view_id}",
}  # fmt: skip
ASKED = {"/console/stay": f"?facility=F1&encounter={STAY}"}
STILL_LOADING = "[hx-trigger=load] > .needs-scripts, .htmx-request"
TABLETS = ((1024, 768), (768, 1024))
SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module")
def visitors(whole: Service) -> Iterator[Visitors]:
    with playwright.sync_playwright() as driver:
        playwright.expect.set_options(timeout=20_000)
        found = Visitors(driver, whole.url)
        yield found
        found.close()


@pytest.fixture(scope="module")
def ids(visitors: Visitors) -> dict[str, str]:
    """What the paths of pages name."""
    return {
        "{finding_id}": _first(visitors, "audit_lead", "/console/findings", r'"/console/findings/([0-9a-f]{32})"'),
        "{account_id}": _first(visitors, "security_administrator", "/console/accounts", r'"/console/accounts/(\w+)"'),
        "{rule_id}": "service-item-for-other-sex",
        "{webhook_id}": _webhook(visitors),
    }


def _first(visitors: Visitors, login: str, page: str, pattern: str) -> str:
    window = visitors.come(login)
    window.goto(page)
    found = re.search(pattern, window.content())
    assert found is not None, page
    return found[1]


def _webhook(visitors: Visitors) -> str:
    window = visitors.come("security_administrator")
    window.goto("/console/profiles")
    window.locator("summary", has_text="新增订阅").click()
    form = window.locator("form[hx-post='/console/webhooks']")
    form.locator("[name=url]").fill("http://127.0.0.1:9/told")
    form.locator("[name=kind]").first.check()
    form.locator("button[type=submit]").click()
    window.wait_for_selector("#made-webhook >> text=只显示这一次")
    return _first(visitors, "security_administrator", "/console/profiles", r'"/console/webhooks/(\w+)"')


def needed(page: str) -> Need:
    return CONSOLE_OPERATIONS[f"GET {page}"]


def who_opens(need: Need) -> str:
    """The login of a role that may; blank: anybody."""
    if need is Entrance.OPEN:
        return ""
    roles = [one for one in Role if one is not Role.HIS_CLIENT]
    fitting = [one for one in roles if not isinstance(need, Permission) or need in PERMISSIONS[one]]
    return next((one.value for one in fitting if one is Role.AUDIT_LEAD), fitting[0].value)


def opened(visitors: Visitors, ids: dict[str, str], page: str) -> Any:
    window = visitors.come(who_opens(needed(page)))
    window.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    path = re.sub(r"\{\w+\}", lambda found: ids[found[0]], page)
    answer = window.goto(path + ASKED.get(page, ""))
    assert answer.status == 200, (path, answer.status)
    playwright.expect(window.locator(STILL_LOADING)).to_have_count(0)
    return window


def violations(window: Any) -> list[str]:
    found = axe_core.Axe().run(window)["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:150]}" for one in found if one["impact"] in SERIOUS]


@pytest.mark.parametrize("page", [one for one in PAGES if one not in NOT_PAGES])
def test_a_page_can_be_read_by_everybody(visitors: Visitors, ids: dict[str, str], page: str) -> None:
    visitors.said.clear()
    window = opened(visitors, ids, page)
    assert window.locator("h1").count() == 1
    assert violations(window) == []
    name = re.sub(r"\W+", "-", page).strip("-")
    for width, height in (DESKTOP, *TABLETS):
        window.set_viewport_size({"width": width, "height": height})
        assert window.evaluate("document.documentElement.scrollWidth <= innerWidth"), (page, width)
        if width != TABLETS[0][0]:
            shoot(window, f"{name}-{width}")
    assert visitors.said == []


def test_the_menu_of_each_role_opens(visitors: Visitors) -> None:
    visitors.said.clear()
    for role in [one for one in Role if one is not Role.HIS_CLIENT]:
        window = visitors.come(role.value)
        window.goto("/console")
        paths = [one.get_attribute("href") for one in window.locator("nav.side a").all()]
        assert paths == [one.path for one in MENU if _may(role, one.need)]
        for path in paths:
            assert window.request.get(path).status == 200, (role, path)
    assert visitors.said == []


def _may(role: Role, need: Need) -> bool:
    return not isinstance(need, Permission) or need in PERMISSIONS[role]


def test_every_page_of_the_tables_is_looked_at() -> None:
    """What is no page is named one by one, and is not in the menu."""
    assert set(PAGES) >= NOT_PAGES
    assert not {one.path for one in MENU} & NOT_PAGES


def test_a_fault_would_be_seen(visitors: Visitors) -> None:
    """A button without a name, a script from within the page, and a script that fails."""
    visitors.said.clear()
    window = visitors.come("audit_lead")
    window.goto("/console")
    assert violations(window) == []
    window.evaluate("document.querySelector('main').append(document.createElement('button'))")
    assert [one for one in violations(window) if one.startswith("button-name")]
    window.evaluate("const s = document.createElement('script'); s.textContent = '1'; document.body.append(s)")
    window.evaluate("setTimeout(() => { throw new Error('broken') })")
    for said in ("Content Security Policy", "broken"):
        until = time.monotonic() + 20
        while not [one for one in visitors.said if said in one] and time.monotonic() < until:
            window.wait_for_timeout(50)
        assert [one for one in visitors.said if said in one]
    visitors.said.clear()

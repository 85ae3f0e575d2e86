"""Visitors (浏览器访客): people in a real browser, of whom every complaint of the browser is kept."""

import shutil
from typing import Any

from tests.interfaces.console.front import PASSWORD

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DESKTOP = (1366, 768)


class Visitors:
    """One browser; a window for each person. `said` is what the consoles of the windows had to complain of."""

    def __init__(self, driver: Any, url: str) -> None:
        self._browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        self._windows: dict[tuple[str, bool], Any] = {}
        self.url = url
        self.said: list[str] = []

    def come(self, login: str, *, has_scripts: bool = True) -> Any:
        """The window of whoever signed in under this login; it is theirs for all tests."""
        if (login, has_scripts) not in self._windows:
            self._windows[login, has_scripts] = self._enter(login, has_scripts)
        return self._windows[login, has_scripts]

    def close(self) -> None:
        self._browser.close()

    def _enter(self, login: str, has_scripts: bool) -> Any:
        width, height = DESKTOP
        page = self._browser.new_page(
            viewport={"width": width, "height": height}, locale="zh-CN", base_url=self.url,
            java_script_enabled=has_scripts,
        )  # fmt: skip
        page.set_default_timeout(30_000)  # the machine may be busy with other tests
        page.on("console", lambda told: self._note(login, told.type, told.text))
        page.on("pageerror", lambda error: self.said.append(f"{login}: {error}"))
        if login:
            page.goto("/console/sign-in")
            page.fill("[name=login]", login)
            page.fill("[name=password]", PASSWORD)
            page.click("button[type=submit]")
            page.wait_for_url(lambda url: "sign-in" not in url)
        return page

    def _note(self, login: str, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.said.append(f"{login}: {text}")

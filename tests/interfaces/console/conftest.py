"""A console with findings on it (有疑点的审核工作台), on either database; and people who signed in."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.interfaces.console.everything import everything
from tests.interfaces.console.front import PASSWORD, audited, console
from tests.service import Service

Someone = Callable[[str], "Person"]
COUNT = 24


class Person(httpx.Client):
    """A browser without scripts: it keeps cookies, and sends the token that its page told."""

    csrf = ""

    def enter(self, login: str, password: str = PASSWORD, **more: str) -> httpx.Response:
        answer = self.post("/console/sign-in", data={"login": login, "password": password, **more})
        if answer.status_code == 303:
            page = self.get(answer.headers["location"]).text
            self.csrf = page.partition('name="csrf-token" content="')[2].partition('"')[0]
        return answer

    def tell(self, path: str, **fields: object) -> httpx.Response:
        return self.post(path, data=fields, headers={"x-csrf-token": self.csrf, "hx-request": "true"})


@pytest.fixture(scope="session")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory in which two dozen encounters were audited, and everybody has an account."""
    folder = tmp_path_factory.mktemp("audited")
    audited(folder, COUNT)
    with console(folder):
        pass
    return folder


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Every page of the console, for tests that only look, or change a finding of their own."""
    with everything(tmp_path_factory.mktemp("everything")) as running:
        yield running


@pytest.fixture
def service(stored: Path, tmp_path: Path) -> Iterator[Service]:
    shutil.copytree(stored, tmp_path / "data")
    with console(tmp_path / "data") as running:
        yield running


@pytest.fixture
def someone(service: Service) -> Iterator[Someone]:
    """Somebody who signed in under this login; blank: nobody did."""
    opened: list[Person] = []

    def come(login: str) -> Person:
        person = Person(base_url=service.url, trust_env=False, timeout=30, headers={"origin": service.url})
        opened.append(person)
        if login:
            assert person.enter(login).status_code == 303
        return person

    yield come
    for one in opened:
        one.close()

"""One console with a month of findings for all tests of the pages that only look; everybody signs in once."""

from collections.abc import Iterator

import pytest

from tests.interfaces.console.analysis.whole import analysis
from tests.interfaces.console.conftest import Person, Someone
from tests.service import Service


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with analysis(tmp_path_factory.mktemp("analysis")) as running:
        yield running


@pytest.fixture(scope="session")
def someone(service: Service) -> Iterator[Someone]:
    opened: dict[str, Person] = {}

    def come(login: str) -> Person:
        if login not in opened:
            person = Person(base_url=service.url, trust_env=False, timeout=30, headers={"origin": service.url})
            opened[login] = person
            if login:
                assert person.enter(login, next="/console/rules").status_code == 303
        return opened[login]

    yield come
    for one in opened.values():
        one.close()


@pytest.fixture
def lead(someone: Someone) -> Person:
    return someone("lead")

"""What the tests of the national interface share: a caller without a profile, and one made for a test's profiles."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.interfaces.nhsa.caller import Caller


@pytest.fixture(scope="package")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    with Caller(tmp_path_factory.mktemp("nhsa")) as found:
        yield found


@pytest.fixture
def with_profiles(tmp_path: Path) -> Iterator[Callable[..., Caller]]:
    """Makes a caller of `default` and `callers` profiles."""
    with ExitStack() as stack:
        number = iter(range(10))

        def make(default: dict[str, Any] | None = None, *callers: dict[str, Any], **settings: Any) -> Caller:
            folder = tmp_path / str(next(number))
            folder.mkdir()
            return stack.enter_context(Caller(folder, {"default": default or {}, "callers": list(callers)}, **settings))

        yield make

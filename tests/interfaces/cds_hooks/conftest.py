"""What the tests of the services share: an EMR, and the service on five small rules."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.interfaces.cds_hooks.emr import RULES, Emr
from tests.interfaces.nhsa.caller import Caller


@pytest.fixture(scope="module")
def emr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emr]:
    """Answers nothing twice the same way for having been asked before: no history, and nothing stays silent."""
    folder = tmp_path_factory.mktemp("cds")
    with Caller(folder, rules=RULES, keep_history=False, cds_silence_hours=0, cds_most_cards=20) as caller:
        yield Emr(caller)


@pytest.fixture
def make_emr(tmp_path: Path) -> Iterator[Callable[..., Emr]]:
    """Makes a service with settings of its own."""
    with ExitStack() as stack:

        def make(**settings: Any) -> Emr:
            return Emr(stack.enter_context(Caller(tmp_path, rules=RULES, **settings)))

        yield make

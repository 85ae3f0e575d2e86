"""The probe kinds stand beside the real ones only in the modules that ask for them."""

from collections.abc import Iterator

import pytest

from app.engine.kinds import KINDS
from tests.engine.probe import PROBES


@pytest.fixture(scope="module")
def probes() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, kind in PROBES.items():
            patch.setitem(KINDS, name, kind)
        yield

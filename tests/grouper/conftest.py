"""The small scheme, opened."""

import pytest

from app.application.load_scheme import load_scheme
from tests.scheme_files import small_scheme, write_scheme


@pytest.fixture
def make_scheme(tmp_path):
    """Open a variant of the small scheme; keywords change scheme.json."""

    def make(without=(), extra=None, **manifest):
        files = small_scheme(**manifest) | (extra or {})
        kept = {name: content for name, content in files.items() if name not in without}
        return load_scheme(write_scheme(tmp_path / "scheme", kept))

    return make


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    return load_scheme(write_scheme(tmp_path_factory.mktemp("schemes") / "small"))

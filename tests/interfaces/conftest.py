"""What the tests of the interfaces share: the service, started once for each worker."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.main import create_app
from app.settings import Settings
from tests.service import KEY, ROOT, Service, serving


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    data_dir: Path = tmp_path_factory.mktemp("service")
    settings = Settings(
        data_dir=data_dir,
        rules_dir=ROOT / "rules",
        api_key=SecretStr(KEY),
        max_bulk_line_bytes=100_000,
        keep_history=False,
    )
    with serving(create_app(settings), data_dir) as running:
        yield running

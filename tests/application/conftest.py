"""An empty folder of rules to import into."""

from pathlib import Path

import pytest


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    made = tmp_path / "rules"
    made.mkdir()
    return made

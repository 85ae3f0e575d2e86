"""An empty folder of rules to import into, and a database that rulesets are published to."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.application.library import Announcer, Moody, World, opened


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    made = tmp_path / "rules"
    made.mkdir()
    return made


@pytest.fixture
def within(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Callable[..., None]:
    caplog.set_level(logging.INFO, "mingjian")

    def run(act: Callable[[World], Awaitable[None]], announced: bool = False) -> None:
        async def whole() -> None:
            async with opened(tmp_path) as store:
                await act(World(tmp_path, Moody(store), Announcer() if announced else None))

        asyncio.run(whole())

    return run

"""Lets `pytest rules` run every rule's own examples, one test each; and lends every test the servers it may need."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.engine.examples import check_coverage, run_example
from app.knowledge.pack import RuleFolder, read_rule_folder, scope_of
from app.knowledge.rule import Example
from tests.servers import postgres, redis_server  # noqa: F401 - fixtures (tests/conftest.py upsets pytest-alembic)


class RuleFile(pytest.File):
    def collect(self) -> Iterator[pytest.Item]:
        folder = read_rule_folder(self.path.parent, scope_of(self.path.parent))
        yield RuleItem.from_parent(self, name="has both kinds of example", folder=folder, example=None)
        for example in folder.rule.examples:
            yield RuleItem.from_parent(self, name=example.name, folder=folder, example=example)


class RuleItem(pytest.Item):
    def __init__(self, *, folder: RuleFolder, example: Example | None, **rest: Any) -> None:
        super().__init__(**rest)
        self.folder, self.example = folder, example

    def runtest(self) -> None:
        if self.example is None:
            check_coverage(self.folder)
        else:
            run_example(self.folder, self.example)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:  # noqa: ARG002
        return str(excinfo.value)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"{self.folder.rule.id}: {self.name}"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> RuleFile | None:
    return RuleFile.from_parent(parent, path=file_path) if file_path.name == "rule.yaml" else None

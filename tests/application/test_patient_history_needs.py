"""Nothing that a rule looks at is left unfetched: with what `needs` asks for, every rule that looks back says the same
as with the whole past, of encounters drawn by the thousand around the edges of its windows.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from app.application.judge_encounter import judge
from app.application.patient_history import FacilityGroups, PatientHistory, to_keep
from app.domain.decision import SAFE_POLICY
from app.engine.kind import RuleKind
from app.engine.kinds import KINDS
from app.engine.ruleset import Ruleset
from app.store.sqlite.store import sqlite_store
from app.store.store import Store
from tests.application.history_drawn import GROUP, Drawn, Subject, draw, subjects
from tests.application.history_oracle import as_told

EACH = 1_000  # cases of each rule; there are more than twenty rules
AT = datetime(2027, 4, 1, tzinfo=UTC)


@contextmanager
def opened(folder: Path) -> Iterator[tuple[Store, asyncio.Runner]]:
    store = sqlite_store(folder / "history.sqlite3")
    with asyncio.Runner() as runner:
        runner.run(store.open())
        try:
            yield store, runner
        finally:
            runner.run(store.close())


@pytest.fixture(scope="module")
def gather(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Any]]:
    """Stores what was told before, and gathers for each request."""
    with opened(tmp_path_factory.mktemp("needs")) as (store, runner):
        history = PatientHistory(store.history, FacilityGroups([GROUP]))

        async def run(cases: list[Drawn], ruleset: Ruleset) -> list[Any]:
            await store.history.put([to_keep(one, one_day) for case in cases for one in case.before])
            return [await history.gather(case.request, ruleset) for case in cases]

        one_day = date(2026, 1, 1)
        yield lambda cases, ruleset: runner.run(run(cases, ruleset))


def count_of(subject: Subject) -> int:
    """Fewer of a rule that takes many encounters to break."""
    return EACH // 4 if subject.most > 3 else EACH


@pytest.mark.parametrize("name", subjects())
def test_what_is_fetched_is_all_that_is_looked_at(name: str, gather: Callable[..., Any]) -> None:
    subject, first = subjects()[name], list(subjects()).index(name) * EACH
    random, count = Random(name), count_of(subject)
    cases = [draw(random, subject, first + number) for number in range(count)]
    hits = 0
    for case, gathered in zip(cases, gather(cases, subject.ruleset), strict=True):
        _, judgement = judge(
            subject.ruleset, gathered.request, policy=SAFE_POLICY, audited_at=AT, audit_id="a", added=gathered.added
        )
        wanted = case.past.judge(subject.ruleset, case.request)
        assert as_told(judgement) == wanted, case
        hits += bool(wanted["findings"])
    assert count / 100 <= hits <= count * 0.99, hits


DOES_NOT = RuleKind.__dataclass_fields__["past_days"].default


def test_every_kind_that_looks_back_is_here() -> None:
    looking = {
        name
        for name, kind in KINDS.items()
        if kind.past_days is not type(kind).__dataclass_fields__["past_days"].default
    }
    here = {rule.kind for subject in subjects().values() for rule in subject.ruleset.rules.values()}
    assert looking == here
    assert sum(map(count_of, subjects().values())) >= 20_000

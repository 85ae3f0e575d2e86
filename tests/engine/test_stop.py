"""When time is up, what was found is the answer, the rest is named, and it can be judged again as it was."""

import time
from pathlib import Path

import pytest

from app.domain.audit import AuditRequest
from app.domain.case import Case
from app.engine.ruleset import Ruleset
from app.engine.stop import EVERY, Stop
from tests.application.build import request, rules

LINES = 10 * EVERY


@pytest.fixture(scope="module")
def ruleset(tmp_path_factory: pytest.TempPathFactory) -> Ruleset:
    root: Path = tmp_path_factory.mktemp("rules")
    return rules(root)


@pytest.fixture(scope="module")
def asked() -> AuditRequest:
    return request(*["D1", "X1", "S1", "D2"] * (LINES // 4), stage="settling")


def case_of(asked: AuditRequest) -> Case:
    return Case(asked.encounter, asked.stage)


def test_with_time_enough_nothing_changes(ruleset: Ruleset, asked: AuditRequest) -> None:
    stop = Stop(time.monotonic() + 60)
    assert ruleset.audit(case_of(asked), stop=stop) == ruleset.audit(case_of(asked))
    assert not stop.is_reached


def test_without_any_time_everything_is_named(ruleset: Ruleset, asked: AuditRequest) -> None:
    stop = Stop(0.0)
    judgement = ruleset.audit(case_of(asked), stop=stop)
    assert (stop.is_reached, stop.steps, judgement.findings) == (True, 0, ())
    told = {one.rule: one for one in judgement.not_evaluated}
    assert set(told) == {"definite", "suspect"} | ({"on-trial"} & set(told))
    assert {one.missing for one in told.values()} == {"time"}
    assert len(told["definite"].lines) == LINES // 2
    assert len(told["suspect"].lines) == LINES // 4
    assert len(judgement.lines_without_rules) == LINES // 4
    assert all("补审" in one.message for one in told.values())


@pytest.mark.parametrize("steps", [0, 1, 3, 9, 10])
def test_each_line_is_judged_or_named(ruleset: Ruleset, asked: AuditRequest, steps: int) -> None:
    """And after as many steps it is always the same, which is how it is replayed."""
    whole = ruleset.audit(case_of(asked))
    part, again = (ruleset.audit(case_of(asked), stop=Stop(steps=steps)) for _ in range(2))
    assert part == again
    assert part.findings == whole.findings[: len(part.findings)]
    assert len(part.findings) == min(steps, 10) * EVERY * 3 // 4
    judged = {line for one in part.findings for line in one.lines}
    left = {line for one in part.not_evaluated for line in one.lines}
    assert judged.isdisjoint(left)
    assert judged | left == {line for one in whole.findings for line in one.lines}
    assert part.lines_without_rules == whole.lines_without_rules

"""The demo's samples give what they promise, judged without a server."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache

import msgspec
import pytest

from app.application.judge_encounter import judge
from app.application.load_ruleset import load_ruleset
from app.domain.audit import Audit, AuditRequest
from app.domain.codes import is_national_item_code
from app.domain.decision import SAFE_POLICY
from app.engine.ruleset import Ruleset
from demo.samples import FOLDER, ROOT, Sample, read_samples, shortfalls

SAMPLES = read_samples()
AT = datetime(2026, 11, 1, tzinfo=UTC)
by_encounter = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.encounter)


@cache
def _rules() -> Ruleset:
    return load_ruleset(ROOT / "rules")


def _request(sample: Sample) -> AuditRequest:
    return msgspec.json.decode(sample.body, type=AuditRequest)


def _audit(sample: Sample) -> Audit:
    return judge(_rules(), _request(sample), policy=SAFE_POLICY, audited_at=AT, audit_id="0" * 32)[0]


@by_encounter
def test_the_expected_rules_speak(sample: Sample) -> None:
    found = frozenset(finding.rule for finding in _audit(sample).findings)
    assert shortfalls(sample, found) == []


def test_the_clean_encounter_is_clean_and_was_judged_whole() -> None:
    audit = _audit(next(sample for sample in SAMPLES if not sample.expected))
    assert audit.findings == ()
    assert audit.not_evaluated == ()


@by_encounter
def test_the_samples_have_no_odd_data(sample: Sample) -> None:
    assert [issue.message for issue in _audit(sample).data_issues] == []


@by_encounter
def test_codes_have_the_national_shape(sample: Sample) -> None:
    codes = [line.item_code for line in _request(sample).encounter.lines]
    assert [code for code in codes if not is_national_item_code(code)] == []


def test_expectations_and_samples_are_the_same_encounters() -> None:
    written = json.loads((FOLDER / "expected.json").read_text("utf-8"))
    assert sorted(written) == sorted(sample.encounter for sample in SAMPLES)
    assert [name for name, rules in written.items() if not rules] == ["DEMO-01-CLEAN"]


def test_a_silent_rule_and_a_loud_clean_encounter_are_shortfalls() -> None:
    guilty, clean = Sample("E1", b"", frozenset({"a", "b"})), Sample("E2", b"", frozenset())
    assert shortfalls(guilty, frozenset({"a", "c"})) == ["E1: no finding of b"]
    assert shortfalls(guilty, frozenset({"a", "b"})) == []
    assert shortfalls(clean, frozenset({"x"})) == ["E2: is clean, but x found something"]
    assert shortfalls(clean, frozenset()) == []


def _run(**environment: str) -> "subprocess.CompletedProcess[str]":
    own = {name: value for name, value in os.environ.items() if not name.startswith("MINGJIAN_") and name != "PORT"}
    return subprocess.run(
        [sys.executable, "-m", "demo"],
        cwd=ROOT,
        env={**own, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_demo_runs_over_http_and_finds_what_it_should() -> None:
    done = _run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith(f"{len(SAMPLES)}次就诊，")
    assert done.stdout.splitlines()[-1].endswith("全部符合预期")
    rules = {rule for sample in SAMPLES for rule in sample.expected}
    assert [rule for rule in sorted(rules) if f" {rule} " not in done.stdout] == []


def test_a_service_that_is_not_there_is_told() -> None:
    done = _run(MINGJIAN_URL="http://127.0.0.1:9")
    assert done.returncode == 1
    assert "nothing answers at http://127.0.0.1:9/healthz" in done.stderr

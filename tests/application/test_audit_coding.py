"""Coding findings in audits of stage settling: who gets them, what they are like, and that they take no time."""

import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.application.audit_coding import CodingJudge, judge_of, open_judge
from app.domain.audit import AuditRequest, Judgement
from app.domain.decision import SAFE_POLICY, Decision
from app.domain.finding import Visibility
from app.knowledge.scheme_issues import SchemeError
from tests.application.test_check_coding import ENCOUNTER
from tests.grouper.coding_build import ROOT, knowledge, starter, with_parameters

EMPTY = Judgement(ruleset="r1", findings=(), not_evaluated=(), lines_without_rules=())
RULES = ROOT / "rules"


@pytest.fixture(scope="module")
def judge() -> CodingJudge:
    made = CodingJudge(starter(), knowledge())
    made.warm()
    return made


def asked(stage: str = "settling", **changed: Any) -> AuditRequest:
    return msgspec.convert({"stage": stage, "encounter": {**ENCOUNTER, **changed}}, AuditRequest, strict=False)


def diagnoses(*codes: str) -> dict[str, Any]:
    return {"diagnoses": [{"code": code, "is_principal": not place} for place, code in enumerate(codes)]}


def test_a_finding_on_trial_is_kept_for_staff(judge: CodingJudge) -> None:
    judgement = judge.added(EMPTY, asked(), SAFE_POLICY)
    (finding,) = judgement.findings
    assert finding.rule == "coding-driver-without-evidence"
    assert (finding.visibility, finding.decision) == (Visibility.TRIAL, Decision.PASS)
    assert finding.ruleset == "r1"
    assert finding.message.endswith("须由编码员确认。")
    assert (finding.facts["group"], finding.facts["group_otherwise"]) == ("BR21", "BR25")
    assert judgement.not_evaluated == ()


def test_an_active_one_is_shown_and_informs(judge: CodingJudge) -> None:
    (finding,) = judge.added(EMPTY, asked(**diagnoses("I21.000")), SAFE_POLICY).findings
    assert finding.rule == "coding-principal-unspecific"
    assert (finding.visibility, finding.decision) == (Visibility.SHOWN, Decision.INFORM)


@pytest.mark.parametrize(
    "request_",
    [
        asked("ordering"),
        asked("settled"),
        asked(care_type="outpatient"),
        asked(care_type=""),
        asked(diagnoses=[]),
        asked(diagnoses=[{"name": "脑梗死"}]),
        asked(**diagnoses("I63.900")),
    ],
)
def test_others_are_left_as_they_are(judge: CodingJudge, request_: AuditRequest) -> None:
    assert judge.added(EMPTY, request_, SAFE_POLICY) is EMPTY


def test_the_same_fault_has_the_same_id_whatever_else_was_charged(judge: CodingJudge) -> None:
    (first,) = judge.added(EMPTY, asked(), SAFE_POLICY).findings
    more = [*ENCOUNTER["charge_lines"], {**ENCOUNTER["charge_lines"][0], "id": "L2", "service_date": "2026-03-02"}]
    (second,) = judge.added(EMPTY, asked(charge_lines=more), SAFE_POLICY).findings
    assert first.id == second.id
    assert len(first.id) == 32
    (other,) = judge.added(EMPTY, asked(id="E2"), SAFE_POLICY).findings
    assert other.id != first.id
    assert judge.added(EMPTY, asked(), SAFE_POLICY) == judge.added(EMPTY, asked(), SAFE_POLICY)


def test_a_fault_of_ours_stops_no_audit(caplog: pytest.LogCaptureFixture) -> None:
    broken = CodingJudge(starter(), msgspec.structs.replace(knowledge(), parameters={}))
    judgement = broken.added(EMPTY, asked(**diagnoses("R18.x00")), SAFE_POLICY)
    assert [(one.rule, one.missing) for one in judgement.not_evaluated] == [("coding", "internal_error")]
    assert "could not be made" in caplog.text


def test_the_revision_names_scheme_and_tables(judge: CodingJudge, tmp_path: Path) -> None:
    opened = open_judge("starter", tmp_path, RULES, tmp_path / "cache")
    assert opened is not None
    assert opened.revision == judge.revision
    again = judge_of(opened.revision, RULES, tmp_path / "cache")
    assert again is not None
    assert again.added(EMPTY, asked(), SAFE_POLICY) == judge.added(EMPTY, asked(), SAFE_POLICY)
    assert judge_of(opened.revision, RULES, tmp_path / "elsewhere") is None
    assert judge_of(f"{starter().revision}+0000", RULES, tmp_path / "cache") is None
    assert judge_of("../../etc/passwd+" + knowledge().revision, RULES, tmp_path / "cache") is None


def test_a_scheme_that_is_not_there(tmp_path: Path) -> None:
    assert open_judge("", tmp_path, RULES, None) is None
    with pytest.raises(SchemeError):
        open_judge("nowhere", tmp_path, RULES, None)


def test_an_audit_takes_hardly_longer(judge: CodingJudge) -> None:
    lines = [
        {**ENCOUNTER["charge_lines"][0], "id": f"L{place}", "item_code": f"0025010{place:02d}000000"}
        for place in range(100)
    ]
    request = asked(charge_lines=lines, **diagnoses("I63.900", "J96.000", "I10.x02", "E11.900", "K29.501"))
    judge.added(EMPTY, request, SAFE_POLICY)
    rounds = []
    for _ in range(5):
        started = time.perf_counter()
        for _ in range(20):
            judge.added(EMPTY, request, SAFE_POLICY)
        rounds.append((time.perf_counter() - started) / 20)
    assert min(rounds) < 0.003  # the goal is 1 ms; the machine of a test may be busy


def test_thresholds_are_those_of_the_tables() -> None:
    strict = CodingJudge(starter(), with_parameters("A4", min_dictionary=10))
    (finding,) = strict.added(EMPTY, asked(**diagnoses("R18.x00")), SAFE_POLICY).findings
    assert finding.rule == "coding-principal-not-allowed"

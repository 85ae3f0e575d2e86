"""What is shown, what is only stored, and which decision it comes to."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.application.audit_encounter import EncounterAuditor
from app.application.judge_encounter import judge
from app.domain.audit import Audit, AuditRequest
from app.domain.decision import SAFE_POLICY, Decision, DecisionPolicy, Severity, Stage
from app.engine.ruleset import Ruleset
from app.settings import Settings
from app.store.audit_log import AuditRecord, IdempotencyKey
from tests.application.build import Kept, request, rules

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def ruleset(tmp_path_factory: pytest.TempPathFactory) -> Ruleset:
    return rules(tmp_path_factory.mktemp("rules"))


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Ruleset:
    return rules(tmp_path_factory.mktemp("twin"))


def judged(ruleset: Ruleset, asked: AuditRequest, policy: DecisionPolicy = SAFE_POLICY) -> Audit:
    return judge(ruleset, asked, policy=policy, audited_at=AT, audit_id="a1")[0]


def recorded(ruleset: Ruleset, asked: AuditRequest, **more: Any) -> AuditRecord:
    log = Kept()
    auditor = EncounterAuditor(lambda: ruleset, log, SAFE_POLICY, now=lambda: AT)
    asyncio.run(auditor.audit(asked, b"the body", caller="local", **more))
    (record,) = log.records
    return record


@given(codes=st.lists(st.sampled_from(["D1", "D2", "S1", "T1", "X1", ""]), max_size=8), stage=st.sampled_from(Stage))
def test_same_request_same_answer(ruleset: Ruleset, twin: Ruleset, codes: list[str], stage: Stage) -> None:
    """Byte for byte, also by a ruleset that was loaded anew from the same rules elsewhere."""
    asked = request(*codes, stage=stage)
    assert len({msgspec.json.encode(judged(one, asked)) for one in (ruleset, ruleset, twin)}) == 1


def test_judging_changes_nothing(ruleset: Ruleset) -> None:
    asked = request("D1", "T1")
    before = msgspec.json.encode(asked)
    judged(ruleset, asked)
    assert msgspec.json.encode(asked) == before


def test_answer(ruleset: Ruleset) -> None:
    audit = judged(ruleset, request("D1", "X1"))
    assert (audit.id, audit.audited_at, audit.encounter, audit.stage) == ("a1", AT, "E1", Stage.SETTLING)
    assert audit.ruleset == ruleset.revision
    assert [(one.rule, one.lines, one.amount_at_issue) for one in audit.findings] == [
        ("definite", ("L1",), Decimal("10.01"))
    ]
    assert audit.lines_without_rules == ("L2",)
    assert {issue.code for issue in audit.data_issues} == {"item_code_not_national", "no_diagnosis"}


@pytest.mark.parametrize(
    ("codes", "stage", "decision"),
    [
        ([], "settling", Decision.PASS),
        (["X1"], "settling", Decision.PASS),
        (["S1"], "settling", Decision.REQUIRE_REASON),
        (["S1", "D1"], "settling", Decision.BLOCK),
        (["D1", "S1"], "settling", Decision.BLOCK),
        (["S1"], "ordering", Decision.INFORM),
        (["S1", "D1", "S2"], "ordering", Decision.REQUIRE_REASON),
        (["D1", "S1"], "settled", Decision.INFORM),
        (["T1"], "settling", Decision.PASS),
        (["T1", "S1"], "settling", Decision.REQUIRE_REASON),
    ],
)
def test_decision_is_the_strictest_shown(ruleset: Ruleset, codes: list[str], stage: str, decision: Decision) -> None:
    assert judged(ruleset, request(*codes, stage=stage)).decision is decision


def test_policy_of_the_settings(ruleset: Ruleset, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the hospital does not name stays at the safe default."""
    monkeypatch.setenv(
        "MINGJIAN_DECISIONS", '{"settling": {"definite": "inform"}, "ordering": {"highly_suspect": "block"}}'
    )
    policy = DecisionPolicy(Settings().decisions)
    decisions = {
        (stage, code): judged(ruleset, request(code, stage=stage), policy).decision
        for stage in ("ordering", "settling", "settled")
        for code in ("D1", "S1")
    }
    assert decisions == {
        ("ordering", "D1"): Decision.REQUIRE_REASON,
        ("ordering", "S1"): Decision.REQUIRE_REASON,  # only a clear violation blocks, whatever the setting
        ("settling", "D1"): Decision.INFORM,
        ("settling", "S1"): Decision.REQUIRE_REASON,
        ("settled", "D1"): Decision.INFORM,
        ("settled", "S1"): Decision.INFORM,
    }


@pytest.mark.parametrize(
    "written", ['{"settling": {"certain": "block"}}', '{"later": {}}', '{"settling": {"definite": "refuse"}}', "block"]
)
def test_policy_that_is_none(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("MINGJIAN_DECISIONS", written)
    with pytest.raises(ValueError, match="decisions"):
        Settings()


@pytest.mark.parametrize(("asked", "visibility"), [(request("T1"), "trial"), (request("D1", current=False), "shown")])
def test_hidden_finding_is_stored_only(ruleset: Ruleset, asked: AuditRequest, visibility: str) -> None:
    """A rule on trial, and a line that is only context."""
    record = recorded(ruleset, asked)
    audit = msgspec.json.decode(record.audit, type=Audit)
    assert audit.findings == ()
    assert audit.decision is Decision.PASS
    (hidden,) = msgspec.json.decode(record.hidden)
    (row,) = record.findings
    assert row[0] == hidden["id"]
    assert row[5] == "pass"
    assert row[6] == visibility
    assert row[7] is (visibility == "trial")


def test_record(ruleset: Ruleset) -> None:
    record = recorded(ruleset, request("D1", "S1", "T1"), key="k")
    audit = msgspec.json.decode(record.audit, type=Audit)
    assert (record.request, record.request_digest) == (b"the body", sha256(b"the body").digest())
    assert (record.id, record.recorded_at, record.decision) == (audit.id, AT, "block")
    assert (record.caller, record.facility, record.encounter) == ("local", "F1", "E1")
    assert (record.stage, record.ruleset) == ("settling", ruleset.revision)
    assert record.key == IdempotencyKey("local", "k")
    assert [row[1:5] for row in record.findings] == [
        ("definite", 1, "K1", Severity.DEFINITE),
        ("suspect", 1, "K1", Severity.HIGHLY_SUSPECT),
        ("on-trial", 1, "K1", Severity.DEFINITE),
    ]
    assert {row[8] for row in record.findings} == {1001}
    assert {finding.rule for finding in audit.findings} == {"definite", "suspect"}


def test_nothing_hidden_nothing_stored_twice(ruleset: Ruleset) -> None:
    assert recorded(ruleset, request("D1")).hidden == b""


def test_unknown_amount_stays_unknown(ruleset: Ruleset) -> None:
    (row,) = recorded(ruleset, request("D1", amount=None)).findings
    assert row[8] is None


def test_amount_past_what_a_column_holds(ruleset: Ruleset) -> None:
    """The answer is exact; the column holds the most that it can."""
    record = recorded(ruleset, request("D1", amount=None, unit_price="9999999999999.99", quantity=9999999))
    (finding,) = msgspec.json.decode(record.audit, type=Audit).findings
    assert finding.amount_at_issue == Decimal("9999999999999.99") * 9999999
    assert record.findings[0][8] == 2**63 - 1


def test_each_audit_has_an_id_of_its_own(ruleset: Ruleset) -> None:
    assert len({recorded(ruleset, request("D1")).id for _ in range(20)}) == 20


def test_finding_keeps_its_id(ruleset: Ruleset) -> None:
    """The same fault sent again is the same finding, in another audit."""
    first, second = recorded(ruleset, request("D1")), recorded(ruleset, request("D1"))
    assert first.findings[0][0] == second.findings[0][0]
    assert first.id != second.id

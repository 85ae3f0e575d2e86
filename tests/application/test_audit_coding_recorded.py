"""Coding findings of a recorded audit: answered, kept, and made again by the revision that judged."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.application.audit_coding import CodingJudge
from app.application.audit_encounter import EncounterAuditor, Judged
from app.application.facts import read_facts
from app.application.replay_audits import Replayer, again
from app.domain.audit import AuditRequest
from app.domain.decision import SAFE_POLICY
from app.engine.ruleset import Ruleset
from app.store.audit_log import StoredAudit
from tests.application.build import Kept, rules
from tests.application.test_audit_coding import asked, diagnoses
from tests.grouper.coding_build import knowledge, starter, with_parameters

AT = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
JUDGE = CodingJudge(starter(), knowledge())


@pytest.fixture(scope="module")
def ruleset(tmp_path_factory: pytest.TempPathFactory) -> Ruleset:
    return rules(tmp_path_factory.mktemp("rules"))


def audited(ruleset: Ruleset, request: AuditRequest, coding: CodingJudge | None = JUDGE) -> tuple[Judged, StoredAudit]:
    auditor = EncounterAuditor(lambda: ruleset, Kept(), SAFE_POLICY, now=lambda: AT, coding=coding)
    judged = asyncio.run(auditor.judge(request))
    record = auditor.to_record(judged, msgspec.json.encode(request), caller="local")
    names = StoredAudit.__struct_fields__ if hasattr(StoredAudit, "__struct_fields__") else StoredAudit._fields
    fields: dict[str, Any] = {name: getattr(record, name, None) for name in names}
    return judged, StoredAudit(**fields)


def replayed(ruleset: Ruleset, stored: StoredAudit, coding: Any) -> Any:
    class Rulesets:
        async def read(self, revision: str) -> None:
            return None

    return asyncio.run(Replayer(Kept(), Rulesets(), lambda: ruleset, coding).replay_stored(stored))  # type: ignore[arg-type]


def test_shown_findings_are_answered_and_those_on_trial_kept(ruleset: Ruleset) -> None:
    judged, stored = audited(ruleset, asked(**diagnoses("I21.000")))
    assert [one.rule for one in judged.audit.findings] == ["coding-principal-unspecific"]
    assert judged.audit.decision == "inform"
    judged, stored = audited(ruleset, asked())
    assert judged.audit.findings == ()
    assert b"coding-driver-without-evidence" in stored.hidden
    assert read_facts(stored.facts).coding == JUDGE.revision


def test_replay_judges_by_the_same_revision(ruleset: Ruleset) -> None:
    for codes in (("I63.900", "J96.000"), ("I21.000",), ("I63.900",)):
        _, stored = audited(ruleset, asked(**diagnoses(*codes)))
        assert again(stored, ruleset, JUDGE).is_identical
        assert replayed(ruleset, stored, {JUDGE.revision: JUDGE}.get).is_identical


def test_replay_says_so_where_the_scheme_is_gone(ruleset: Ruleset) -> None:
    _, stored = audited(ruleset, asked())
    found = replayed(ruleset, stored, lambda _: None)
    assert not found.is_identical
    assert JUDGE.revision in found.problem


def test_another_scheme_would_be_seen(ruleset: Ruleset) -> None:
    _, stored = audited(ruleset, asked(**diagnoses("R18.x00")))
    other = CodingJudge(starter(), with_parameters("A4", min_dictionary=10))
    assert not again(stored, ruleset, other).is_identical


def test_without_a_scheme_all_is_as_before(ruleset: Ruleset, tmp_path: Path) -> None:
    judged, stored = audited(ruleset, asked(), None)
    assert stored.hidden == b""
    assert read_facts(stored.facts).coding == ""
    assert replayed(ruleset, stored, lambda _: None).is_identical
    assert not judged.audit.findings

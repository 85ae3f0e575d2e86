"""A request too long for its deadline: what was found goes out in time, can be replayed, and is audited again whole."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from app.application.audit_encounter import EncounterAuditor
from app.application.deadline import Deadline
from app.application.reaudit import Reauditor, following_id, is_to_be_made_again
from app.application.replay_audits import again
from app.domain.audit import Audit
from app.domain.decision import SAFE_POLICY, Decision
from app.engine.ruleset import Ruleset
from app.store.audit_log import AuditRecord
from app.store.spooled import as_stored
from tests.application.build import Kept, request, rules

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
LINES = 20_000


@pytest.fixture(scope="module")
def ruleset(tmp_path_factory: pytest.TempPathFactory) -> Ruleset:
    root: Path = tmp_path_factory.mktemp("rules")
    return rules(root)


@pytest.mark.parametrize("seconds", [0.0, 0.03])
def test_too_long_for_its_deadline(ruleset: Ruleset, seconds: float) -> None:
    asked = request(*["D1", "X1"] * (LINES // 2))
    body = msgspec.json.encode(asked)
    log = Kept()
    auditor = EncounterAuditor(lambda: ruleset, log, SAFE_POLICY, now=lambda: AT)

    async def audit() -> tuple[AuditRecord, AuditRecord]:
        deadline = Deadline(time.monotonic() + seconds, seconds)
        await auditor.audit(asked, body, caller="local", deadline=deadline)
        following = await Reauditor(auditor).audit_again(as_stored(log.records[0]))
        assert following is not None
        return log.records[0], following

    record, following = asyncio.run(audit())
    first, whole = (msgspec.json.decode(one.audit, type=Audit) for one in (record, following))
    assert first.degraded == ("time",)
    assert first.decision is not Decision.BLOCK
    (left,) = [one for one in first.not_evaluated if one.rule == "definite"]
    assert left.missing == "time"
    assert len(first.findings) + len(left.lines) == LINES // 2
    assert is_to_be_made_again(as_stored(record))
    assert (whole.degraded, whole.id, whole.follows) == ((), following_id(first.id), first.id)
    assert (len(whole.findings), whole.decision, bool(whole.override)) == (LINES // 2, Decision.BLOCK, True)
    for one in (record, following):
        assert again(as_stored(one), ruleset).is_identical

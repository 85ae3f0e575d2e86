"""A desk (窗口) where encounters are told and asked about: the real service on a real store, with four small rules."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from app.application.audit_encounter import EncounterAuditor
from app.application.keep_history import HistoryKeeper
from app.application.patient_history import FacilityGroups, PatientHistory
from app.domain.audit import Audit, AuditRequest
from app.domain.decision import SAFE_POLICY
from app.domain.encounter import Encounter
from app.engine.compiled import compile_rules
from app.engine.ruleset import Ruleset
from app.store.sqlite.store import sqlite_store
from tests.engine.kinds.build import rule_folder

AT = datetime(2026, 4, 1, tzinfo=UTC)
GROUPS = [["F1", "F2"]]
COUNTED = "002503020030000"  # the shape of a national code
OTHER = "002503020040000"
RULES = [
    # Always says how many there are in ten days.
    rule_folder(
        "quantity_limit",
        {"measure": "times", "per": "rolling"},
        [{"item_code": COUNTED, "limit": "0", "window_days": "10"}],
        id="counts",
    ),
    rule_folder(
        "mutually_exclusive", {"within": "stay"}, [{"item_code": "K*", "excluded_code": "X*"}], id="not-beside"
    ),
    rule_folder("restricted_use", {}, [{"item_code": "W1", "sex": "female"}], id="for-women"),
    rule_folder(
        "visit_pattern",
        {"pattern": "impossible_presence", "window_days": "30", "care_types": ["outpatient"]},
        [],
        id="two-places",
    ),
]


class Desk(NamedTuple):
    """Who asks and tells; each test has patients of its own."""

    runner: asyncio.Runner
    auditor: EncounterAuditor
    keeper: HistoryKeeper

    def audit(self, encounter: Encounter, **request: Any) -> Audit:
        asked = AuditRequest(encounter=encounter, **request)
        answer, _ = self.runner.run(self.auditor.audit(asked, msgspec.json.encode(asked), caller="test"))
        return msgspec.json.decode(answer, type=Audit)

    def tell(self, message: Encounter | tuple[str, str, str]) -> None:
        if isinstance(message, Encounter):
            self.runner.run(self.keeper.keep(message))
        else:
            assert self.runner.run(self.keeper.withdraw(*message, caller="test"))

    def count(self, patient: str, facility: str = "F1") -> int:
        """How many of the counted item the past has, for one who is about to have it."""
        asked = encounter("asks", {"id": "new"}, facility=facility, patient=patient)
        judged = self.runner.run(self.auditor.judge(AuditRequest(encounter=asked)))
        (found,) = [one for one in judged.audit.findings if one.rule == "counts"]
        return int(found.facts["total"]) - 1


def encounter(
    name: str, *lines: dict[str, Any], facility: str = "F1", patient: str = "P1", orders: Any = (), **more: Any
) -> Encounter:
    plain = {"service_date": "2026-03-10", "item_code": COUNTED}
    written = {
        "id": name,
        "facility": {"id": facility},
        "patient": {"id": patient},
        "order_lines": [{**plain, **line} for line in orders],
        "charge_lines": [{**plain, **line} for line in lines],
        **more,
    }
    return msgspec.convert(written, Encounter, strict=False)


@contextmanager
def opened(folder: Path) -> Iterator[Desk]:
    store = sqlite_store(folder / "history.sqlite3")
    ruleset = Ruleset(compile_rules(RULES))
    history = PatientHistory(store.history, FacilityGroups(GROUPS))
    auditor = EncounterAuditor(lambda: ruleset, store.log, SAFE_POLICY, now=lambda: AT, history=history)
    with asyncio.Runner() as runner:
        runner.run(store.open())
        yield Desk(runner, auditor, HistoryKeeper(store.history, now=lambda: AT))
        runner.run(store.close())

"""What is heard of an encounter whose other lines, and whose patient's other encounters, are stored already."""

import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from app.application.audit_encounter import EncounterAuditor
from app.application.patient_history import PatientHistory, to_keep
from app.domain.audit import Audit, AuditRequest
from app.domain.decision import SAFE_POLICY
from app.domain.encounter import Encounter
from app.store.sqlite.store import sqlite_store
from tests.application.history_desk import COUNTED, OTHER, Desk, encounter, opened

A, B = {"id": "A"}, {"id": "B"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with opened(tmp_path_factory.mktemp("history")) as found:
        yield found


def rules_of(audit: Audit) -> list[str]:
    return [one.rule for one in audit.findings]


def test_nothing_conflicts_with_itself(desk: Desk) -> None:
    both = encounter("itself", {"id": "K", "item_code": "K1"}, {"id": "X", "item_code": "X1"}, patient="P-itself")
    again = encounter("itself", {"id": "K", "item_code": "X1"}, patient="P-itself")
    assert rules_of(desk.audit(both)) == ["not-beside"]
    assert rules_of(desk.audit(both)) == ["not-beside"]
    assert rules_of(desk.audit(again)) == []  # what it stood beside was itself


def test_what_was_said_of_other_lines_is_not_said_again(desk: Desk) -> None:
    """Findings, open points, odd data and lines without rules are of what is sent now, whatever is stored."""
    lines = [{"id": "W", "item_code": "W1"}, {"id": "N", "item_code": "unknown"}, {"id": "X", "item_code": "X1"}]
    first = desk.audit(encounter("again", *lines, patient="P-again"))
    assert [one.lines for one in first.not_evaluated if one.rule == "for-women"] == [("W",)]
    assert ("N",) in [one.lines for one in first.data_issues] or ("W", "N", "X") in [
        one.lines for one in first.data_issues
    ]
    assert first.lines_without_rules == ("N",)
    second = desk.audit(encounter("again", A, patient="P-again"))
    assert rules_of(second) == ["counts"]
    assert [one for one in second.not_evaluated if one.rule == "for-women"] == []
    assert [one.lines for one in second.data_issues if one.lines] == []
    assert second.lines_without_rules == ()
    kept = desk.audit(encounter("again", {"id": "K", "item_code": "K1"}, patient="P-again"))
    assert [(one.rule, one.lines, one.related_lines) for one in kept.findings] == [("not-beside", ("X",), ("K",))]
    assert rules_of(desk.audit(encounter("again", patient="P-again"))) == []


def test_a_later_line_speaks_for_one_that_is_sent_now(desk: Desk) -> None:
    later = {"id": "later", "service_date": "2026-03-15"}
    assert [one.lines for one in desk.audit(encounter("speaks", later, patient="P-speaks")).findings] == [("later",)]
    found = desk.audit(encounter("speaks", A, patient="P-speaks")).findings
    assert [(one.lines, one.related_lines) for one in found] == [(("later",), ("A",)), (("A",), ())]
    assert all(one.is_current for one in found)


def test_a_death_long_ago_that_is_told_late_is_known(desk: Desk) -> None:
    stay = {"service_date": "2025-01-01"}
    desk.tell(encounter("died", {**A, **stay}, patient="P-died"))
    desk.tell(encounter("died", {**A, **stay}, patient="P-died", death_at="2025-01-02T10:00:00"))
    asked = encounter("after", {"id": "X", "item_code": "X1"}, patient="P-died", care_type="outpatient")
    assert rules_of(desk.audit(asked)) == ["two-places"]


def test_what_the_request_says_of_the_past_wins(desk: Desk) -> None:
    desk.tell(encounter("told", A, B, patient="P-told"))
    asked = encounter("asks", {"id": "new"}, patient="P-told")

    def total(*given: Encounter) -> str:
        judged = desk.runner.run(desk.auditor.judge(AuditRequest(encounter=asked, history=given)))
        return judged.audit.findings[0].facts["total"]

    assert total() == "3"
    assert total(encounter("told", {**A, "item_code": OTHER}, patient="P-told")) == "2"
    assert total(encounter("told", {"id": "C"}, patient="P-told")) == "4"
    assert total(encounter("elsewhere", A, patient="P-told", facility="F9")) == "4"
    assert total(asked) == "3"  # the encounter itself is no past


def test_a_line_may_have_any_name(desk: Desk) -> None:
    """Days of which only the date is asked for are laid beside as lines, whose names clash with no other."""
    lines = [{"id": "day 2026-03-08"}, {"id": "L", "item_code": OTHER, "service_date": "2026-03-08"}]
    desk.tell(encounter("days", *lines, patient="P-days"))
    assert desk.count("P-days") == 1


def test_five_thousand_lines(desk: Desk) -> None:
    lines = [{"id": f"L{number}", "order_id": f"O{number}"} for number in range(2_500)]
    orders = [{"id": f"O{number}"} for number in range(2_500)]
    desk.tell(encounter("long", *lines, orders=orders, patient="P-long"))
    began = time.monotonic()
    assert desk.count("P-long") == 2_500
    audit = desk.audit(encounter("long", A, patient="P-long"))
    assert (audit.findings[0].facts["total"], len(audit.findings)) == ("2501", 1)
    assert time.monotonic() - began < 3


def test_an_encounter_without_dates_is_kept_under_the_day_it_was_told() -> None:
    write = to_keep(encounter("undated"), date(2026, 4, 1))
    assert (write.month, write.last_date, write.lines) == (202604, "2026-04-01", [])


def test_its_span_holds_every_day_that_it_tells() -> None:
    told = encounter(
        "span", {**A, "service_date": "2026-03-09"}, orders=[{**B, "service_date": "2026-02-28"}],
        start_at="2026-03-01T00:00:00", end_at="2026-03-12T00:00:00", death_at="2026-03-13T00:00:00",
    )  # fmt: skip
    write = to_keep(told, date(2026, 4, 1))
    assert (write.month, write.last_date, write.has_death) == (202602, "2026-03-13", True)
    assert [line[:5] for line in write.lines] == [
        ("B", "2026-02-28", COUNTED, False, ""), ("A", "2026-03-09", COUNTED, True, ""),
    ]  # fmt: skip


def test_a_past_that_cannot_be_read_is_told(tmp_path: Path, desk: Desk) -> None:
    path = tmp_path / "history.sqlite3"
    store = sqlite_store(path)
    path.write_bytes(b"no database" * 100)
    auditor = EncounterAuditor(desk.auditor.ruleset, store.log, SAFE_POLICY, history=PatientHistory(store.history))
    judged = desk.runner.run(auditor.judge(AuditRequest(encounter=encounter("E", A, care_type="outpatient"))))
    assert judged.audit.degraded == ("history",)
    assert rules_of(judged.audit) == ["counts"]  # by what the request tells
    assert ("two-places", "history") in [(one.rule, one.missing) for one in judged.audit.not_evaluated]

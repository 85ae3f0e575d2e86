"""Adjustments: for their days and their place, a rule is milder or of another severity; elsewhere it is as written."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.decision import Decision, Severity
from app.domain.finding import Visibility
from app.engine.adjustment import adjusted
from app.knowledge.overlay import Adjustment
from app.knowledge.rule import Status
from tests.engine.kinds.build import encounter, line
from tests.engine.probe import audit, rule, ruleset

pytestmark = pytest.mark.usefixtures("probes")
FIRST, LAST = date(2026, 3, 1), date(2026, 3, 31)


def adjustment(**changes: Any) -> Adjustment:
    told: dict[str, Any] = {"rule": "a-rule", "start": FIRST, "end": LAST, "reason": "试点", "approved_by": "李主任"}
    return Adjustment(**{**told, "facility": "H43", **changes})


def outcome(*adjustments: Adjustment, day: str = "2026-03-10", facility: str = "H43", **changes: Any) -> Any:
    """Severity and visibility of the one finding; None where the rule is not judged and says so."""
    rules = ruleset(rule("a-rule", {"code": "A"}, **changes), adjustments=adjustments)
    place = {"facility": {"id": facility}, "coverage": {"pooling_area": "430700"}}
    judgement = audit(rules, encounter(line("L1", "A", date.fromisoformat(day)), **place))
    if not judgement.findings:
        assert judgement.lines_without_rules == ("L1",)
        return None
    (finding,) = judgement.findings
    return finding.severity, finding.visibility


AS_WRITTEN = (Severity.DEFINITE, Visibility.SHOWN)


@pytest.mark.parametrize("day", ["2026-02-28", "2026-04-01"])
@pytest.mark.parametrize("status", [Status.DRAFT, Status.TRIAL])
def test_before_and_after_its_days_the_rule_is_as_written(day: str, status: Status) -> None:
    assert outcome(adjustment(status=status), day=day) == AS_WRITTEN


@pytest.mark.parametrize("day", ["2026-03-01", "2026-03-31"])
def test_on_its_first_and_last_day_it_holds(day: str) -> None:
    assert outcome(adjustment(status=Status.DRAFT), day=day) is None
    assert outcome(adjustment(status=Status.TRIAL), day=day) == (Severity.DEFINITE, Visibility.TRIAL)
    assert outcome(adjustment(severity=Severity.SLIGHTLY_SUSPECT), day=day) == (
        Severity.SLIGHTLY_SUSPECT,
        Visibility.SHOWN,
    )


@pytest.mark.parametrize(
    ("changes", "is_elsewhere"),
    [
        ({}, False),
        ({"facility": "H44"}, True),
        ({"rule": "b-rule"}, True),
        ({"facility": "", "area": "430700"}, False),
        ({"facility": "", "area": "430800"}, True),
    ],
)
def test_it_holds_in_its_place_only(changes: dict[str, Any], is_elsewhere: bool) -> None:
    assert (outcome(adjustment(status=Status.DRAFT, **changes)) == AS_WRITTEN) is is_elsewhere


def test_a_hospitals_severity_stands_over_its_areas_and_the_lower_status_holds() -> None:
    area = adjustment(facility="", area="430700", severity=Severity.SLIGHTLY_SUSPECT, status=Status.TRIAL)
    hospital = adjustment(severity=Severity.HIGHLY_SUSPECT)
    for order in ([area, hospital], [hospital, area]):
        assert outcome(*order) == (Severity.HIGHLY_SUSPECT, Visibility.TRIAL)
    assert outcome(area, adjustment(status=Status.DRAFT)) is None
    assert outcome(adjustment(facility="", area="430700", status=Status.DRAFT), adjustment(status=Status.TRIAL)) is None


def test_no_adjustment_raises_a_status() -> None:
    assert outcome(adjustment(status=Status.ACTIVE), status="trial") == (Severity.DEFINITE, Visibility.TRIAL)


def test_severity_changes_the_decision() -> None:
    rules = ruleset(
        rule("a-rule", {"code": "A"}, severity="slightly_suspect"),
        adjustments=[adjustment(severity=Severity.DEFINITE)],
    )
    (finding,) = audit(rules, encounter(line("L1", "A"), facility={"id": "H43"})).findings
    assert finding.decision is Decision.REQUIRE_REASON


DAYS = st.dates(date(2026, 1, 1), date(2026, 1, 15))
SPANS = st.tuples(DAYS, DAYS).map(sorted)
STATUSES = st.sampled_from([None, Status.DRAFT, Status.TRIAL])


@given(SPANS, st.lists(st.tuples(SPANS, STATUSES), max_size=4), DAYS)
def test_every_day_is_as_the_adjustments_of_that_day_say(
    whole: list[date], written: list[tuple[list[date], Status | None]], day: date
) -> None:
    head = ruleset(rule("a-rule", {"code": "A"})).rules["a-rule"]
    found = list(
        adjusted(head, *whole, [adjustment(start=start, end=end, status=status) for (start, end), status in written])
    )
    statuses = {status for (start, end), status in written if start <= day <= end}
    wanted = Status.TRIAL if Status.TRIAL in statuses else Status.ACTIVE
    holds = whole[0] <= day <= whole[1] and Status.DRAFT not in statuses
    assert [changed.status for start, end, changed in found if start <= day <= end] == ([wanted] if holds else [])


def test_without_adjustments_the_header_is_the_very_same() -> None:
    head = ruleset(rule("a-rule", {"code": "A"})).rules["a-rule"]
    assert [(start, end, one is head) for start, end, one in adjusted(head, FIRST, date.max, [])] == [
        (FIRST, date.max, True)
    ]
    (one,) = adjusted(head, date.min, date.max, [adjustment(start=date.min, end=date.max, status=Status.TRIAL)])
    assert one[:2] == (date.min, date.max)

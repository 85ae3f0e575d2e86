"""A rule's stretches of time: each begins on its date and ends on the day before the next."""

from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.domain.period import Period
from app.knowledge.pack import read_rule_folder
from app.knowledge.rule import ENDED, Rule
from tests.knowledge.build import rule_document, write_rule

DAYS = st.dates(date(2000, 1, 1), date(2060, 1, 1))


def rule(in_force: dict[str, Any]) -> Rule:
    return Rule.model_validate({**rule_document(in_force=in_force), "id": "a-rule"})


def test_parameters_change_on_their_date_and_end_the_day_before_the_next() -> None:
    written = {"2026-04-01": {"per": "stay"}, "2024-01-01": {"per": "day"}, "2028-01-01": ENDED}
    assert list(rule(written).periods()) == [
        (Period(date(2024, 1, 1), date(2026, 3, 31)), {"per": "day"}),
        (Period(date(2026, 4, 1), date(2027, 12, 31)), {"per": "stay"}),
    ]


def test_a_rule_may_end_and_begin_again() -> None:
    written = {"2024-01-01": {}, "2025-01-01": ENDED, "2026-01-01": {}}
    assert [period for period, _ in rule(written).periods()] == [
        Period(date(2024, 1, 1), date(2024, 12, 31)),
        Period(date(2026, 1, 1), date.max),
    ]


@given(st.lists(DAYS, min_size=1, max_size=6, unique=True), DAYS)
def test_every_day_has_the_parameters_of_the_latest_start(starts: list[date], day: date) -> None:
    written = {start.isoformat(): {"since": start.isoformat()} for start in starts}
    found = [parameters["since"] for period, parameters in rule(written).periods() if period.covers(day)]
    begun = [start for start in starts if start <= day]
    assert found == ([max(begun).isoformat()] if begun else [])


@given(st.lists(DAYS, min_size=2, max_size=6, unique=True))
def test_stretches_neither_overlap_nor_leave_gaps(starts: list[date]) -> None:
    periods = [period for period, _ in rule({start.isoformat(): {} for start in starts}).periods()]
    for one, following in pairwise(periods):
        assert following.start - one.end == timedelta(days=1)


def test_codes_in_parameters_and_examples_stay_text(tmp_path: Path) -> None:
    path = write_rule(tmp_path)
    text = (path / "rule.yaml").read_text().replace('"001"', "001102000010000")
    (path / "rule.yaml").write_text(text)
    line = read_rule_folder(path).rule.examples[0].encounter["charge_lines"][0]
    assert line["item_code"] == "001102000010000"

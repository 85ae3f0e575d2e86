"""Feeds: records refuse what cannot be, and a snapshot replaces by key and never changes."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.feed import FEEDS, Blacklisted, Budget, Statistic, StockBalance, TraceCode
from app.domain.feeds import NO_FEEDS

STOCK = {"facility": "F", "item_code": "A", "start": "2026-03-01", "end": "2026-03-31", "opening": 1, "received": 2}
BUDGET = {"facility": "F", "month": "2026-03", "amount": 5, "spent": 1, "spent_until": "2026-03-09"}
LISTED = {"subject_type": "facility", "id": "F", "start": "2026-03-01", "reason": "因"}
STATISTIC = {"facility": "F", "month": "2026-03", "measure": "ct_share", "numerator": 1, "denominator": 2}
REPORT = {"facility": "F", "month": "2026-03", "infections": 1, "inpatients": 2}
TRACE = {"trace_code": "T", "facility": "F", "encounter": "E", "settled_date": "2026-03-01"}
ROWS = dict(zip(FEEDS, (STOCK, TRACE, REPORT, STATISTIC, LISTED, BUDGET), strict=True))


def made(name, **changes):
    return msgspec.convert({**ROWS[name], **changes}, FEEDS[name], strict=False)


@pytest.mark.parametrize(
    ("name", "changes", "told"),
    [
        ("stock", {"end": "2026-02-28"}, "before `start`"),
        ("stock", {"opening": "-1"}, "opening"),
        ("stock", {"received": "NaN"}, "received"),
        ("stock", {"closing": "-0.5"}, "closing"),
        ("stock", {"item_code": ""}, "item_code"),
        ("stock", {"color": "red"}, "color"),
        ("trace_codes", {"trace_code": ""}, "trace_code"),
        ("infections", {"infections": "-1"}, "infections"),
        ("statistics", {"month": "2026-13"}, "month"),
        ("statistics", {"month": "2026-3"}, "month"),
        ("statistics", {"measure": "cake"}, "measure"),
        ("statistics", {"denominator": "-1"}, "denominator"),
        ("blacklist", {"reason": ""}, "reason"),
        ("blacklist", {"end": "2026-02-28"}, "before `start`"),
        ("blacklist", {"subject_type": "nurse"}, "subject_type"),
        ("budgets", {"amount": "Infinity"}, "amount"),
    ],
)
def test_what_cannot_be_is_refused(name, changes, told):
    with pytest.raises(msgspec.ValidationError, match=told):
        made(name, **changes)


@pytest.mark.parametrize("name", FEEDS)
def test_every_record_has_its_key_its_subject_and_its_day(name):
    one = made(name)
    assert all(isinstance(part, str) for part in one.key)
    assert hash(one.subject) is not None
    assert one.when.startswith("2026-03")
    assert one.title


@pytest.mark.parametrize(
    ("name", "changes", "is_same"),
    [
        ("stock", {"end": "2026-04-30", "opening": 9}, True),
        ("stock", {"start": "2026-03-02"}, False),
        ("trace_codes", {"settled_date": "2026-04-01", "is_withdrawn": True}, True),
        ("trace_codes", {"encounter": "E2"}, False),
        ("infections", {"infections": 2}, True),
        ("infections", {"department": "D"}, False),
        ("statistics", {"numerator": 2}, True),
        ("statistics", {"practitioner": "P"}, False),
        ("statistics", {"measure": "mri_share"}, False),
        ("blacklist", {"end": "2026-03-05", "reason": "恢复"}, True),
        ("blacklist", {"subject_type": "practitioner"}, False),
        ("budgets", {"spent": 2, "spent_until": "2026-03-10"}, True),
        ("budgets", {"month": "2026-04"}, False),
    ],
)
def test_the_same_key_replaces(name, changes, is_same):
    shape = FEEDS[name]
    whole = NO_FEEDS.with_records(shape, [made(name)]).with_records(shape, [made(name, **changes)])
    assert whole.count(shape) == (1 if is_same else 2)
    assert made(name, **changes) in (whole.find(shape, made(name, **changes).subject) or ())


def test_never_given_is_not_empty():
    assert NO_FEEDS.find(StockBalance, ("F", "A")) is None
    assert NO_FEEDS.all_of(StockBalance) is None
    assert NO_FEEDS.count(StockBalance) is None
    empty = NO_FEEDS.with_records(StockBalance, [])
    assert empty.find(StockBalance, ("F", "A")) == ()
    assert empty.all_of(StockBalance) == ()
    assert empty.count(StockBalance) == 0
    assert empty.find(TraceCode, "T") is None


def test_a_snapshot_does_not_change_and_keeps_the_other_feeds():
    first = NO_FEEDS.with_records(Budget, [made("budgets")])
    second = first.with_records(Blacklisted, [made("blacklist")]).with_records(Budget, [made("budgets", spent=3)])
    assert [one.spent for one in first.all_of(Budget)] == [1]
    assert [one.spent for one in second.all_of(Budget)] == [3]
    assert first.find(Blacklisted, ("facility", "F")) is None
    assert second.count(Blacklisted) == 1


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 3)), max_size=12))
def test_records_of_a_subject_come_by_key_and_the_last_of_a_key_stands(pairs):
    days = [(f"2026-03-0{day}", opening) for day, opening in pairs]
    records = [made("stock", start=day, opening=opening) for day, opening in days]
    at_once = NO_FEEDS.with_records(StockBalance, records)
    one_by_one = NO_FEEDS.with_records(StockBalance, [])
    for record in records:
        one_by_one = one_by_one.with_records(StockBalance, [record])
    found = at_once.find(StockBalance, ("F", "A"))
    assert found == one_by_one.find(StockBalance, ("F", "A"))
    assert {one.start.isoformat(): int(one.opening) for one in found} == dict(days)
    assert [one.start for one in found] == sorted(one.start for one in found)


def test_available_is_never_less_than_nothing():
    assert made("stock", dispensed_elsewhere=9).available == 0
    assert (
        made("stock", dispensed_elsewhere=1, closing="0.5").available
        == 1 + 2 - 1 - made("stock", closing="0.5").closing
    )


def test_a_month_s_statistic_is_looked_up_by_all_that_names_it():
    feeds = NO_FEEDS.with_records(Statistic, [made("statistics", department="D", practitioner="P")])
    assert feeds.find(Statistic, ("F", "D", "P", "2026-03", "ct_share"))
    assert feeds.find(Statistic, ("F", "D", "", "2026-03", "ct_share")) == ()

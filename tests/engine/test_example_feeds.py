"""A rule's examples may say what the feeds hold: a feed not named was never loaded."""

import pytest

from app.engine.examples import ExampleFailed, run_example
from app.knowledge.rule import Example
from tests.engine.kinds.build import rule_folder

FOLDER = rule_folder("stock_balance", {}, [{"item_code": "X*"}], judges="all")
BALANCE = {
    "facility": "F",
    "item_code": "XA",
    "start": "2026-03-01",
    "end": "2026-03-31",
    "opening": "1",
    "received": "0",
}


def example(feeds, hits=(), missing=(), quantity="2"):
    line = {"id": "L1", "item_code": "XA", "service_date": "2026-03-05", "quantity": quantity}
    return Example(
        name="库存一盒", encounter={"charge_lines": [line]}, feeds=feeds, hits=list(hits), missing=list(missing)
    )


def test_the_feed_is_judged_by():
    run_example(FOLDER, example({"stock": [BALANCE]}, hits=["L1"]))
    run_example(FOLDER, example({"stock": [BALANCE]}, quantity="1"))


@pytest.mark.parametrize("feeds", [None, {}, {"stock": []}, {"trace_codes": []}])
def test_without_it_the_rule_says_so(feeds):
    run_example(FOLDER, example(feeds, missing=["feed.stock"]))
    with pytest.raises(ExampleFailed, match="must hit"):
        run_example(FOLDER, example(feeds, hits=["L1"]))


@pytest.mark.parametrize(
    "feeds", [{"weather": []}, {"stock": [{"facility": "F"}]}, {"stock": [{**BALANCE, "opening": "-1"}]}]
)
def test_a_feed_that_there_is_not_or_a_row_that_is_none_is_refused(feeds):
    with pytest.raises(ExampleFailed, match="cannot be read"):
        run_example(FOLDER, example(feeds))

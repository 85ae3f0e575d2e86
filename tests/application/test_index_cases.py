"""Indices of a set of cases, against the regional means of the weight table."""

from decimal import Decimal

import pytest

from app.application.index_cases import By, Indexer
from tests.application.simulating import case, drawn, pricer, starter

D = Decimal


def indexed(cases, by=By.DEPARTMENT, top=50):
    indexer = Indexer(pricer(), by)
    for one in cases:
        indexer.add([one])
    return indexer.result(top)


def test_a_case_at_the_regional_mean_is_one():
    row = starter().weights["BR25"]
    cost, days = row.means.total_amount, int(row.means.stay_days)
    found = indexed([case("I63.900", cost=str(cost), stay_days=days)]).total
    assert found.cmi.value == row.weight
    assert found.cost_index.value == 1
    assert found.time_index.value == (D(days) / row.means.stay_days).quantize(D("0.000001"))


def test_what_lacks_is_left_out_of_its_index_alone():
    found = indexed([case("I63.900"), case("I63.900", cost=None), case("I21.000")]).total
    assert found.cases == 3
    assert (found.cmi.cases, found.cmi.left_out) == (2, 1)
    assert (found.cost_index.cases, found.cost_index.left_out) == (1, 2)


@pytest.mark.parametrize("by", list(By))
def test_rows_split_the_whole(by):
    cases = drawn(150)
    found = indexed(cases, by)
    assert sum(row.indices.cases for row in found.rows) == found.total.cases == 150
    assert found.count == len(found.rows) > 1
    sizes = [row.indices.cases for row in found.rows]
    assert sizes == sorted(sizes, reverse=True)
    assert len(indexed(cases, by, top=1).rows) == 1


def test_months_are_those_of_the_discharge():
    cases = [case("I63.900"), case("I63.900")._replace(discharge_date=None)]
    assert {row.key for row in indexed(cases, By.MONTH).rows} == {"2026-03", ""}

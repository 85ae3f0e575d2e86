"""Coding faults on the published scheme: the worked examples, and what cannot be told without weights."""

import csv
from functools import cache

import pytest

from app.domain.group_weight import PaymentScheme
from app.knowledge.payment_files import convert_parameters
from app.knowledge.weight_file import read_weights
from tests.grouper.coding_build import BED, case, check, found, item, one, steps, unknown
from tests.grouper.drg_build import TABLES, needs_tables, published

FILE = TABLES / "drg20_weights_local_2025.csv"


@cache
def chs():
    return published("chs_drg_11")


@cache
def city():
    """The weights of a city's 2.0 table, for scale: its groups are not all those of 1.1."""
    parameters = convert_parameters(
        {"id": "city", "year": 2025, "method": "rate", "rate": "8809.23", "coefficients": {"default": "1"}}
    )
    return PaymentScheme(parameters, read_weights(FILE, FILE.read_bytes()))


@needs_tables
@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (("I63.900", "J96.000"), [(1, ("J96.000",), "BR21", "BR25")]),
        (
            ("I63.900", "J44.100", "J18.900"),
            [(1, ("J44.100",), "BR21", "BR23"), (2, ("J18.900",), "BR23", "BR25")],
        ),
        (("J44.100", "J18.900"), [(1, ("J18.900",), "ET23", "ET25")]),
        (("I63.900", "J96.000", "I21.001"), []),
        (("I63.900", "I10.x00", "G45.900"), []),
    ],
)
def test_worked_drivers(codes, expected):
    assert steps(check(case(*codes), scheme=chs(), payment=None)) == expected


@needs_tables
def test_worked_pair_swaps():
    report = check(case("J18.900", "J44.100"), scheme=chs(), payment=city())
    swap = one(report, "A6").variants[0] if "A6" in found(report) else None
    other = check(case("J44.100", "J18.900"), scheme=chs(), payment=city())
    assert (report.recorded.drg, other.recorded.drg) == ("ES31", "ET23")
    if report.recorded.standard > other.recorded.standard:
        assert swap.outcome.drg == "ET23"
    else:
        assert one(other, "A6").variants[0].outcome.drg == "ES31"


@needs_tables
def test_worked_operation_order():
    report = check(case("I21.001", procedures=["36.0700", "88.5500"]), scheme=chs(), payment=city())
    finding = one(report, "A7")
    assert (finding.recorded.drg, {one.outcome.drg for one in finding.variants}) == ("FM19", {"FM39"})
    assert "A7" not in found(check(case("I21.001", procedures=["88.5500", "36.0700"]), scheme=chs(), payment=city()))


@needs_tables
def test_worked_residual_code():
    siblings = one(check(case("I21.000"), scheme=chs(), payment=None), "B3").variants
    assert {"I21.001", "I21.002", "I21.003", "I21.004", "I21.000x005"} <= {
        code for one in siblings for code in [one.change.rpartition("（")[2].rstrip("）")]
    }


@needs_tables
def test_an_operation_that_counts_for_nothing_is_seen_without_an_ambiguous_group():
    report = check(case("I50.900", "K80.101", procedures=["51.2300"]), scheme=chs(), payment=city())
    finding = one(report, "A11")
    assert "未参与分组" in finding.message
    assert finding.variants[0].outcome.mdc == "MDCH"
    assert "A11" not in found(check(case("I50.900", procedures=["51.2300"]), scheme=chs(), payment=city()))


@needs_tables
def test_without_weights_nobody_knows_which_order_pays_more():
    report = check(case("J18.900", "J44.100", stay_days=1), scheme=chs(), payment=None)
    assert {"payment"} == unknown(report, "coding-known-pair")
    assert {"statistics.mean_days"} == unknown(report, "coding-stay-far-below-group")
    assert "支付差额未知" in " ".join(one(report, "A2").confidence.reasons)
    report = check(case("I21.001", procedures=["36.0700"]), scheme=chs(), payment=None)
    assert {"payment"} == unknown(report, "coding-operation-not-shown")
    report = check(case("K80.101", items=[BED, item("003310060020000", "胆囊切除术")]), scheme=chs(), payment=None)
    assert {"payment"} == unknown(report, "coding-missing-operation")


@needs_tables
def test_a_scheme_with_a_whole_dictionary_tells_unknown_codes():
    report = check(case("I63.900", "A00.999"), scheme=chs(), payment=city())
    assert one(report, "A12").codes == ("A00.999",)


@needs_tables
def test_the_scale_table_can_be_read():
    with FILE.open(encoding="utf-8") as file:
        assert len(city().weights) == sum(1 for _ in csv.reader(file)) - 1

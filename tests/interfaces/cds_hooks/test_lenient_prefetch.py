"""Lenient in: prefetch of every shape, and what is missing is told apart."""

from typing import Any

import pytest

from tests.interfaces.cds_hooks.emr import (
    Emr,
    bundle,
    call,
    condition,
    drug,
    open_points,
)


def test_prefetch_keys_of_the_clients_own(emr: Emr) -> None:
    body = call("order-sign", drug())
    found = body["prefetch"]
    body["prefetch"] = {
        "serviceBundle": bundle(found["patient"], found["encounter"]),
        "coverageBundle": found["coverage"],
        "x": bundle(condition("E11.900")),
    }
    answer = emr.ask("order-sign", body)
    assert answer["cards"] == []
    assert not [one for one in open_points(answer) if one.startswith("prefetch.")]


OUTCOME = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "error", "code": "timeout", "diagnostics": "太慢"}],
}


@pytest.mark.parametrize("key", ["coverage", "coverageBundle"])
@pytest.mark.parametrize(
    ("value", "why", "told"),
    [
        (None, "null", "没有这项数据"),
        (bundle(type="searchset"), "empty", "为空"),
        ({"resourceType": "Bundle", "type": "searchset"}, "empty", "为空"),
        (OUTCOME, "failed", "太慢"),
        (bundle(OUTCOME), "failed", "太慢"),
    ],
)
def test_null_empty_and_failed_prefetch_are_told_apart(emr: Emr, key: str, value: Any, why: str, told: str) -> None:
    body = call("order-sign")
    del body["prefetch"]["coverage"]
    body["prefetch"][key] = value
    gap = open_points(emr.ask("order-sign", body))["prefetch.coverage"]
    assert gap["why"] == why
    assert told in gap["message"]


@pytest.mark.parametrize("held", [{}, None, "x", [], {"other": None}])
def test_missing_prefetch_says_that_it_is_needed(emr: Emr, held: Any) -> None:
    points = open_points(emr.ask("order-sign", call("order-sign", prefetch=held)))
    for key in ("patient", "encounter", "coverage", "conditions"):
        assert points[f"prefetch.{key}"]["why"] == "absent"
        assert "prefetch" in points[f"prefetch.{key}"]["message"]
    assert points["patient.sex"]["rules"] == ["service-for-women"]


def test_a_page_of_several_is_told_as_one(emr: Emr) -> None:
    more = bundle(condition(), link=[{"relation": "next", "url": "https://emr/next"}])
    body = call("order-sign")
    body["prefetch"]["conditions"] = more
    assert open_points(emr.ask("order-sign", body))["prefetch.conditions"]["why"] == "partial"


def test_another_patients_data_is_not_used(emr: Emr) -> None:
    body = call("order-sign")
    body["prefetch"]["patient"]["id"] = "P2"
    answer = emr.ask("order-sign", body)
    assert answer["cards"] == []
    assert "patient.sex" in open_points(answer)

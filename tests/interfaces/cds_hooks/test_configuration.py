"""Configuration: what a client turns off with a call stays out of the answer, and discovery says what can be."""

from typing import Any

import pytest

from tests.interfaces.cds_hooks.emr import HOOKS, LIMITED, Emr, Json, call, drug, service


def ask(emr: Emr, hook: str = "order-sign", **options: Any) -> Json:
    extension = {"davinci-crd.configuration": {name.replace("_", "-"): value for name, value in options.items()}}
    orders = (service(), drug(), service("S2", LIMITED, quantityQuantity={"value": 5}))
    return emr.ask(hook, call(hook, *orders, extension=extension))


def topics(answer: Json) -> set[str]:
    return {card["source"]["topic"]["code"] for card in answer["cards"]}


ALL = {"contraindication", "appropriate-use", "limits"}


@pytest.mark.parametrize("topic", sorted(ALL))
def test_a_type_of_card_is_turned_off(emr: Emr, topic: str) -> None:
    assert topics(ask(emr)) == ALL
    assert topics(ask(emr, **{topic: False})) == ALL - {topic}
    assert topics(ask(emr, **{topic: True})) == ALL


def test_coverage_information_is_turned_off(emr: Emr) -> None:
    assert len(ask(emr)["systemActions"]) == 3
    answer = ask(emr, coverage_info=False)
    assert "systemActions" not in answer
    assert topics(answer) == ALL


def test_at_discharge_it_is_turned_on(emr: Emr) -> None:
    assert "systemActions" not in ask(emr, "encounter-discharge")
    assert len(ask(emr, "encounter-discharge", coverage_info=True)["systemActions"]) == 3


@pytest.mark.parametrize(("most", "shown"), [(0, 0), (1, 1), (2, 2), (50, 3), (-1, 3), (True, 3), ("1", 3), (1.5, 3)])
def test_most_cards(emr: Emr, most: Any, shown: int) -> None:
    """Of clear violations none is kept back but by the client's own wish."""
    assert len(ask(emr, max_cards=most)["cards"]) == shown


@pytest.mark.parametrize("options", [{"unknown": False}, {"limits": "no"}, {"limits": None}, {"limits": 0}])
def test_what_is_not_understood_is_ignored(emr: Emr, options: Json) -> None:
    assert topics(ask(emr, **options)) == ALL


def test_what_is_turned_off_is_recorded_all_the_same(emr: Emr) -> None:
    ask(emr, limits=False)
    record = emr.caller.records()[-1]
    assert b"item-too-often" in record.audit
    assert b"item-too-often" not in record.sent


@pytest.mark.parametrize("asked", ["1.0", "2.3", "3.0.0", "x"])
def test_versions_that_are_not_spoken(emr: Emr, asked: str) -> None:
    body = call("order-sign", extension={"davinci-crd.requestedVersion": asked})
    assert "2.0, 2.1, 2.2" in emr.refusal("order-sign", body, 422)


@pytest.mark.parametrize("hook", HOOKS)
def test_defaults_are_those_of_discovery(emr: Emr, hook: str) -> None:
    (found,) = [one for one in emr.get().json()["services"] if one["hook"] == hook]
    options = {one["code"]: one for one in found["extension"]["davinci-crd.configuration-options"]}
    assert {one["type"] for one in options.values()} == {"boolean", "integer"}
    assert options["max-cards"]["default"] == 20  # as the service is set to
    plain = ask(emr, hook)
    same = ask(emr, hook, **{code: one["default"] for code, one in options.items()})
    assert (plain["cards"], plain.get("systemActions")) == (same["cards"], same.get("systemActions"))
    off = ask(emr, hook, **{code: False for code, one in options.items() if one["type"] == "boolean"})
    assert off["cards"] == []
    assert "systemActions" not in off

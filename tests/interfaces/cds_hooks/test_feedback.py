"""Feedback: every answer of a doctor is kept, as 3103 and REST keep them; silence tells nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.interfaces.cds_hooks.emr import KEY, LIMITED, Emr, Json, call, drug, service
from tests.stored_dispositions import stored_dispositions

AT = "2026-10-12T10:21:00.5+08:00"


@pytest.fixture
def own(make_emr: Callable[..., Emr]) -> Emr:
    return make_emr(keep_history=False)


def shown(emr: Emr, *orders: Json) -> Json:
    (card,) = emr.ask("order-sign", call("order-sign", *orders))["cards"]
    return card


def accepted(card: Json, *suggestions: str) -> Json:
    taken = [{"id": one["uuid"]} for one in card.get("suggestions", []) if one["label"] in suggestions]
    return {"card": card["uuid"], "outcome": "accepted", "outcomeTimestamp": AT, "acceptedSuggestions": taken}


def overridden(card: str, code: str | None = None, comment: str | None = None) -> Json:
    told: Json = {}
    if code:
        told["reason"] = {"code": code, "system": "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"}
    if comment:
        told["userComment"] = comment
    plain = {"card": card, "outcome": "overridden", "outcomeTimestamp": AT}
    return {**plain, "overrideReason": told} if told else plain


def recorded(emr: Emr) -> list[tuple[Any, ...]]:
    told = stored_dispositions(emr.caller.data_dir)
    return [(one.finding, one.is_known, one.action, one.reason, one.caller) for one in told]


def finding(card: Json) -> str:
    return str(card["uuid"].replace("-", ""))


def test_accepted(own: Emr) -> None:
    card = shown(own, service(code=LIMITED, quantityQuantity={"value": 5}))
    answer = own.feed_back(accepted(card, "减至规定数量"))
    assert (answer.status, answer.body) == (200, b"")
    assert recorded(own) == [(finding(card), 1, "revise", "采纳建议：减至规定数量", "local")]


def test_accepted_without_a_suggestion_that_is_known(own: Emr) -> None:
    card = shown(own, drug())
    entry = {**accepted(card), "acceptedSuggestions": [{"id": "urn:other"}]}
    own.feed_back(entry)
    assert recorded(own) == [(finding(card), 1, "revise", "", "local")]


@pytest.mark.parametrize(
    ("code", "comment", "reason"),
    [
        ("risk-benefit-ratio", None, "病情需要，权衡利弊后使用"),
        ("risk-benefit-ratio", "会诊意见", "病情需要，权衡利弊后使用：会诊意见"),
        ("other-code", None, "other-code"),
        (None, "会诊意见", "会诊意见"),
        (None, None, ""),
    ],
)
def test_overridden(own: Emr, code: str | None, comment: str | None, reason: str) -> None:
    card = shown(own, drug())
    own.feed_back(overridden(card["uuid"], code, comment))
    assert recorded(own) == [(finding(card), 1, "proceed", reason, "local")]


def test_several_in_one_message(own: Emr) -> None:
    cards = own.ask("order-sign", call("order-sign", service(), drug()))["cards"]
    own.feed_back(*(overridden(one["uuid"], "policy-contradicts") for one in cards), overridden("unknown", comment="x"))
    assert [(one[0], one[1]) for one in recorded(own)] == [*((finding(one), 1) for one in cards), ("unknown", 0)]


def test_repeated_and_changed(own: Emr) -> None:
    card = shown(own, drug())
    for _ in range(3):
        own.feed_back(overridden(card["uuid"], comment="会诊意见"))
    assert len(recorded(own)) == 1
    own.feed_back(accepted(card, "告知患者并取得同意，改为自费"))
    assert [one[2] for one in recorded(own)] == ["proceed", "revise"]


def test_all_findings_of_a_card_are_answered(own: Emr) -> None:
    card = shown(own, drug("M1"), drug("M2"))
    assert "等 2 项" in card["summary"]
    assert "suggestions" not in card
    own.feed_back(overridden(card["uuid"], comment="会诊意见"))
    told = recorded(own)
    assert len({one[0] for one in told}) == 2
    assert {one[1:4] for one in told} == {(1, "proceed", "会诊意见")}


def test_an_unknown_card_is_kept_as_unknown(own: Emr) -> None:
    own.feed_back(overridden("11111111-2222-3333-4444-555555555555", comment="x"))
    assert [one[1] for one in recorded(own)] == [0]


def test_silence_is_no_acceptance(own: Emr) -> None:
    shown(own, drug())
    own.feed_back()
    assert recorded(own) == []


def test_the_same_disposition_as_the_national_interface(own: Emr) -> None:
    """What 3103 says again of the card's finding is not stored twice, but for who said it."""
    card = shown(own, drug())
    own.feed_back(overridden(card["uuid"], comment="会诊意见"))
    warns = [{"warn_rslt_id": finding(card), "dspo_way": "1", "dspo_way_rea": "会诊意见"}]
    message = {"infno": "3103", "input": {"data": {"warn_type": "1", "warns": warns}}}
    assert own.caller.post(message, "/fsi/api/3103").result == [{"warn_rslt_id": finding(card), "status": "repeated"}]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{}", {"feedback": "x"}, {"feedback": [None]}, {"feedback": [{"outcome": "accepted"}]},
        {"feedback": [{"card": "x"}]}, {"feedback": [{"card": "x", "outcome": "ignored"}]},
        {"feedback": [{"card": 7, "outcome": "accepted"}]},
        {"feedback": [{"card": "good", "outcome": "accepted"}, {"card": "", "outcome": "accepted"}]},
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_refused_whole(own: Emr, body: Any) -> None:
    assert own.refusal("order-sign", body, 400, rest="/feedback")
    assert recorded(own) == []


@pytest.mark.parametrize(
    "entry",
    [
        {"outcomeTimestamp": "yesterday"}, {"outcomeTimestamp": None}, {"overrideReason": "x"},
        {"overrideReason": {"reason": "x", "userComment": 3}}, {"acceptedSuggestions": {"id": 4}}, {"unknown": [{}]},
        {"outcome": "accepted", "acceptedSuggestions": "x"},
    ],
)  # fmt: skip
def test_odd_entries_are_understood_as_far_as_they_go(own: Emr, entry: Json) -> None:
    card = shown(own, drug())
    told = {"card": card["uuid"], "outcome": "overridden", **entry}
    assert own.post("order-sign", {"feedback": told}, rest="/feedback").status == 200
    assert len(recorded(own)) == 1


def test_who_may_not_call_may_not_answer(own: Emr) -> None:
    answer = own.post("order-sign", {"feedback": []}, headers={}, rest="/feedback")
    assert (answer.status, answer.body) == (401, b"")
    assert own.post("no-such", {"feedback": []}, KEY, "/feedback").status == 404

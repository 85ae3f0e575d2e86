"""Alert fatigue: what speaks, what is kept back and put on record, and that doubt always shows."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.application.alert_cards import Ranked, limited, merged
from app.application.alert_fatigue import AlertFatigue
from app.application.deadline import Deadline
from app.domain.alert import AlertOutcome, Answer, Tier, TierPolicy, may_be_kept_back
from app.domain.decision import Decision, Severity
from app.domain.disposition import Action, Disposition
from app.domain.finding import Finding
from app.store.alerts import Answered
from tests.application.alert_build import NOW, D, H, L, Memory, choose, fatigue, finding, ids, judged, outcomes

TIERS = [
    (H, Decision.PASS, Tier.SILENT),
    (H, Decision.INFORM, Tier.PASSIVE),
    (H, Decision.REQUIRE_REASON, Tier.POPUP),
    (D, Decision.BLOCK, Tier.BLOCK),
]


@pytest.mark.parametrize(("severity", "decision", "tier"), TIERS)
def test_four_tiers_by_decision(severity: Severity, decision: Decision, tier: Tier) -> None:
    assert TierPolicy().tier_of(finding("a", severity, decision)) is tier


def test_the_hospital_may_lower_a_rule_but_not_silence_a_clear_violation() -> None:
    policy = TierPolicy({"rule-a": Tier.SILENT, "rule-b": Tier.BLOCK})
    assert policy.tier_of(finding("a", H, Decision.BLOCK)) is Tier.SILENT
    assert policy.tier_of(finding("a", D, Decision.BLOCK)) is Tier.PASSIVE
    assert policy.tier_of(finding("b", H, Decision.INFORM)) is Tier.PASSIVE
    assert policy.tier_of(finding("c", L), is_choosing=True) is Tier.SILENT
    assert policy.tier_of(finding("c", H), is_choosing=True) is Tier.PASSIVE


def test_indicators_and_order() -> None:
    store = Memory()
    some = [
        finding("a", H), finding("b", D, Decision.BLOCK), finding("c", H, Decision.REQUIRE_REASON),
        finding("d", D, Decision.INFORM), finding("e", L, Decision.PASS),
    ]  # fmt: skip
    chosen = choose(store, *some)
    assert ids(chosen) == [["b"], ["c"], ["d"], ["a"]]
    assert [card.indicator for card in chosen.cards] == ["critical", "warning", "info", "info"]
    assert [one.id for one in chosen.suppressed] == ["e"]
    assert outcomes(store) == {"a": "shown", "b": "shown", "c": "shown", "d": "shown", "e": "silent"}


def test_order_select_judges_the_selection_only() -> None:
    store = Memory()
    some = [finding("a"), finding("b", lines=["L2"]), finding("c", L)]
    assert ids(choose(store, *some, hook="order-select")) == [["a"]]
    assert outcomes(store) == {"a": "shown", "c": "silent"}
    assert ids(choose(Memory(), *some)) == [["a"], ["b"], ["c"]]


def test_answered_once_it_is_not_shown_again_until_its_time_is_up_or_facts_change() -> None:
    store = Memory()
    store.reasons = {"a": NOW - timedelta(hours=23), "old": NOW - timedelta(hours=25)}
    chosen = choose(store, finding("a", H, Decision.REQUIRE_REASON), finding("old"), finding("a-with-other-facts"))
    assert ids(chosen) == [["old"], ["a-with-other-facts"]]
    assert [one.id for one in chosen.suppressed] == ["a"]
    assert outcomes(store)["a"] == "repeated"
    assert [one.lead for one in store.alerts if one.finding == "a"] == [""]
    assert ids(choose(store, finding("a"), silence=timedelta(hours=1))) == [["a"]]


@pytest.mark.parametrize("one", [finding("a", D, Decision.INFORM), finding("a", H, Decision.BLOCK)])
def test_what_is_clear_or_blocks_is_shown_every_time(one: Finding) -> None:
    store = Memory()
    store.reasons = {"a": NOW}
    assert ids(choose(store, one)) == [["a"]]
    assert store.asked == []


def test_merged_by_cause() -> None:
    some = [finding(str(number), H, rule="same") for number in range(4)] + [finding("x", D, rule="same")]
    (card,) = choose(Memory(), *some).cards
    assert len(card.findings) == 5
    louder = finding("y", D, Decision.BLOCK, "same")
    assert ids(choose(Memory(), *some, louder))[0] == ["y"]


def test_at_most_so_many_cards_and_what_is_beyond_is_on_record() -> None:
    store = Memory()
    some = [finding(str(number)) for number in range(7)]
    assert len(choose(store, *some).cards) == 5
    assert sorted(outcomes(store).values()) == ["limit"] * 2 + ["shown"] * 5
    assert len(choose(Memory(), *some, most=2).cards) == 2
    assert len(choose(Memory(), *some, most=9).cards) == 5
    assert choose(Memory(), *some, most=0).cards == ()


def test_clear_violations_share_a_card_where_there_is_no_room() -> None:
    clear = [finding(f"d{number}", D, Decision.REQUIRE_REASON) for number in range(4)]
    chosen = choose(Memory(), finding("s", H, Decision.REQUIRE_REASON), *clear, most_cards=2)
    assert ids(chosen) == [["d0"], ["d1", "d2", "d3"]]
    assert [one.id for one in chosen.suppressed] == ["s"]


@pytest.mark.parametrize("broken", ["fails", "slow"])
@pytest.mark.parametrize("step", ["standing", "append"])
def test_what_cannot_be_known_or_recorded_in_time_is_shown(step: str, broken: str) -> None:
    store = Memory()
    store.reasons = {"a": NOW}
    getattr(store, broken).add(step)
    began = time.monotonic()
    chosen = choose(store, finding("a"), finding("b"), deadline=Deadline(began + 0.1, 0.1))
    assert ids(chosen) == [["a"], ["b"]]
    assert chosen.suppressed == ()


def test_the_answer_does_not_wait_longer_than_the_deadline_lets_it() -> None:
    store = Memory()
    store.reasons, store.slow = {"a": NOW}, {"standing", "append"}

    async def steps() -> float:
        began = time.monotonic()
        one = fatigue(store)
        await one.choose(judged(finding("a")), "order-sign", frozenset(), None, Deadline(began + 0.1, 0.1))
        taken = time.monotonic() - began
        await one.close()
        return taken

    assert asyncio.run(steps()) < 0.15


def test_an_open_breaker_is_not_asked() -> None:
    store = Memory()
    store.reasons = {"a": NOW}
    breaker: Any = SimpleNamespace(is_closed=False)
    assert ids(choose(store, finding("a"), breaker=breaker)) == [["a"]]
    assert store.asked == []


class Told:
    def __init__(self, finding: str, action: Action, code: str = "", at: datetime | None = None) -> None:
        self.disposition = Disposition(finding=finding, action=action)
        self.reason_code, self.answered_at = code, at


def run(steps: Callable[[AlertFatigue], Awaitable[Any]], store: Memory) -> Any:
    return asyncio.run(steps(fatigue(store)))  # type: ignore[arg-type]


def test_answers_are_noted_with_a_time_that_can_be() -> None:
    store = Memory()
    late, early = NOW + timedelta(1), NOW - timedelta(minutes=1)
    told = [
        Told("a", Action.REVISE), Told("b", Action.PROCEED, "x" * 70, late), Told("c", Action.EXCEPTED, "y", early),
    ]  # fmt: skip
    run(lambda one: one.answered(told, "order-sign", "emr"), store)
    assert store.noted == [
        Answered("a", Answer.ACCEPTED, "", None),
        Answered("b", Answer.OVERRIDDEN, "x" * 64, NOW),
        Answered("c", Answer.OVERRIDDEN, "y", early),
    ]


def test_members_are_there_as_soon_as_the_card_is() -> None:
    store = Memory()
    store.slow = {"append"}

    async def steps(one: AlertFatigue) -> Any:
        await one.choose(judged(finding("a", rule="r"), finding("b", rule="r")), "order-sign", frozenset())
        return await one.members(["a"])

    assert run(steps, store) == {"a": ("a", "b")}
    store.fails = {"members"}
    assert run(lambda one: one.members(["a"]), store) == {}


SOME = st.lists(
    st.tuples(st.sampled_from(list(Severity)), st.sampled_from(list(Tier)[1:]), st.integers(0, 4)), max_size=12
)


@given(SOME, st.integers(0, 6))
def test_no_finding_is_lost_and_no_clear_one_is_kept_back(told: list[tuple[Severity, Tier, int]], most: int) -> None:
    every = [
        Ranked(finding(str(number), severity, rule=f"r{rule}"), tier)
        for number, (severity, tier, rule) in enumerate(told)
    ]
    cards, beyond = limited(merged(every), most)
    shown = [one.id for card in cards for one in card.findings]
    hidden = [one.id for card in beyond for one in card.findings]
    assert sorted([*shown, *hidden]) == sorted(one.finding.id for one in every)
    assert len(cards) <= most
    needed = {one.finding.id for one in every if not may_be_kept_back(one.finding, one.tier)}
    assert most == 0 or needed <= set(shown)
    assert all(one.tier.loudness >= other.tier.loudness for one, other in itertools.pairwise(cards))
    assert AlertOutcome.LIMIT == "limit"

"""What cards are made of: cut text, addresses of policies, topics, standard reasons, and their ids."""

import pytest

from app.application.load_ruleset import load_ruleset
from app.engine.compiled import RuleHead
from app.interfaces.cds_hooks.cards import card_id, cut, finding_id
from app.interfaces.cds_hooks.links import links_of
from app.interfaces.cds_hooks.override_reasons import MOST, REASONS, reasons_for
from app.interfaces.cds_hooks.topics import NAMES, topic_of
from tests.interfaces.nhsa.caller import ROOT


@pytest.mark.parametrize("text", ["", "a" * 139, "药" * 139, "𠮷" * 69])
def test_short_text_is_not_cut(text: str) -> None:
    assert cut(text, 139) == text


@pytest.mark.parametrize("text", ["a" * 140, "药" * 500, "𠮷" * 70, "a" + "𠮷" * 70])
def test_long_text_is_cut_between_characters(text: str) -> None:
    found = cut(text, 139)
    assert len(found.encode("utf-16-le")) // 2 <= 139
    assert text.startswith(found[:-1])
    assert found[-1] == "…"


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("《某条例》（国务院令第735号，2021-05-01起施行）", None),
        ("某通知 https://a.example/b）", "https://a.example/b"),
        (
            "（国家医保局 2023-05-15，art_109_10611）：频繁住院",
            "https://www.nhsa.gov.cn/art/2023/5/15/art_109_10611.html",
        ),
        ("art_109_10611", None),
        ("https://", None),
    ],
)
def test_addresses_in_references(reference: str, url: str | None) -> None:
    assert [one["url"] for one in links_of((reference,))] == ([] if url is None else [url])


def test_override_reasons_are_few_and_standard(all_rules: list[RuleHead]) -> None:
    for head in all_rules:
        reasons = reasons_for(head)
        assert 1 <= len(reasons) <= MOST
        assert len({one["code"] for one in reasons}) == len(reasons)
        for one in reasons:
            assert one["system"].endswith("/non-adherence-reason-codes")
            assert one["display"] == REASONS[one["code"]]


def test_every_rule_has_a_topic(all_rules: list[RuleHead]) -> None:
    topics = {topic_of(head) for head in all_rules}
    assert topics <= set(NAMES)
    assert len(topics) >= 8
    assert topic_of(None) in NAMES


@pytest.fixture(scope="module")
def all_rules() -> list[RuleHead]:
    return list(load_ruleset(ROOT / "rules").rules.values())


@pytest.mark.parametrize("sent", ["urn:uuid:{}", " {} ", "{}"])
def test_the_finding_of_a_card(sent: str) -> None:
    finding = "0123456789abcdef0123456789abcdef"
    assert finding_id(sent.format(card_id(finding))) == finding
    assert finding_id(sent.format(card_id(finding)).upper().replace("URN:UUID", "urn:uuid")) == finding


def test_what_is_no_card_stays_as_it_is() -> None:
    assert finding_id("x" * 100) == "x" * 64

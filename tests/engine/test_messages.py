"""Messages: only words that every finding of the kind can fill."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.kinds import KINDS
from app.engine.messages import LINE_WORDS, check_message, words_of
from app.knowledge.pack import PackError
from tests.engine.kinds.build import line, rule_folder


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("没有空格", set()),
        ("{item}超出{limit}天", {"item", "limit"}),
        ("{item}与{item}", {"item"}),
        ("{{不是词}}{item}", {"item"}),
        ("", set()),
    ],
)
def test_words_of_a_template(template: str, words: set[str]) -> None:
    assert words_of(template) == words


@pytest.mark.parametrize(
    "template",
    ["{", "}", "{}", "{0}", "{item", "{item!r}", "{item:>10}", "{item.name}", "{item[0]}", "{ item }", "{a-b}", "{{}"],
)
def test_what_is_no_plain_word_in_braces_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        words_of(template)


@given(st.text(alphabet="{}ab!:.[] 项", max_size=12))
def test_a_template_is_refused_or_can_be_filled(template: str) -> None:
    try:
        words = words_of(template)
    except ValueError:
        return
    assert isinstance(template.format_map(dict.fromkeys(words, "x")), str)


def check(**texts: str) -> None:
    check_message(rule_folder("quantity_limit", {}, [], **texts), KINDS["quantity_limit"])


@pytest.mark.parametrize(
    "message",
    ["{item}限{limit}{unit}，已用{total}，超出{excess}", "{item_code} {quantity} {service_date}", "{basis}依据"],
)
def test_words_of_the_line_the_point_and_the_kind_are_known(message: str) -> None:
    check(message=message, remedy=message)


@pytest.mark.parametrize("field", ["message", "remedy"])
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{item}与{kept}重复", "no finding of kind 'quantity_limit' knows kept; it knows "),
        ("{item}超出{excess", "expected '}' before end of string"),
        ("{item!r}超量", "must be one plain word in braces"),
    ],
)
def test_other_words_are_refused_with_field_and_file(field: str, text: str, told: str) -> None:
    with pytest.raises(PackError, match=rf"rule\.yaml: {field}: .*({told})"):
        check(**{field: text})


@pytest.mark.parametrize(
    ("word", "fields", "text"),
    [
        ("item", {"item_name": "阿司匹林"}, "阿司匹林"),
        ("item", {}, "A01"),
        ("item_code", {}, "A01"),
        ("quantity", {"quantity": "2.50"}, "2.5"),
        ("service_date", {}, "2026-03-10"),
    ],
)
def test_words_of_a_line(word: str, fields: dict[str, Any], text: str) -> None:
    assert LINE_WORDS[word](line("L1", "A01", **fields), "") == text


def test_an_item_is_named_by_its_line_then_by_the_knowledge_then_by_its_code() -> None:
    told = LINE_WORDS["item"]
    assert told(line("L1", "A01", item_name="阿司匹林"), "知识库名称") == "阿司匹林"
    assert told(line("L1", "A01", local_item_name="院内名称"), "知识库名称") == "院内名称"
    assert told(line("L1", "A01"), "知识库名称") == "知识库名称"

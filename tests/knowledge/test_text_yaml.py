"""YAML in rule packs: text and nothing but text, and no key twice."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from app.knowledge.text_yaml import read_yaml


@pytest.mark.parametrize(
    "scalar",
    [
        "001102000010000",
        "0o17",
        "1_000",
        "12:30:45",
        "1.50",
        "1e3",
        "yes",
        "no",
        "on",
        "true",
        "null",
        "~",
        "2026-03-01",
    ],
)
def test_every_scalar_stays_the_text_that_was_written(scalar: str) -> None:
    assert read_yaml(f"code: {scalar}\nlist: [{scalar}]".encode()) == {"code": scalar, "list": [scalar]}


@given(st.integers(0, 10**15).map(lambda number: f"{number:015d}"))
def test_no_code_loses_its_zeros(code: str) -> None:
    assert read_yaml(f"- {code}".encode()) == [code]


@pytest.mark.parametrize(
    "text",
    ["a: 1\na: 2", "in_force:\n  2025-01-01: {}\n  2025-01-01: {per: day}", "- {a: 1, b: 2, a: 3}"],
)
def test_a_key_that_stands_twice_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(yaml.YAMLError, match=r"stands here twice; keep one of them[\s\S]*line \d+, column \d+"):
        read_yaml(text.encode())


@pytest.mark.parametrize("text", ["a: 1\n---\na: 2", "a: [1", "\ta: 1", "a: *nowhere"])
def test_what_is_no_single_document_is_refused(text: str) -> None:
    with pytest.raises(yaml.YAMLError):
        read_yaml(text.encode())


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system ['true']", "!!python/name:os.system", "!other x"])
def test_tags_make_no_objects(tag: str) -> None:
    with pytest.raises(yaml.YAMLError):
        read_yaml(f"a: {tag}".encode())


@pytest.mark.parametrize(("text", "document"), [("", None), ("text", "text"), ("- 1\n- 2", ["1", "2"])])
def test_documents_that_are_no_mapping(text: str, document: Any) -> None:
    assert read_yaml(text.encode()) == document

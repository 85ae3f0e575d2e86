"""Redaction: numbers of persons and secrets do not pass, ids and codes do."""

import pytest

from app.interfaces.observe.redact import is_clean, redact


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("身份证110101199003071234查无此人", "身份证[identity]查无此人"),
        ("11010119900307123X", "[identity]"),
        ("id=11010119900307123x;", "id=[identity];"),
        ("电话13812345678。", "电话[phone]。"),
        ("call +86 13812345678 now", "call [phone] now"),
        ("tel13812345678", "tel[phone]"),
        ("Authorization: Bearer mj_AbCdEfGh-12345678", "Authorization: [bearer]"),
        ("key mj_AbCdEfGhIjKl-12345678 given", "key [key] given"),
        ("key mj.k01.AbCdEfGhIjKlMnOp given", "key [key] given"),
        ("eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJhIn0.c2ln", "[token]"),
        ("postgresql://mingjian:hunter2@db/audits", "postgresql://[password]@db/audits"),
        ("redis://:hunter2@cache:6379/0", "redis://[password]@cache:6379/0"),
    ],
)
def test_what_must_not_be_told(text: str, left: str) -> None:
    assert redact(text) == left
    assert not is_clean(text)


@pytest.mark.parametrize(
    "text",
    [
        "003112010070000",  # a service item
        "001109000010000 in 430700",
        "XA02BCP086A001010101446",
        "152d0d5bf90535d7c1239559dffa52df",
        "a13812345678bcdef0",  # part of a hexadecimal id
        "1795329569117647000",  # nanoseconds
        "2026-11-22T06:39:29.117Z",
        "http://127.0.0.1:8000/docs",
        "0193e7a1-2f4b-7c55-9c1d-5d1a2b3c4d5e",
    ],
)
def test_what_may_be_told(text: str) -> None:
    assert redact(text) == text
    assert is_clean(text)

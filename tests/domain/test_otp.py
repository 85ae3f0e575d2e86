"""One-time codes by the vectors of RFC 6238 (appendix B) and RFC 4226 (appendix D)."""

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.otp import PERIOD, code_at, enrolment_uri, step_of

SECRET = b"12345678901234567890"
RFC_6238 = [
    (59, "94287082"), (1111111109, "07081804"), (1111111111, "14050471"), (1234567890, "89005924"),
    (2000000000, "69279037"), (20000000000, "65353130"),
]  # fmt: skip
RFC_4226 = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]


@pytest.mark.parametrize(("at", "code"), RFC_6238)
def test_the_vectors_of_rfc_6238(at: int, code: str) -> None:
    assert code_at(SECRET, at // PERIOD, 8) == code


def test_the_vectors_of_rfc_4226() -> None:
    assert [code_at(SECRET, step) for step in range(10)] == RFC_4226


@given(st.integers(0, 2**40), st.integers(-5 * PERIOD, 5 * PERIOD))
def test_a_code_is_good_for_its_step_and_its_neighbours(at: int, off: int) -> None:
    step = at // PERIOD
    now = max(0, at + off)
    found = step_of(SECRET, code_at(SECRET, step), now)
    if abs(now // PERIOD - step) <= 1:
        assert found is not None
        assert code_at(SECRET, found) == code_at(SECRET, step)
    else:
        near = [code_at(SECRET, max(0, now // PERIOD + one)) for one in (-1, 0, 1)]
        assert (found is not None) == (code_at(SECRET, step) in near)


@pytest.mark.parametrize("code", ["", "12345", "1234567", "１２３４５６", "abcdef"])
def test_what_is_no_code_is_none(code: str) -> None:
    assert step_of(SECRET, code, 59.0) is None


def test_apps_read_the_address() -> None:
    parts = urlsplit(enrolment_uri(b"\x00" * 20, "zhang@x", "明鉴"))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert parse_qs(parts.query)["secret"] == ["A" * 32]

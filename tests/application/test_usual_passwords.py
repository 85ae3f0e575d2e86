"""Usual passwords: none of those that leaked and that are long enough is taken, and good ones are."""

import secrets

import pytest
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from app.application.manage_accounts import BadPassword, check_password
from app.domain.password import SHORTEST, TEXTS, PasswordFault

LEAKED = [one for one in FREQUENCY_LISTS["passwords"] if len(one) >= SHORTEST]


def test_none_of_the_usual_ones_is_taken() -> None:
    """Of the 30,000 most frequent, those that the length lets through, as they are and with a capital."""
    assert len(FREQUENCY_LISTS["passwords"]) >= 3000
    assert len(LEAKED) > 200
    for one in LEAKED:
        for typed in (one, one.capitalize()):
            with pytest.raises(BadPassword):
                check_password(typed, "zhang")


def test_usual_ones_are_told_as_such() -> None:
    with pytest.raises(BadPassword, match=TEXTS[PasswordFault.COMMON]):
        check_password("justinbieber", "zhang")


@pytest.mark.parametrize(
    "good", ["k7-lamp-Truc", "Lantern-over-7-rivers", "正确的马电池订书钉很长很长", "x" * 5 + "九江 wharf 44 lane" * 6]
)
def test_good_ones_are_taken(good: str) -> None:
    check_password(good, "zhang")


def test_random_ones_are_taken() -> None:
    for _ in range(50):
        check_password(secrets.token_urlsafe(15), "zhang")

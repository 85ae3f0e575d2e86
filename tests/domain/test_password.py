"""Password rules: what they refuse, and that they let good ones be."""

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.password import LONGEST, SHORTEST, TEXTS, PasswordFault, faults_of

F = PasswordFault
CASES: list[tuple[str, str, list[PasswordFault]]] = [
    ("", "zhang", [F.TOO_SHORT, F.SIMPLE]),
    ("k7-lamp-Tru", "zhang", [F.TOO_SHORT]),
    ("k7-lamp-Truc", "zhang", []),
    ("正确的马电池订书钉很长很长", "zhang", []),
    ("x" * 11 + "é" * 118, "zhang", [F.TOO_LONG]),
    ("Password2026!", "zhang", [F.COMMON]),
    ("P@ssw0rd12345", "zhang", [F.COMMON]),
    ("admin1234567890", "zhang", [F.COMMON]),
    ("hospital@2026", "zhang", [F.COMMON]),
    ("Yibao_Shenhe2026", "zhang", [F.COMMON]),
    ("198001011234", "zhang", [F.COMMON]),
    ("aaaaaaaaaaaa", "zhang", [F.SIMPLE]),
    ("hagahagahaga", "zhang", [F.SIMPLE]),
    ("abcdefghijklm", "zhang", [F.SIMPLE]),
    ("qwertyuiopasdfghjkl", "zhang", [F.SIMPLE]),
    ("1qaz2wsx3edc", "zhang", [F.SIMPLE]),
    ("zhang-lamp-Truck7", "Zhang", [F.OWN_NAME]),
]


@pytest.mark.parametrize(("password", "login", "faults"), CASES)
def test_what_is_refused_and_why(password: str, login: str, faults: list[PasswordFault]) -> None:
    assert faults_of(password, login) == faults


@given(st.text(max_size=2 * LONGEST), st.text(max_size=20))
def test_any_text_has_an_answer_and_a_short_one_is_refused(password: str, login: str) -> None:
    found = faults_of(password, login)
    assert all(one in TEXTS for one in found)
    if len(password) < SHORTEST // 3:
        assert found


def test_random_passwords_pass() -> None:
    refused = [one for one in (secrets.token_urlsafe(15) for _ in range(500)) if faults_of(one, "zhang")]
    assert len(refused) <= 1

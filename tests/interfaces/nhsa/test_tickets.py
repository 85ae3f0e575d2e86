"""Tickets: only this service can make them, they end, and they name nobody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.interfaces.nhsa.profiles import Profile
from app.interfaces.nhsa.tickets import BadTicket, Tickets

AUDITS = ["01a200f5cd957aa48d71717659dcaea4", "01a200f5cd957aa48d71717659dcaea5"]


class Clock:
    now = 1_772_413_200.0

    def __call__(self) -> float:
        return self.now


def tickets(clock: Clock | None = None, secret: bytes = b"secret") -> Tickets:
    return Tickets(secret, "/fsi/api/popup", clock or Clock())


def test_a_ticket_opens_its_audits() -> None:
    assert tickets().audits_of(tickets().issue(AUDITS, 12)) == AUDITS


def test_a_ticket_ends() -> None:
    clock = Clock()
    ticket = tickets(clock).issue(AUDITS, 2)
    clock.now += 7200
    assert tickets(clock).audits_of(ticket) == AUDITS
    clock.now += 1
    with pytest.raises(BadTicket):
        tickets(clock).audits_of(ticket)


def test_a_ticket_of_another_service_does_not_open() -> None:
    with pytest.raises(BadTicket):
        tickets(secret=b"another").audits_of(tickets().issue(AUDITS, 12))


@given(st.integers(0, 200), st.characters())
def test_no_character_of_a_ticket_can_be_changed(place: int, character: str) -> None:
    ticket = tickets().issue(AUDITS[:1], 12)
    place %= len(ticket)
    forged = ticket[:place] + character + ticket[place + 1 :]
    if forged != ticket:
        with pytest.raises(BadTicket):
            tickets().audits_of(forged)


@pytest.mark.parametrize("text", ["", ".", "..", "a", "a.b", "a.b.c", "..\ud800", "69a5b1d0." + AUDITS[0]])
def test_what_is_no_ticket_does_not_open(text: str) -> None:
    with pytest.raises(BadTicket):
        tickets().audits_of(text)


def test_the_addresses_lie_below_the_profiles_base() -> None:
    told = tickets().addresses(Profile(popup_base="https://192.0.2.1/"), AUDITS)
    assert told["url"].startswith("https://192.0.2.1/fsi/api/popup/")
    assert told["url2"] == told["url"] + "/outcome"

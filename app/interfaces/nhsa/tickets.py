"""Tickets (弹窗凭证): addresses of the hosted popup that only this service can make, and that end after some hours.

A ticket is `<end, hex seconds>.<audit ids, comma-parted>.<HMAC-SHA256 of both>`. Nothing about the patient is in it.
"""

import hmac
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

from app.interfaces.nhsa.profiles import Profile


class BadTicket(Exception):
    """The ticket was not made here, or has ended."""


class Tickets:
    def __init__(self, secret: bytes, path: str, clock: Callable[[], float] = time.time) -> None:
        """`path`: where the popup is served, below a profile's popup_base."""
        self._secret, self._path, self._clock = secret, path, clock

    def addresses(self, profile: Profile, audits: Sequence[str]) -> dict[str, Any]:
        """`url` of the page for the doctor, and `url2` to poll for the outcome."""
        ticket = self.issue(audits, profile.popup_hours)
        page = f"{profile.popup_base.rstrip('/')}{self._path}/{ticket}"
        return {"url": page, "url2": f"{page}/outcome"}

    def issue(self, audits: Sequence[str], hours: float) -> str:
        told = f"{int(self._clock() + hours * 3600):x}.{','.join(audits)}"
        return f"{told}.{self._sign(told)}"

    def audits_of(self, ticket: str) -> list[str]:
        """The audits that the ticket opens; raises BadTicket."""
        told, _, signature = ticket.rpartition(".")
        if not told or not ticket.isascii() or not hmac.compare_digest(signature.encode(), self._sign(told).encode()):
            raise BadTicket
        end, _, audits = told.partition(".")
        if int(end, 16) < self._clock():
            raise BadTicket
        return audits.split(",")

    def _sign(self, told: str) -> str:
        return hmac.new(self._secret, told.encode(), sha256).hexdigest()[:32]

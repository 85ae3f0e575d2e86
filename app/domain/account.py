"""Accounts (账号): members of staff who sign in; what they may do is told by their roles and scope."""

import re
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from app.domain.access import EVERYWHERE, Role, Scope

IDLE = timedelta(minutes=30)  # 等保 8.1.4.1: who does nothing for that long signs in again
LONGEST = timedelta(hours=12)  # a session ends then, whatever is done in it
ADMINISTRATIONS = frozenset({Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR, Role.LOG_AUDITOR})
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")


class Account(Struct, frozen=True, kw_only=True):
    """`password` is a hash, blank where they sign in elsewhere (`subject`); `otp` is the secret
    of the second factor, asked for once it is confirmed; `version` rises with every change.
    """

    id: str
    login: str
    name: str
    created_at: datetime
    changed_at: datetime
    password: str = ""
    must_change: bool = False
    otp: bytes = b""
    has_otp: bool = False
    otp_step: int = 0  # the time step of the code used last: none is good twice
    recovery: tuple[str, ...] = ()
    roles: frozenset[Role] = frozenset()
    scope: Scope = EVERYWHERE
    subject: str = ""
    is_disabled: bool = False
    version: int = 1

    @property
    def administers(self) -> bool:
        """Whether they hold one of the three administrations (三员)."""
        return bool(self.roles & ADMINISTRATIONS)


class Pending(StrEnum):
    """What has to be done before the rest is open."""

    PASSWORD = "password"  # noqa: S105 - a name
    OTP = "otp"


class OtpPolicy(StrEnum):
    """Who must have a second factor."""

    NOBODY = "nobody"
    ADMINISTRATORS = "administrators"
    EVERYONE = "everyone"

    def asks(self, account: Account) -> bool:
        return self is OtpPolicy.EVERYONE or (self is OtpPolicy.ADMINISTRATORS and account.administers)


class Way(StrEnum):
    """How somebody signed in."""

    PASSWORD = "password"  # noqa: S105 - a name
    OIDC = "oidc"
    TICKET = "ticket"


class Session(Struct, frozen=True, kw_only=True):
    """`digest` is of the token that the browser holds. One opened by a ticket has roles and scope of its own."""

    id: str
    digest: bytes
    account: str  # blank: a doctor who has none
    way: Way
    started_at: datetime
    seen_at: datetime
    agent: str = ""
    caller: str = ""  # what a session without an account is called by
    roles: frozenset[Role] = frozenset()
    scope: Scope = EVERYWHERE
    purpose: str = ""

    def is_over(self, at: datetime) -> bool:
        return at >= self.seen_at + IDLE or at >= self.started_at + LONGEST


def is_login(text: str) -> bool:
    return _LOGIN.fullmatch(text) is not None

"""What signing in and changes of rights leave in the trail (登录与授权入链). Names are committed to, not told."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from app.domain.account import Account
from app.trail.entry import Details, Kind, Sealed, TrailEntry, seal

_encode = msgspec.json.Encoder(order="deterministic").encode


class Whence(NamedTuple):
    """Where somebody sits: it tells about a person, so entries only commit to it."""

    address: str = ""
    agent: str = ""


def sign_in_entry(subject: str, outcome: str, at: datetime, whence: Whence, way: str = "", told: str = "") -> Sealed:
    """`subject`: the account or caller; blank where there is none of that login. `told`: a digest of the login."""
    details: Details = {"outcome": outcome, **({"way": way} if way else {})}
    private = _encode({**whence._asdict(), "login": told})
    return seal(
        TrailEntry(kind=Kind.SIGNED_IN, subject=subject, at=at, actor=subject, details=details, private=private)
    )


def rights_entry(account: Account, action: str, at: datetime, *, actor: str, changed: Sequence[str] = ()) -> Sealed:
    """What the account may do from now on."""
    scope = account.scope
    details: Details = {
        "action": action,
        "changed": " ".join(changed),
        "roles": " ".join(sorted(account.roles)),
        "facilities": _listed(scope.facilities),
        "campuses": _listed(scope.campuses),
        "departments": _listed(scope.departments),
        "own_patients": bool(scope.practitioner),
        "is_disabled": account.is_disabled,
        "version": account.version,
    }
    private = _encode({"login": account.login, "name": account.name, "practitioner": scope.practitioner})
    return seal(
        TrailEntry(kind=Kind.RIGHTS_CHANGED, subject=account.id, at=at, actor=actor, details=details, private=private)
    )


def _listed(limit: frozenset[str] | None) -> str:
    return "*" if limit is None else " ".join(sorted(limit))

"""API keys (接口密钥): by what a machine shows who it is, what it may do, about whose patients, and until when."""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from ipaddress import ip_network
from typing import NamedTuple

from msgspec import Struct

from app.domain.access import EVERYWHERE, PERMISSIONS, Caller, Permission, Role, Scope

PREFIX = "mj"
_LONGEST_NAME = 100
_MOST = 200  # facilities, networks and the like of one key

# What a person has to answer for. No machine may do it, whatever it is given.
STAFF_ONLY = frozenset(
    {
        Permission.FINDING_REVIEW, Permission.FINDING_APPROVE, Permission.FINDING_ANSWER, Permission.PATIENT_UNMASK,
        Permission.PATIENT_ERASE, Permission.RULE_APPROVE, Permission.USER_MANAGE, Permission.RIGHT_GRANT,
        Permission.KEY_MANAGE,
    }
)  # fmt: skip
MACHINE_ROLES = frozenset({role for role, permissions in PERMISSIONS.items() if not permissions & STAFF_ONLY})


class BadKey(ValueError):
    """A key cannot be like that; the text says why."""


class ApiKey(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A key without its secret, of which only the SHA-256 is known.

    After a rotation the earlier secret goes on until `earlier_until`. `certificates` of a machine that a trusted proxy
    vouches for are `sha256:<64 hex>` or `subject:<distinguished name>`.
    """

    id: str
    name: str
    roles: frozenset[Role]
    digest: bytes
    not_before: datetime
    expires_at: datetime
    issued_at: datetime
    issued_by: str
    scope: Scope = EVERYWHERE
    networks: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    earlier_digest: bytes = b""
    earlier_until: datetime | None = None
    rotated_at: datetime | None = None
    revoked_at: datetime | None = None

    @property
    def caller(self) -> Caller:
        """Who calls by this key. A role that machines may not hold counts for nothing, however it came to be stored."""
        return Caller(id=f"key:{self.id}", roles=self.roles & MACHINE_ROLES, scope=self.scope, name=self.name)


class KeyToken(NamedTuple):
    """What is sent: `mj.<id>.<secret>`."""

    id: str
    secret: str

    def __str__(self) -> str:
        return f"{PREFIX}.{self.id}.{self.secret}"


def digest_of(secret: str) -> bytes:
    return sha256(secret.encode()).digest()


def is_within(inner: Scope, outer: Scope) -> bool:
    """Whether whoever has the outer scope reaches all that the inner one reaches."""
    levels = (
        (inner.facilities, outer.facilities),
        (inner.campuses, outer.campuses),
        (inner.departments, outer.departments),
    )
    return all([has is None or (asked is not None and asked <= has) for asked, has in levels]) and (
        outer.practitioner in ("", inner.practitioner)
    )


def check_key(key: ApiKey) -> None:
    """Raises BadKey for what no key of a machine may be."""
    if not key.name.strip() or len(key.name) > _LONGEST_NAME:
        raise BadKey(f"the name has to be 1 to {_LONGEST_NAME} characters; say which system calls")
    if staff := sorted(key.roles - MACHINE_ROLES):
        raise BadKey(f"{', '.join(staff)}: only people hold this; machines may be {_listed(MACHINE_ROLES)}")
    if not key.roles:
        raise BadKey(f"name at least one role: {_listed(MACHINE_ROLES)}")
    if key.scope.practitioner:
        raise BadKey("a key belongs to a system and not to a practitioner; leave practitioner out")
    if not key.not_before < key.expires_at:
        raise BadKey("the key would expire before it begins; give a later day")
    _check_lists(key)


def _check_lists(key: ApiKey) -> None:
    for what in (key.scope.facilities, key.scope.campuses, key.scope.departments):
        if what is not None and not (0 < len(what) <= _MOST and all([0 < len(one) <= 64 for one in what])):
            raise BadKey(f"name 1 to {_MOST} codes of at most 64 characters; leave a level out for no limit")
    if len(key.networks) > _MOST or len(key.certificates) > _MOST:
        raise BadKey(f"at most {_MOST} networks and certificates")
    for network in key.networks:
        try:
            ip_network(network, strict=False)
        except ValueError:
            raise BadKey(f"{network[:50]!r} is no network; write 10.1.2.3 or 10.1.2.0/24") from None
    for one in key.certificates:
        kind, _, value = one.partition(":")
        is_digest = kind == "sha256" and len(value) == 64 and not value.strip("0123456789abcdef")
        if not is_digest and not (kind == "subject" and 0 < len(value) <= 500):
            raise BadKey(f"{one[:50]!r} is no certificate; write sha256:<64 hex in lower case> or subject:CN=…")


def _listed(roles: Iterable[Role]) -> str:
    return ", ".join(sorted(roles))

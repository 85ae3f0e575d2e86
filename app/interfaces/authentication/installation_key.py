"""The installation's own key (安装密钥): made at the first start, or given by MINGJIAN_API_KEY; one machine's way in.

It may do what its roles say (MINGJIAN_API_KEY_ROLES), but never what shows or erases who a patient is, grants rights or
issues keys: whoever reads it in a file is nobody who could answer for that.
"""

import hmac
from collections.abc import Iterable
from hashlib import sha256

from app.domain.access import Caller, Permission, Role
from app.interfaces.asgi import Scope
from app.interfaces.authentication.bearer import bearer_of

WITHHELD = frozenset(
    {
        Permission.PATIENT_UNMASK, Permission.PATIENT_ERASE, Permission.RIGHT_GRANT, Permission.KEY_MANAGE,
        Permission.USER_MANAGE,
    }
)  # fmt: skip


class InstallationCaller(Caller, frozen=True):
    def may(self, permission: Permission) -> bool:
        return permission not in WITHHELD and Caller.may(self, permission)


class InstallationKey:
    def __init__(self, key: str, roles: Iterable[Role]) -> None:
        """Raises ValueError for a blank key, which would let everybody in."""
        if not key.strip():
            raise ValueError("MINGJIAN_API_KEY is blank; set one, or leave it unset to have one made")
        self._digest = sha256(key.strip().encode()).digest()
        self._caller = InstallationCaller(id="local", roles=frozenset(roles), kind="key")

    def known(self, scope: Scope) -> Caller | None:
        token = bearer_of(scope)
        if token and hmac.compare_digest(sha256(token).digest(), self._digest):
            return self._caller
        return None

    async def find(self, scope: Scope) -> Caller | None:  # noqa: ARG002 - what is known is known at once
        return None

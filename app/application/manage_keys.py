"""Manage keys (密钥管理): issue, rotate and revoke the keys by which machines call. Who may is settled at the gate."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from app.application.authorise import OutOfScope
from app.domain.access import EVERYWHERE, Caller, Role, Scope
from app.domain.api_key import ApiKey, BadKey, KeyToken, check_key, digest_of, is_within
from app.store.api_keys import ApiKeyStore, StoredKey, key_entry

LONGEST = timedelta(days=1095)
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is read as another
_ID_LENGTH = 12
_SECRET_BYTES = 32


class UnknownKey(LookupError):
    """No key of that id is issued, or none that the caller reaches."""


class KeyEnded(Exception):
    """The key was revoked: what is to go on needs a new one."""


class ChangedMeanwhile(Exception):
    """Somebody else changed the key at the same moment; nothing was done."""


class KeyRequest(NamedTuple):
    """What is asked for. Without `expires_at` the key is good for as long as the settings say."""

    name: str
    roles: frozenset[Role] = frozenset({Role.HIS_CLIENT})
    scope: Scope = EVERYWHERE
    networks: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    not_before: datetime | None = None
    expires_at: datetime | None = None
    reason: str = ""


class Issued(NamedTuple):
    """`token` is told now and never again."""

    key: ApiKey
    token: str


class KeyDesk:
    def __init__(
        self,
        store: ApiKeyStore,
        *,
        days: int = 365,
        overlap_days: int = 7,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._life, self._overlap = store, timedelta(days=days), timedelta(days=overlap_days)
        self._now = now

    async def issue(self, asked: KeyRequest, by: Caller) -> Issued:
        """Raises BadKey; OutOfScope for a key that would reach further than its issuer; NotRecorded."""
        now, token = self._now(), _new_token()
        begins = asked.not_before or now
        key = ApiKey(
            id=token.id,
            name=asked.name.strip(),
            roles=asked.roles,
            scope=asked.scope,
            networks=asked.networks,
            certificates=asked.certificates,
            digest=digest_of(token.secret),
            not_before=begins,
            expires_at=asked.expires_at or begins + self._life,
            issued_at=now,
            issued_by=by.id,
        )
        check_key(key)
        if not now < key.expires_at <= max(now, begins) + LONGEST:
            raise BadKey(f"the key has to expire after today and within {LONGEST.days} days")
        if not is_within(key.scope, by.scope):
            raise OutOfScope
        entry = key_entry(key, "issue", caller=by.id, at=now, reason=asked.reason)
        if await self._store.put(key, 0, entry) is None:
            raise ChangedMeanwhile
        return Issued(key, str(token))

    async def rotate(self, key_id: str, by: Caller, overlap: timedelta | None = None, reason: str = "") -> Issued:
        """A new secret, good for as long as the key was; the one until now goes on for the time of overlap, at most
        until it would have expired. Raises UnknownKey, KeyEnded, ChangedMeanwhile, NotRecorded.
        """
        was, now = await self._held(key_id, by), self._now()
        token, key = KeyToken(key_id, _new_token().secret), was.key
        until = min(now + (self._overlap if overlap is None else overlap), key.expires_at)
        changed = msgspec.structs.replace(
            key,
            digest=digest_of(token.secret),
            earlier_digest=key.digest if until > now else b"",
            earlier_until=until if until > now else None,
            expires_at=max(now, key.not_before) + min(key.expires_at - key.not_before, LONGEST),
            rotated_at=now,
        )
        await self._change(changed, was, "rotate", by, now, reason)
        return Issued(changed, str(token))

    async def revoke(self, key_id: str, by: Caller, reason: str = "") -> ApiKey:
        """Ends both of its secrets. Raises UnknownKey, KeyEnded, ChangedMeanwhile, NotRecorded."""
        was, now = await self._held(key_id, by), self._now()
        changed = msgspec.structs.replace(was.key, revoked_at=now, earlier_digest=b"", earlier_until=None)
        await self._change(changed, was, "revoke", by, now, reason)
        return changed

    async def keys(self, by: Caller) -> list[StoredKey]:
        """All keys that the caller reaches, revoked ones too, the latest issued first. Raises Unavailable."""
        found = [one for one in await self._store.read() if is_within(one.key.scope, by.scope)]
        return sorted(found, key=lambda one: (one.key.issued_at, one.key.id), reverse=True)

    async def _held(self, key_id: str, by: Caller) -> StoredKey:
        for one in await self.keys(by):
            if one.key.id == key_id:
                if one.key.revoked_at is not None:
                    raise KeyEnded(key_id)
                return one
        raise UnknownKey(key_id)

    async def _change(self, key: ApiKey, was: StoredKey, action: str, by: Caller, at: datetime, reason: str) -> None:
        entry = key_entry(key, action, caller=by.id, at=at, reason=reason)
        if await self._store.put(key, was.revision, entry) is None:
            raise ChangedMeanwhile


def _new_token() -> KeyToken:
    key_id = "".join([secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH)])
    return KeyToken(key_id, secrets.token_urlsafe(_SECRET_BYTES))

"""API keys (接口密钥存储): every key that was ever issued, revoked ones too, and the number of the latest change."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

import msgspec

from app.domain.api_key import ApiKey
from app.trail.entry import Details, Kind, Sealed, TrailEntry, seal

pack_key = msgspec.json.Encoder(order="sorted").encode
unpack_key = msgspec.json.Decoder(ApiKey).decode


class StoredKey(NamedTuple):
    """`revision` is the number of its latest change."""

    key: ApiKey
    revision: int
    last_used_at: int | None = None  # microseconds since 1970


class ApiKeyStore(Protocol):
    async def revision(self) -> int:
        """The number of the latest change of any key: who has seen it has seen all before it. Raises Unavailable."""
        ...

    async def read(self) -> list[StoredKey]:
        """All keys, in the order of their latest changes. Raises Unavailable."""
        ...

    async def put(self, key: ApiKey, was: int, entry: Sealed) -> int | None:
        """Store a key with the entry that tells of it, durably; the number of this change. `was`: the revision that
        was changed, 0 for a new key. None where it was changed by another meanwhile, or the id is taken: nothing is
        stored then. Raises NotRecorded.
        """
        ...

    async def touch(self, used: Mapping[str, int]) -> None:
        """When keys were last used, in microseconds since 1970, by their ids. Raises NotRecorded."""
        ...


def key_entry(key: ApiKey, action: str, *, caller: str, at: datetime, reason: str = "") -> Sealed:
    """What the key may do stands in the entry; its name may be that of a person, and is committed to only."""
    scope = key.scope
    limits = {"facilities": scope.facilities, "campuses": scope.campuses, "departments": scope.departments}
    details: Details = {
        "action": action,
        "roles": ",".join(sorted(key.roles)),
        "expires_at": key.expires_at.isoformat(timespec="seconds"),
        **{name: ",".join(sorted(codes)) for name, codes in limits.items() if codes is not None},
        **({"earlier_until": key.earlier_until.isoformat(timespec="seconds")} if key.earlier_until else {}),
    }
    private = msgspec.json.encode({"name": key.name, "reason": reason, "networks": key.networks})
    return seal(
        TrailEntry(kind=Kind.KEY_CHANGED, subject=key.id, at=at, actor=caller, details=details, private=private)
    )

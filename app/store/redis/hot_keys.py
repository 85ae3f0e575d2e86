"""Names of hot history in Redis (缓存键): whose history it is cannot be read from them."""

from base64 import urlsafe_b64encode
from hashlib import blake2b, sha256
from typing import NamedTuple

import msgspec

from app.store.history import HistoryWrite

CLOCK = "mingjian:history:clock"
_GUARD = "mingjian:history:guard:"  # lua/shared.lua names it too
_DATA = "mingjian:history:data:"


class DataKeys(NamedTuple):
    """Where a patient's history is kept for one facility that asks: `data` and `places`, and per encounter its
    lines under `data` and the encounter's id.
    """

    data: str
    places: str


class HotKeys:
    """Everyone who uses the same database and the same Redis must be given the same secret, and nobody else."""

    def __init__(self, secret: bytes | None = None) -> None:
        """Without a secret it has to be told before the first name is asked for."""
        self._key: bytes | None = None
        if secret is not None:
            self.tell(secret)

    def tell(self, secret: bytes) -> None:
        self._key = sha256(secret).digest()

    @property
    def installation(self) -> str:
        """What tells this installation from others on the same Redis."""
        return self._id("installation")

    def _id(self, *parts: str) -> str:
        """22 letters, always the same for the same, and for what a database may hold to be the same."""
        if self._key is None:
            raise RuntimeError("the store is not open")
        plain = [part.replace("\0", "\N{SYMBOL FOR NULL}") for part in parts]
        digest = blake2b(msgspec.msgpack.encode(plain), digest_size=16, key=self._key).digest()
        return urlsafe_b64encode(digest)[:22].decode()

    def encounter(self, facility: str, encounter: str) -> str:
        return self._id("encounter", facility, encounter)

    def patient_guard(self, patient: str) -> str:
        return _GUARD + self._id("patient", patient)

    def encounter_guard(self, facility: str, encounter: str) -> str:
        return _GUARD + self.encounter(facility, encounter)

    def guards(self, write: HistoryWrite) -> list[str]:
        return [self.patient_guard(write.patient), self.encounter_guard(write.facility, write.encounter)]

    def data(self, facility: str, patient: str) -> DataKeys:
        name = _DATA + self._id("data", facility, patient)
        return DataKeys(name, f"{name}:places")

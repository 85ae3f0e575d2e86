"""Hold keys (密钥在手): every key in memory, so that no request waits for the database to know who calls.

The database is asked every two seconds whether a key was changed. Where it does not answer, the keys at hand go on for
as long as the settings say, and then none opens any more: one that was revoked meanwhile must not open for ever.
"""

import asyncio
import hmac
import logging
import time
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from app.domain.api_key import ApiKey
from app.store.api_keys import ApiKeyStore
from app.store.audit_log import NotRecorded
from app.store.history import Unavailable

log = logging.getLogger("mingjian")

LOOK_EVERY = 2.0  # seconds
_PATIENCE = 2.0  # for an answer of the database: with the wait before it less than the five seconds of the promise
_NOTE_EVERY = 60.0  # seconds between two notes of when keys were last used
_AT_ONCE = 0.5  # seconds between two looks that requests with unknown keys cause


class HeldKey:
    """A key, with what every request asks of it ready."""

    __slots__ = ("_digest", "_earlier", "_earlier_until", "_networks", "_since", "_until", "caller", "used_at")

    def __init__(self, key: ApiKey) -> None:
        self.caller, self._digest, self._earlier = key.caller, key.digest, key.earlier_digest
        self._earlier_until = key.earlier_until.timestamp() if key.earlier_until else 0.0
        self._since, self._until = key.not_before.timestamp(), key.expires_at.timestamp()
        self._networks = tuple(ip_network(one, strict=False) for one in key.networks)
        self.used_at = 0.0

    def opens(self, digest: bytes, address: str, now: float) -> bool:
        """`digest`: of the secret that was sent. Both comparisons take as long wherever the difference lies."""
        if not hmac.compare_digest(digest, self._digest) and not (
            now < self._earlier_until and hmac.compare_digest(digest, self._earlier)
        ):
            return False
        return self.admits(address, now)

    def admits(self, address: str, now: float) -> bool:
        """Whether whoever holds it may call now, and from there."""
        if not self._since <= now < self._until or (self._networks and not self._is_within(address)):
            return False
        self.used_at = now
        return True

    def _is_within(self, address: str) -> bool:
        try:
            found: IPv4Address | IPv6Address = ip_address(address)
        except ValueError:
            return False
        plain = getattr(found, "ipv4_mapped", None) or found
        return any([plain in network for network in self._networks])


class KeyHolder:
    def __init__(
        self, store: ApiKeyStore, hold_seconds: float = 300.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store, self._hold, self._clock = store, hold_seconds, clock
        self._by_id: dict[str, HeldKey] = {}
        self._by_certificate: dict[str, HeldKey] = {}
        self._revision = -1
        self._good_until = self._looked_at = self._noted_at = float("-inf")
        self._noted: dict[str, int] = {}
        self._lock = asyncio.Lock()

    @property
    def is_stale(self) -> bool:
        """Whether the database has not answered for so long that no key at hand is believed any more."""
        return self._clock() >= self._good_until

    def get(self, key_id: str) -> HeldKey | None:
        return self._by_id.get(key_id) if self._clock() < self._good_until else None

    def of_certificate(self, name: str) -> HeldKey | None:
        return self._by_certificate.get(name) if self._clock() < self._good_until else None

    async def open(self) -> None:
        """Where the database does not answer now, no key opens until it does."""
        await self._look()

    async def follow(self) -> None:
        """Take up every change, for ever; call it as a task."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            await self._look()
            if self._clock() - self._noted_at >= _NOTE_EVERY:
                await self.note_use()

    async def look_at_once(self) -> None:
        """For a key that is not known here: it may have been issued by another worker a moment ago. Whoever asks at
        the same time shares one look, so that made-up keys do not become questions to the database.
        """
        asked = self._clock()
        async with self._lock:
            if self._looked_at <= asked:
                await asyncio.sleep(_AT_ONCE - (asked - self._looked_at))
                await self._look_now()

    async def _look(self) -> None:
        async with self._lock:
            await self._look_now()

    async def _look_now(self) -> None:
        began = self._looked_at = self._clock()
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._take_up()
        except (Unavailable, TimeoutError) as error:
            log.warning("keys cannot be looked for: %s", error if str(error) else type(error).__name__)
        except Exception:  # what is at hand goes on for its time, and the next look may do better
            log.exception("keys cannot be looked for")
        else:
            self._good_until = began + self._hold

    async def _take_up(self) -> None:
        if await self._store.revision() == self._revision:
            return
        stored, before = await self._store.read(), self._by_id
        live = [one.key for one in stored if one.key.revoked_at is None]
        found = {key.id: HeldKey(key) for key in live}
        for key_id, held in found.items():
            if key_id in before:
                held.used_at = before[key_id].used_at
        self._by_certificate = {name: found[key.id] for key in live for name in key.certificates}
        self._by_id = found
        self._revision = max([one.revision for one in stored], default=0)

    async def note_use(self) -> None:
        """When each key was last used, for whoever looks for keys that nobody needs any more."""
        self._noted_at = self._clock()
        used = {key_id: int(held.used_at * 1e6) for key_id, held in self._by_id.items() if held.used_at}
        if news := {key_id: at for key_id, at in used.items() if at > self._noted.get(key_id, 0)}:
            try:
                await self._store.touch(news)
            except NotRecorded as error:
                log.warning("when keys were last used cannot be noted: %s", error)
            else:
                self._noted.update(news)

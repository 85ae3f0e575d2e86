"""Hot history (热点患者明细): the history of patients who are audited again and again, kept in Redis as the database
has it. docs/decisions/0013-redis-is-never-the-only-place.md tells the protocol and why it is right.
"""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from itertools import count
from typing import Any, NamedTuple

from app.store.history import HistoryQuery, HistoryWrite, StoredEncounter, Unavailable
from app.store.redis import hot_rows
from app.store.redis.connection import RedisConnection, Script, Unreachable
from app.store.redis.hot_debts import Debts, tell_begun
from app.store.redis.hot_keys import CLOCK, DataKeys, HotKeys
from app.store.vault import PLAIN, CannotOpen, Vault
from app.store.whole_history import WholeHistory

_CHANGED, _FINISH, _READ, _FILL = (Script("shared", name) for name in ("changed", "finish", "read", "fill"))
_FILL_SECONDS = 0.5  # nobody waits for it
_CLOSE_SECONDS = 1.0
_GUARDS_AT_ONCE = 500
_BULK_LEASES = 3  # what is imported may take longer to commit


class Limits(NamedTuple):
    """`keep`, the time for which a patient's history is kept, must be shorter than `remember`, the time for which a
    change is; `lease` is how long a change may be under way.
    """

    keep: float = 15 * 60
    remember: float = 20 * 60
    lease: float = 30
    most_lines: int = 5_000
    days: int = 400
    fills: int = 2  # at once
    wanted: int = 10_000


class Change(NamedTuple):
    """A change of what these guards stand for, from before its commit on. `is_known`: whether Redis knows of it."""

    token: str
    guards: list[str]
    is_known: bool


class _Wanted(NamedTuple):
    facilities: tuple[str, ...]
    earliest: date | None


class HotHistory:
    def __init__(
        self,
        connection: RedisConnection,
        whole: WholeHistory,
        keys: HotKeys,
        *,
        vault: Vault = PLAIN,
        limits: Limits = Limits(),  # noqa: B008 - immutable
        today: Callable[[], date] = date.today,
    ) -> None:
        self._connection, self._whole, self._keys, self._limits, self._today = connection, whole, keys, limits, today
        self._lease, self._remember = int(limits.lease * 1000), int(limits.remember * 1000)
        self._debts = Debts(connection, self._lease, self._remember)
        self._vault = vault
        self._name, self._numbers = secrets.token_hex(8), count()
        self._wanted: OrderedDict[DataKeys, _Wanted] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._filling = 0

    def open(self) -> None:
        """What a worker that died may have left unsaid is made good first."""
        self.distrust()

    def distrust(self) -> None:
        """Nothing that is kept now is used any more."""
        self._debts.owe_everything()

    async def close(self) -> None:
        await self._debts.close()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_CLOSE_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def settled(self) -> None:
        """Returns when nothing is done in the background any more."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._debts.settled()

    async def read(self, query: HistoryQuery) -> list[StoredEncounter] | None:
        """As the database would answer, or None where it has to be asked."""
        if self._debts or not hot_rows.can_be_asked(query):
            return None
        keys = self._keys.data(query.facility, query.patient)
        guard = self._keys.patient_guard(query.patient)
        found = None
        try:
            found = await self._read(query, keys, guard)
        except (Unreachable, CannotOpen):
            return None
        if found is None:
            self._want(keys, query)
        return found

    async def _read(self, query: HistoryQuery, keys: DataKeys, guard: str) -> list[StoredEncounter] | None:
        arguments = hot_rows.arguments_of_query(query, self._keys, facilities=_tag(query.facilities))
        reply = await self._connection.run(_READ, [CLOCK, guard, *keys], [self._lease, *arguments])
        if reply is None or self._debts:
            return None
        own, first = hot_rows.own_of(reply[0], self._vault)
        others = hot_rows.others_of(reply[1:], query.seen_from(first), self._vault)
        return sorted([*own, *others], key=lambda one: (one.facility, one.encounter))

    def _want(self, keys: DataKeys, query: HistoryQuery) -> None:
        self._wanted[keys] = _Wanted(query.facilities, query.earliest)
        self._wanted.move_to_end(keys)
        if len(self._wanted) > self._limits.wanted:
            self._wanted.popitem(last=False)

    async def begin(self, guards: list[str], *, is_bulk: bool = False) -> Change:
        """To be called before anything is changed that these guards stand for. Where nothing more is told of the
        change, it counts as made when its lease is over.
        """
        lease = self._lease * (_BULK_LEASES if is_bulk else 1)
        change = Change(f"{self._name}{next(self._numbers)}", guards, True)
        try:
            await tell_begun(self._connection, guards, change.token, lease, self._remember)
        except Unreachable:
            self._debts.owe(change.token, guards)
            return change._replace(is_known=False)
        return change

    def changed(self, change: Change) -> None:
        """It is made, or surely will not be; what is kept is of no use any more."""
        self._later(self._changed(change))

    def wrote(self, change: Change, write: HistoryWrite) -> None:
        """This and nothing else is made; what is kept is brought up to date."""
        if change.is_known and hot_rows.can_be_kept(write.lines):
            self._later(self._finish(change, write))
        else:
            self.changed(change)

    def _later(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _changed(self, change: Change) -> None:
        try:
            for start in range(0, len(change.guards), _GUARDS_AT_ONCE):
                some = change.guards[start : start + _GUARDS_AT_ONCE]
                await self._connection.run(_CHANGED, [CLOCK, *some], [self._lease, change.token, self._remember])
        except Unreachable:  # until the lease is over, what is kept is not used, and afterwards not either
            return
        self._debts.paid(change.token)

    async def _finish(self, change: Change, write: HistoryWrite) -> None:
        keys = self._keys.data(write.facility, write.patient)
        limits = (self._lease, change.token, self._remember, self._limits.most_lines)
        arguments = hot_rows.arguments_of_write(write, self._keys, self._vault)
        try:
            found: Any = await self._connection.run(_FINISH, [CLOCK, *change.guards, *keys], [*limits, *arguments])
        except Unreachable:
            return
        stamp, is_kept, is_hot = found
        if is_hot and not is_kept and keys in self._wanted and self._filling < self._limits.fills:
            self._filling += 1
            try:
                if await self._fill(int(stamp), write.patient, keys, self._wanted[keys]):
                    self._wanted.pop(keys, None)
            except (Unavailable, Unreachable, TimeoutError):
                return
            finally:
                self._filling -= 1

    async def _fill(self, stamp: int, patient: str, keys: DataKeys, wanted: _Wanted) -> bool:
        """Keep what the database has now; False where it was changed after the stamp."""
        since = self._today() - timedelta(days=self._limits.days)
        since = min(since, wanted.earliest or since)
        async with asyncio.timeout(self._limits.lease / 2):
            whole = await self._whole.read(patient, wanted.facilities, since, self._limits.most_lines)
        if whole is None:
            seconds = int(self._limits.keep)
            await self._connection.ask(lambda redis: redis.set(f"{keys.data}:large", 1, ex=seconds))
            return True
        if not all(hot_rows.can_be_kept(one.lines) for one in whole):
            return True
        limits = (self._lease, stamp, int(self._limits.keep * 1000), self._remember)
        rows = hot_rows.arguments_of_whole(whole, self._keys, self._vault)
        told = (_tag(wanted.facilities), since.isoformat(), *rows)
        guard = self._keys.patient_guard(patient)
        return bool(await self._connection.run(_FILL, [CLOCK, guard, *keys], [*limits, *told], _FILL_SECONDS))


def _tag(facilities: tuple[str, ...]) -> str:
    return "\0".join(sorted(facilities))

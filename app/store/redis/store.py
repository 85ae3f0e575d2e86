"""Puts Redis before a store (加装缓存): hot history, rulesets at hand, and announcements."""

from dataclasses import replace

from app.store.redis.cached import CachedAuditLog, CachedHistory
from app.store.redis.connection import RedisConnection
from app.store.redis.hot_history import HotHistory
from app.store.redis.hot_keys import HotKeys
from app.store.redis.rulesets import RulesetCache
from app.store.redis.used_tokens import RedisUsedTokens
from app.store.store import Store


def with_redis(store: Store, url: str, *, with_history: bool = True) -> Store:
    """The store as it is, and quicker where Redis answers, which it need not. Everyone who opens the same store must
    say the same of `with_history`. Raises ValueError for a URL that is none.
    """
    connection, keys = RedisConnection(url), HotKeys()
    hot = HotHistory(connection, store.whole_history, keys, vault=store.vault)

    async def start() -> None:
        await store.open()
        keys.tell(await store.secret())
        if with_history:
            hot.open()

    async def close() -> None:
        await hot.close()
        await connection.close()
        await store.close()

    return replace(
        store,
        log=CachedAuditLog(store.log, hot, keys) if with_history else store.log,
        history=CachedHistory(store.history, hot, keys) if with_history else store.history,
        distribution=RulesetCache(connection, lambda: keys.installation),
        used=RedisUsedTokens(connection, lambda: keys.installation, store.used),
        open=start,
        close=close,
        checks={**store.checks, "redis": connection.check},
    )

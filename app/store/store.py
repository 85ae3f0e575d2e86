"""Store (存储): all that is kept, whatever database keeps it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.store.audit_log import AuditLog
from app.store.dispositions import Dispositions
from app.store.feeds import FeedStore
from app.store.history import HistoryStore
from app.store.rulesets import RulesetStore


@dataclass(frozen=True, slots=True)
class Store:
    """`open` and `close` are called from the event loop that serves; `check` returns where the database answers, and
    raises where it does not.
    """

    log: AuditLog
    dispositions: Dispositions
    feeds: FeedStore
    history: HistoryStore
    rulesets: RulesetStore
    open: Callable[[], Awaitable[None]]
    close: Callable[[], Awaitable[None]]
    check: Callable[[], Awaitable[None]]

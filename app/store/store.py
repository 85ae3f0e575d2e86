"""Store (存储): all that is kept, whatever database keeps it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from app.store.access_log import AccessLog
from app.store.accounts import AccountStore
from app.store.alerts import AlertStore
from app.store.api_keys import ApiKeyStore
from app.store.audit_contents import AuditContents
from app.store.audit_log import AuditLog
from app.store.dispositions import Dispositions
from app.store.erasure import ErasableStore
from app.store.feeds import FeedStore
from app.store.finding_past import FindingPast
from app.store.history import HistoryStore
from app.store.notices import NoticeStore
from app.store.overviews import OverviewStore
from app.store.resealing import Resealing
from app.store.review_intake import ReviewIntake
from app.store.reviews import Directory, ReviewStore, SavedViews
from app.store.rulesets import RulesetDistribution, RulesetStore
from app.store.sessions import SessionStore
from app.store.stays import StayStore
from app.store.trail import TrailStore
from app.store.trail_effects import TrailEffects
from app.store.used_tokens import UsedTokens
from app.store.vault import Vault
from app.store.webhooks import WebhookStore
from app.store.whole_history import WholeHistory


@dataclass(frozen=True, slots=True)
class Store:
    """`open` and `close` are called from the event loop that serves; `check` returns where the database answers, and
    raises where it does not; so do the `checks` of what stands beside it, by name. `secret` is known to all workers on
    this database and to no others. `vault` encrypts. `distribution` None: there is no Redis.
    """

    log: AuditLog
    dispositions: Dispositions
    alerts: AlertStore
    feeds: FeedStore
    history: HistoryStore
    rulesets: RulesetStore
    trail: TrailStore
    effects: TrailEffects
    erasure: ErasableStore
    stays: StayStore
    whole_history: WholeHistory
    accounts: AccountStore
    sessions: SessionStore
    reviews: ReviewStore
    intake: ReviewIntake
    past: FindingPast
    directory: Directory
    views: SavedViews
    overviews: OverviewStore
    access: AccessLog
    notices: NoticeStore
    webhooks: WebhookStore
    keys: ApiKeyStore
    used: UsedTokens
    vault: Vault
    resealing: Resealing
    contents: AuditContents
    open: Callable[[], Awaitable[None]]
    close: Callable[[], Awaitable[None]]
    check: Callable[[], Awaitable[None]]
    secret: Callable[[], Awaitable[bytes]]
    distribution: RulesetDistribution | None = None
    checks: Mapping[str, Callable[[], Awaitable[object]]] = field(default_factory=dict)

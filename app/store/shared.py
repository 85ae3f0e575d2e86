"""Stores that are the same on either database (共用存储), built on how each is asked and written to."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypedDict

from sqlalchemy import Select

from app.domain.access import Scope
from app.store.access_log import AccessLog
from app.store.accounts import AccountStore
from app.store.acts import Act
from app.store.audit_contents import AuditContents
from app.store.directory import StoredDirectory
from app.store.effects_query import EffectsQuery
from app.store.finding_past import FindingPast
from app.store.notices import NoticeStore
from app.store.resealing import Resealing
from app.store.saved_views import StoredViews
from app.store.sessions import SessionStore
from app.store.vault import Vault
from app.store.webhooks import WebhookStore


class Ground(NamedTuple):
    """`rows` asks for everything, `ask` for what a scope covers; `insert` is the database's own INSERT."""

    rows: Callable[[Select[Any]], Awaitable[list[Any]]]
    ask: Callable[[Select[Any], Scope], Awaitable[list[Any]]]
    act: Act
    insert: Callable[..., Any]
    vault: Vault


class SharedStores(TypedDict):
    effects: EffectsQuery
    access: AccessLog
    notices: NoticeStore
    webhooks: WebhookStore
    vault: Vault
    resealing: Resealing
    contents: AuditContents
    accounts: AccountStore
    sessions: SessionStore
    past: FindingPast
    directory: StoredDirectory
    views: StoredViews


def shared_stores(on: Ground) -> SharedStores:
    return SharedStores(
        effects=EffectsQuery(on.rows, on.vault),
        access=AccessLog(on.rows),
        notices=NoticeStore(on.ask),
        webhooks=WebhookStore(on.ask, on.act, on.insert, on.vault),
        vault=on.vault,
        resealing=Resealing(on.vault, on.rows, on.act),
        contents=AuditContents(on.rows),
        accounts=AccountStore(on.rows, on.act, on.insert, on.vault),
        sessions=SessionStore(on.rows, on.act, on.insert),
        past=FindingPast(on.rows, on.vault),
        directory=StoredDirectory(on.rows, on.act, on.insert),
        views=StoredViews(on.rows, on.act, on.insert),
    )

"""Saved views in the store (常用筛选), in either database: filters that somebody gave a name."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from sqlalchemy import Select, Table, delete, or_, select

from app.store.acts import Act, Step
from app.store.review_rows import plain_json
from app.store.review_tables import saved_views
from app.store.reviews import SavedView

Ask = Callable[[Select[Any]], Awaitable[list[Any]]]
Insert = Callable[[Table], Any]  # that of the dialect, which knows what to do about conflicts

_VIEW = saved_views.c
_decode = msgspec.json.Decoder(SavedView).decode
_MOST = 500


class StoredViews:
    def __init__(self, ask: Ask, act: Act, insert: Insert) -> None:
        self._ask, self._act, self._insert = ask, act, insert

    async def of(self, account: str) -> list[SavedView]:
        is_theirs = or_(_VIEW.account == account, _VIEW.is_shared.is_(True))
        asked = select(_VIEW.content).where(is_theirs).order_by(_VIEW.name, _VIEW.id).limit(_MOST)
        return [_decode(content) for (content,) in await self._ask(asked)]

    async def put(self, view: SavedView) -> bool:
        """False: the account has another view of this name, or this one is somebody else's."""
        taken = select(_VIEW.id).where(_VIEW.account == view.account, _VIEW.name == view.name, _VIEW.id != view.id)
        if await self._ask(taken):
            return False
        row = {
            "id": view.id,
            "account": view.account,
            "name": view.name,
            "is_shared": view.is_shared,
            "content": plain_json(view),
        }
        changed = {name: row[name] for name in ("name", "is_shared", "content")}
        put = self._insert(saved_views).values(row)
        put = put.on_conflict_do_update(index_elements=["id"], set_=changed, where=_VIEW.account == view.account)
        return await self._act([Step(put.returning(_VIEW.id), must=True)], []) is not None

    async def remove(self, view: str, account: str) -> bool:
        gone = delete(saved_views).where(_VIEW.id == view, _VIEW.account == account).returning(_VIEW.id)
        return await self._act([Step(gone, must=True)], []) is not None

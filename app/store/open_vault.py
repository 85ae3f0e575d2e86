"""Opens the vault (启用加密): the secret that patients are looked up with, which the database keeps encrypted.

It stays the same when data keys change, so that patients stay to be found. A store whose keys do not open it does not
open: it would encrypt with a key that others do not have.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import Select, exists, select

from app.store.acts import Act, Step
from app.store.privacy_tables import lookup_secret
from app.store.tables import history_encounters
from app.store.vault import Vault, new_lookup_secret

_ROW = (1,)

Rows = Callable[[Select[Any]], Awaitable[list[Any]]]


async def open_vault(vault: Vault, rows: Rows, act: Act, insert: Callable[..., Any]) -> None:
    """Raises CannotOpen where the keys at hand are not those of this database, Unavailable, NotRecorded."""
    if vault.ring is None:
        return
    asked = select(lookup_secret.c.content, lookup_secret.c.has_plain)
    found = await rows(asked)
    if not found:
        vault.ring.ensure()
        ((has_plain,),) = await rows(select(exists(select(history_encounters.c.patient))))
        sealed = vault.seal("lookup_secret", _ROW, new_lookup_secret())
        row = {"id": 1, "content": sealed, "has_plain": bool(has_plain)}
        await act([Step(insert(lookup_secret).values(row).on_conflict_do_nothing())], [])
        found = await rows(asked)
    ((content, has_plain),) = found
    vault.tell(vault.open("lookup_secret", _ROW, bytes(content)), has_plain=bool(has_plain))

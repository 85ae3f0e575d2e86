"""What a service has stored of dispositions (处理记录), its reasons decrypted by its own key."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from app.store.data_keys import KeyRing, KeySource
from app.store.vault import Vault


class Row(NamedTuple):
    finding: str
    is_known: int
    caller: str
    practitioner: str
    action: str
    reason: str


def stored_dispositions(data_dir: Path) -> list[Row]:
    """In the order in which they came."""
    vault = Vault(KeyRing(KeySource(data_dir / "data-keys")))
    with closing(sqlite3.connect(data_dir / "mingjian.sqlite3")) as connection:
        query = "SELECT finding, is_known, caller, practitioner, action, reason FROM dispositions ORDER BY seq"
        rows = [Row(*row) for row in connection.execute(query)]
    return [one._replace(reason=vault.open_text("dispositions", (one.finding, one.caller), one.reason)) for one in rows]

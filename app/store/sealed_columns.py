"""Sealed columns (加密列): every column that the vault encrypts, so that a change of keys reaches all of them.

Whoever encrypts another column names it here, with what its contents are bound to.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Column, Table

from app.store.account_tables import accounts
from app.store.notice_tables import webhooks
from app.store.privacy_tables import lookup_secret
from app.store.review_tables import review_attachments, review_steps
from app.store.tables import audits, dispositions, history_encounters, trail_private
from app.store.vault import LookedUp, Vault, is_sealed_text

Values = Mapping[str, Any]


class SealedColumn(NamedTuple):
    """`key` finds a row and orders them; `again` gives, from the `read` columns by name, what is to stand there when it
    is sealed by the newest key. It raises CannotOpen.
    """

    column: Column[Any]
    key: tuple[Column[Any], ...]
    read: tuple[Column[Any], ...]
    again: Callable[[Vault, Values], dict[str, Any]]
    is_text: bool = False

    @property
    def table(self) -> Table:
        return self.column.table

    @property
    def name(self) -> str:
        return f"{self.table.name}.{self.column.name}"


def sealed_bytes(column: Column[Any], key: tuple[Column[Any], ...], row: tuple[Column[Any], ...]) -> SealedColumn:
    """A column of bytes that `vault.seal(table, row, …)` made."""
    table, name, names = str(column.table.name), column.name, [one.name for one in row]

    def again(vault: Vault, values: Values) -> dict[str, Any]:
        bound = tuple([values[one] for one in names])
        return {name: vault.seal(table, bound, vault.open(table, bound, values[name]))}

    return SealedColumn(column, key, row, again)


def sealed_text(column: Column[Any], key: tuple[Column[Any], ...]) -> SealedColumn:
    """A column of text that `vault.seal_text(table, key, …)` made."""
    table, name, names = column.table.name, column.name, [one.name for one in key]

    def again(vault: Vault, values: Values) -> dict[str, Any]:
        bound = tuple([values[one] for one in names])
        return {name: vault.seal_text(table, bound, vault.open_text(table, bound, values[name]))}

    return SealedColumn(column, key, key, again, is_text=True)


def _private_again(vault: Vault, values: Values) -> dict[str, Any]:
    """The salt goes where the private part goes (app/store/sealing.py)."""
    row, salt, content = (values["seq"],), values["salt"], values["content"]
    told = salt + content if salt else vault.open("trail_private", row, content)
    return {"salt": b"", "content": vault.seal("trail_private", row, told)}


def _header_again(vault: Vault, values: Values) -> dict[str, Any]:
    """Beside a header of before there was encryption stands the patient's own id."""
    row, header, patient = (values["facility"], values["encounter"]), values["header"], values["patient"]
    told = vault.open_text("history_encounters", row, header)
    return {
        "patient": vault.lookup(LookedUp(patient) if is_sealed_text(header) else patient),
        "header": vault.seal_text("history_encounters", row, told),
    }


def _reason_again(vault: Vault, values: Values) -> dict[str, Any]:
    row = (values["finding"], values["caller"])
    return {"reason": vault.seal_text("dispositions", row, vault.open_text("dispositions", row, values["reason"]))}


_SAID = dispositions.c
_ENCOUNTER = (history_encounters.c.facility, history_encounters.c.encounter)
_ENTRY = (trail_private.c.seq,)
SEALED = [
    sealed_bytes(lookup_secret.c.content, (lookup_secret.c.id,), (lookup_secret.c.id,)),
    sealed_bytes(accounts.c.otp, (accounts.c.id,), (accounts.c.id,)),
    sealed_bytes(webhooks.c.secret, (webhooks.c.id,), (webhooks.c.id,)),
    sealed_bytes(audits.c.content, (audits.c.seq, audits.c.recorded_at), (audits.c.id,)),
    SealedColumn(trail_private.c.content, _ENTRY, (*_ENTRY, trail_private.c.salt), _private_again),
    sealed_bytes(review_attachments.c.content, (review_attachments.c.id,), (review_attachments.c.id,)),
    sealed_text(review_attachments.c.name, (review_attachments.c.id,)),
    sealed_text(review_steps.c.comment, (review_steps.c.review, review_steps.c.number)),
    SealedColumn(_SAID.reason, (_SAID.seq,), (_SAID.seq, _SAID.finding, _SAID.caller), _reason_again, is_text=True),
    SealedColumn(
        history_encounters.c.header,
        _ENCOUNTER,
        (*_ENCOUNTER, history_encounters.c.patient),
        _header_again,
        is_text=True,
    ),
]

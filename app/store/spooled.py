"""What a frame of the spool holds (暂存内容): a whole record, the promise to audit again, or both."""

import msgspec
import zstandard

from app.store.audit_log import AuditRecord, NotRecorded, StoredAudit
from app.store.vault import PLAIN, CannotOpen, Vault


class Spooled(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`record` None: the record is in the database. `is_open`: the past was out of reach, so it is audited again."""

    id: str
    record: AuditRecord | None = None
    is_open: bool = False


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Spooled).decode
_LARGEST = 512 * 1024 * 1024  # bytes that a frame may unfold to


class Unreadable(Exception):
    """A frame that is whole and yet holds nothing that this version can read."""


def pack_spooled(spooled: Spooled, vault: Vault = PLAIN) -> bytes:
    try:
        return vault.seal("spool", (), zstandard.ZstdCompressor(level=1).compress(_encode(spooled)))
    except CannotOpen as error:
        raise NotRecorded(str(error)) from error


def unpack_spooled(payload: bytes, vault: Vault = PLAIN) -> Spooled:
    try:
        packed = vault.open("spool", (), payload)
        return _decode(zstandard.ZstdDecompressor().decompress(packed, max_output_size=_LARGEST))
    except (msgspec.MsgspecError, zstandard.ZstdError, CannotOpen) as error:
        raise Unreadable(str(error)) from error


def as_stored(record: AuditRecord) -> StoredAudit:
    """As the database will give it."""
    return StoredAudit(
        id=record.id,
        caller=record.caller,
        facility=record.facility,
        ruleset=record.ruleset,
        request=record.request,
        audit=record.audit,
        sent=record.sent,
        hidden=record.hidden,
        facts=record.facts,
    )

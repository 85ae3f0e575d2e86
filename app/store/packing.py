"""How the bytes of an audit are kept (记录压缩): zstd of msgpack [request, audit, sent, hidden findings, facts]."""

import threading
from datetime import datetime
from typing import NamedTuple

import msgspec
import zstandard

from app.store.audit_log import AuditRecord
from app.trail.entry import SALT_SIZE

_LOCAL = threading.local()  # a compressor must not be used by two threads at once


_ZSTD = b"\x28\xb5\x2f\xfd"  # how a zstd frame begins (RFC 8878)


class Erased(Exception):
    """What was asked for was erased, at the end of its retention or for another lawful reason."""


class Content(NamedTuple):
    request: bytes
    audit: bytes
    sent: bytes
    hidden: bytes
    facts: bytes = b""  # records of before there were any have none


def pack(record: AuditRecord) -> bytes:
    if not hasattr(_LOCAL, "compress"):
        _LOCAL.compress = zstandard.ZstdCompressor(level=1).compress
    content = (record.request, record.audit, record.sent, record.hidden, record.facts)
    packed: bytes = _LOCAL.compress(msgspec.msgpack.encode(content))
    return packed


def unpack(content: bytes) -> Content:
    """What a row's content holds: a salt (app/store/sealing.py), which records of before the trail lack, then the rest.

    Raises Erased where it was erased.
    """
    if not content:
        raise Erased("the content of this audit was erased")
    if not content.startswith(_ZSTD):
        content = content[SALT_SIZE:]
    return Content(*msgspec.msgpack.decode(zstandard.ZstdDecompressor().decompress(content), type=list[bytes]))


def microseconds(at: datetime) -> int:
    """Microseconds since 1970, as the tables keep a moment."""
    return int(at.timestamp() * 1_000_000)

"""How the bytes of an audit are kept (记录压缩): zstd of msgpack [request, audit, sent, hidden findings, facts]."""

import threading
from datetime import datetime
from typing import NamedTuple

import msgspec
import zstandard

from app.store.audit_log import AuditRecord

_LOCAL = threading.local()  # a compressor must not be used by two threads at once


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
    return Content(*msgspec.msgpack.decode(zstandard.ZstdDecompressor().decompress(content), type=list[bytes]))


def microseconds(at: datetime) -> int:
    """Microseconds since 1970, as the tables keep a moment."""
    return int(at.timestamp() * 1_000_000)

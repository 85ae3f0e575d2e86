"""Ids (标识): unique, and in the order of time, so that indexes on them stay compact."""

import os
from datetime import datetime


def time_ordered_id(at: datetime) -> str:
    """32 hex characters: 48 bits of milliseconds since 1970, then random, laid out as UUID version 7 (RFC 9562)."""
    milliseconds = int(at.timestamp() * 1000)
    random = int.from_bytes(os.urandom(10)) & ~(0xF << 76 | 0x3 << 62) | 0x7 << 76 | 0x2 << 62
    return f"{milliseconds:012x}{random:020x}"

"""Ids (标识): unique, and in the order of time, so that indexes on them stay compact."""

import os
from datetime import datetime

_AT_ONCE = 256  # ids for which the system is asked at a time: a question takes longer than all the rest
_pool: list[bytes] = []
os.register_at_fork(after_in_child=_pool.clear)


def time_ordered_id(at: datetime) -> str:
    """32 hex characters: 48 bits of milliseconds since 1970, then random, laid out as UUID version 7 (RFC 9562)."""
    milliseconds = int(at.timestamp() * 1000)
    random = int.from_bytes(_ten_bytes()) & ~(0xF << 76 | 0x3 << 62) | 0x7 << 76 | 0x2 << 62
    return f"{milliseconds:012x}{random:020x}"


def _ten_bytes() -> bytes:
    """Of chance, and given to nobody else, whatever the thread."""
    try:
        return _pool.pop()
    except IndexError:
        drawn = os.urandom(10 * _AT_ONCE)
        _pool.extend(drawn[at : at + 10] for at in range(10, len(drawn), 10))
        return drawn[:10]

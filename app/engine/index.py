"""The index of a compiled ruleset: a hash table from key to postings, read where it lies, in a file or in memory.

Opening it costs nothing whatever its size, and workers that map the same file share its pages. Keys are a letter for
the kind of pattern and the code: `i` item code, `I` item prefix, `d` diagnosis code, `D` diagnosis prefix.

Layout, little endian: slots (u32 each: 0, or 1 + offset of an entry); entry = u16 key length, key,
u32 count, then count postings of two u32: number of the period of a rule, offset of the point.
"""

import struct
from collections.abc import Mapping, Sequence
from zlib import crc32

Posting = tuple[int, int]
_U32 = struct.Struct("<I")
_U16 = struct.Struct("<H")


def write_index(postings: Mapping[bytes, Sequence[Posting]]) -> tuple[int, bytes]:
    """The number of slots (a power of two) and the bytes of the table."""
    count = 8
    while count < 2 * len(postings):
        count *= 2
    mask = count - 1
    slots = [0] * count
    entries = bytearray()
    for key, found in postings.items():
        slot = crc32(key) & mask
        while slots[slot]:
            slot = (slot + 1) & mask
        slots[slot] = len(entries) + 1
        entries += _U16.pack(len(key)) + key
        entries += _U32.pack(len(found))
        entries += struct.pack(f"<{2 * len(found)}I", *(number for posting in found for number in posting))
    return count, struct.pack(f"<{count}I", *slots) + bytes(entries)


class Index:
    """Reads what `write_index` wrote."""

    __slots__ = ("_buffer", "_entries", "_mask")

    def __init__(self, buffer: memoryview, slot_count: int) -> None:
        self._buffer = buffer
        self._mask = slot_count - 1
        self._entries = 4 * slot_count

    def find(self, key: bytes) -> tuple[Posting, ...]:
        """The postings of the key; () where it has none."""
        buffer, mask = self._buffer, self._mask
        slot = crc32(key) & mask
        while offset := _U32.unpack_from(buffer, 4 * slot)[0]:
            at = self._entries + offset - 1
            length = _U16.unpack_from(buffer, at)[0]
            at += 2
            if buffer[at : at + length] == key:
                at += length
                count = _U32.unpack_from(buffer, at)[0]
                numbers = struct.unpack_from(f"<{2 * count}I", buffer, at + 4)
                return tuple(zip(numbers[::2], numbers[1::2], strict=True))
            slot = (slot + 1) & mask
        return ()

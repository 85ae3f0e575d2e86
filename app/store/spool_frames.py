"""Frames of a spool file (暂存帧): each tells its length and checksums, so that what a crash or a disk left is known.

A frame is a header and a payload. The header begins with a marker, by which the next whole frame is found behind a
damaged one. Each file has a marker of its own, which nobody outside knows: what callers send lies in the payloads, and
must not be taken for a frame.
"""

import struct
from collections.abc import Iterator
from mmap import mmap
from typing import NamedTuple
from zlib import crc32

MARKER_SIZE = 8
_HEADER = struct.Struct("<8sII")  # marker, length of the payload, its CRC-32
_CHECK = struct.Struct("<I")  # CRC-32 of the header
HEADER_SIZE = _HEADER.size + _CHECK.size


Data = bytes | mmap


class Whole(NamedTuple):
    """Where a payload lies that is as it was written."""

    offset: int
    length: int


class Damaged(NamedTuple):
    """A stretch that holds no whole frame, though something was written there."""

    offset: int
    length: int


def frame(payload: bytes, marker: bytes) -> bytes:
    header = _HEADER.pack(marker, len(payload), crc32(payload))
    return header + _CHECK.pack(crc32(header)) + payload


def scan(data: Data, marker: bytes) -> Iterator[Whole | Damaged]:
    """What a file holds, in order. A last frame that was not finished is left out: nobody was told that it is safe."""
    at, size = 0, len(data)
    while at < size:
        length = _whole_at(data, at, marker)
        if length is not None:
            yield Whole(at + HEADER_SIZE, length)
            at += HEADER_SIZE + length
            continue
        following = _next_whole(data, at + 1, marker)
        if following is not None:
            yield Damaged(at, following - at)
            at = following
            continue
        if not _is_unfinished(data, at, marker):
            yield Damaged(at, size - at)
        return


def _header_at(data: Data, at: int, marker: bytes) -> tuple[int, int] | None:
    """Length and checksum of the payload that a sound header tells."""
    if len(data) - at < HEADER_SIZE:
        return None
    header = data[at : at + _HEADER.size]
    found, length, check = _HEADER.unpack(header)
    if found != marker or _CHECK.unpack_from(data, at + _HEADER.size)[0] != crc32(header):
        return None
    return length, check


def _whole_at(data: Data, at: int, marker: bytes) -> int | None:
    told = _header_at(data, at, marker)
    if told is None:
        return None
    start = at + HEADER_SIZE
    payload = data[start : start + told[0]]
    return told[0] if len(payload) == told[0] and crc32(payload) == told[1] else None


def _next_whole(data: Data, at: int, marker: bytes) -> int | None:
    while (at := data.find(marker, at)) >= 0:
        if _whole_at(data, at, marker) is not None:
            return at
        at += 1
    return None


def _is_unfinished(data: Data, at: int, marker: bytes) -> bool:
    """Cut off, or a place that the file was given and that was never written."""
    rest = len(data) - at
    told = _header_at(data, at, marker)
    return rest < HEADER_SIZE or (told is not None and rest < HEADER_SIZE + told[0]) or not any(data[at:])

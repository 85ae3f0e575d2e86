"""Case objects from files (读取病案): one JSON object a line, plain or gzipped; faults come in their place."""

import gzip
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

import msgspec

from app.application.case_objects import BadCaseObject, CaseRead, read_case_object

if TYPE_CHECKING:
    from io import BufferedIOBase

_GZIP = b"\x1f\x8b"
_LONGEST_LINE = 16 * 1024 * 1024
_decode = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no case; `index` is the case's key where it was told."""

    index: object
    message: str


def read_cases(file: str) -> Iterator[CaseRead | BadLine]:
    """Every case in the file, or `-` for standard input, as it is read; raises OSError where it cannot be read."""
    if file == "-":
        yield from _cases(sys.stdin.buffer)
        return
    with open(file, "rb") as opened:
        yield from _cases(opened)


def _cases(opened: BinaryIO) -> Iterator[CaseRead | BadLine]:
    start = opened.peek(2)[:2] if hasattr(opened, "peek") else b""
    lines = cast("BufferedIOBase", gzip.GzipFile(fileobj=opened) if start == _GZIP else opened)
    number = 0
    while line := lines.readline(_LONGEST_LINE + 1):
        number += 1
        if len(line) > _LONGEST_LINE:
            yield BadLine(None, f"line {number} is longer than {_LONGEST_LINE:,} bytes; the rest is not read")
            return
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if line.strip():
            yield _case(number, line)


def _case(number: int, line: bytes) -> CaseRead | BadLine:
    try:
        return read_case_object(_decode(line))
    except BadCaseObject as error:
        return BadLine(error.index, f"line {number}: {error}")
    except UnicodeDecodeError as error:
        return BadLine(None, f"line {number}: byte {error.start} is not UTF-8")
    except RecursionError:
        return BadLine(None, f"line {number}: is nested too deeply to be a case")
    except msgspec.DecodeError as error:
        return BadLine(None, f"line {number}: not JSON: {error}")

"""Requests from files (读取审核请求): one JSON document a file, or one a line; faults name file, line and path."""

import json
import re
import sys
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from app.domain.audit import AuditRequest

_STEP = re.compile(r"\.([A-Za-z_]\w*)|\[(\d+)\]")
_BYTE = re.compile(r"\(byte (\d+)\)")
_SPACE = re.compile(r"[ \t\r\n]*")
_decoder = msgspec.json.Decoder(AuditRequest)
_any = msgspec.json.Decoder(msgspec.Raw)


class Fault(NamedTuple):
    """Something that is not an audit request: where it stands, and why."""

    file: str
    line: int | None
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.message}" if self.line is None else f"{self.file} line {self.line}: {self.message}"


def read_requests(file: str) -> Iterator[AuditRequest | Fault]:
    """Every request in the file, or `-` for standard input; what cannot be read comes as a Fault in its place."""
    try:
        content = sys.stdin.buffer.read() if file == "-" else _read(file)
    except OSError as error:
        yield Fault(file, None, f"cannot be read: {error.strerror}")
        return
    name = "standard input" if file == "-" else file
    content = content.removeprefix(b"\xef\xbb\xbf")
    if not content.strip():
        yield Fault(name, 1, "is empty; it must hold one audit request as JSON, or one a line")
        return
    for line, document in _documents(content):
        yield _decode(name, line, document)


def _read(file: str) -> bytes:
    with open(file, "rb") as opened:
        return opened.read()


def _documents(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Each document with the line where it starts. Lines are documents where the first is whole by itself."""
    lines = [(number, line) for number, line in enumerate(content.split(b"\n"), 1) if line.strip()]
    if len(lines) > 1 and _is_whole(lines[0][1]):
        yield from lines
    else:
        yield 1, content


def _is_whole(line: bytes) -> bool:
    try:
        _any.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _decode(file: str, line: int, document: bytes) -> AuditRequest | Fault:
    try:
        return _decoder.decode(document)
    except msgspec.ValidationError as error:
        message = str(error)
        return Fault(file, line + _line_of(document, message), message if "`$" in message else f"{message} - at `$`")
    except msgspec.DecodeError as error:
        found = _BYTE.search(str(error))
        before = document[: int(found[1])] if found else document.rstrip()
        return Fault(file, line + before.count(b"\n"), f"not JSON: {error}")
    except RecursionError:
        return Fault(file, line, "is nested too deeply to be an audit request")
    except UnicodeDecodeError as error:
        return Fault(file, line + document[: error.start].count(b"\n"), f"byte {error.start} is not UTF-8")


def _line_of(document: bytes, message: str) -> int:
    """How many lines into the document the value stands that the message names by its path."""
    path = message.rpartition("`$")[2].partition("`")[0]
    text = document.decode()
    offset = _past_space(text, 0)
    for name, number in _STEP.findall(path):
        try:
            found = _child(text, offset, name or int(number))
        except (ValueError, IndexError):  # the fault was met before the end, and what follows is not JSON
            break
        if found is None:
            break
        offset = found
    return text.count("\n", 0, offset)


def _child(text: str, offset: int, wanted: str | int) -> int | None:
    """Where the member of the object, or the element of the array, that starts at `offset` begins."""
    scan = json.JSONDecoder().raw_decode
    position, count = offset + 1, 0
    while position < len(text):
        position = _past_space(text, position)
        if text[position] in "]}":
            return None
        name: object = count
        if isinstance(wanted, str):
            name, position = scan(text, position)
            position = _past_space(text, _past_space(text, position) + 1)
        if name == wanted:
            return position
        _, position = scan(text, position)
        position, count = _past_space(text, position) + 1, count + 1
    return None


def _past_space(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return position if found is None else found.end()

"""The witness (见证人, C2SP tlog-witness): remembers the last checkpoint of a log, and cosigns only what extends it.

It runs elsewhere, under somebody else's hand (纪检、医保局): whoever rolls the log back or rewrites it gets no
cosignature any more, and everybody can see that.
"""

import base64
import json
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from app.trail.keys import Cosigner
from app.trail.note import (
    BadNote,
    Checkpoint,
    Signature,
    Verifier,
    decode,
    read_checkpoint,
    read_note,
    signature_line,
    verified_by,
)
from app.trail.proof import is_consistent
from app.trail.tree import EMPTY_ROOT

_MOST_HASHES = 63
SIZE_TYPE = "text/x.tlog.size"


class Reply(NamedTuple):
    status: int
    body: str
    media_type: str = "text/plain; charset=utf-8"


class Seen(NamedTuple):
    """The last checkpoint of a log that was cosigned."""

    size: int = 0
    root: bytes = EMPTY_ROOT


class SeenFile:
    """What was seen, by origin, in a file that is replaced whole and synced before anything is answered."""

    def __init__(self, path: Path) -> None:
        """Raises ValueError for a file that is not one of ours: a witness that forgot must not go on as if it knew."""
        self._path, self._seen = path, {}
        if path.exists():
            try:
                kept = json.loads(path.read_text("utf-8"))
                self._seen = {origin: Seen(int(size), base64.b64decode(root)) for origin, (size, root) in kept.items()}
            except (ValueError, TypeError, AttributeError) as error:
                raise ValueError(f"{path} does not hold what a witness saw: {error}") from error

    def get(self, origin: str) -> Seen:
        return self._seen.get(origin, Seen())

    def put(self, origin: str, seen: Seen) -> None:
        kept = {**self._seen, origin: seen}
        content = json.dumps({one: (size, base64.b64encode(root).decode()) for one, (size, root) in kept.items()})
        temporary = self._path.with_suffix(".tmp")
        with temporary.open("w", encoding="utf-8") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._seen = kept


class Witness:
    def __init__(
        self, key: Cosigner, logs: Mapping[str, tuple[Verifier, ...]], seen: SeenFile, now: Callable[[], float]
    ) -> None:
        """`logs`: the keys trusted for each origin; `now`: seconds since 1970."""
        self._key, self._logs, self._seen, self._now = key, logs, seen, now
        self._lock = threading.Lock()  # looking and remembering are one step

    def add_checkpoint(self, body: str) -> Reply:
        """The answer to `POST add-checkpoint`, with the status codes that the specification asks for."""
        try:
            old, proof, content = _parts(body)
            note = read_note(content)
            checkpoint = read_checkpoint(note.text)
        except BadNote as error:
            return Reply(400, f"{error}\n")
        keys = self._logs.get(checkpoint.origin)
        if keys is None:
            return Reply(404, "this log is not known here\n")
        try:
            is_signed = bool(verified_by(note, keys))
        except BadNote:
            is_signed = False
        if not is_signed:
            return Reply(403, "the checkpoint is not signed by a key that is trusted for this log\n")
        if old > checkpoint.size:
            return Reply(400, "the old size is larger than the checkpoint's\n")
        with self._lock:
            return self._cosign(old, proof, checkpoint, note.text)

    def _cosign(self, old: int, proof: list[bytes], checkpoint: Checkpoint, text: str) -> Reply:
        seen = self._seen.get(checkpoint.origin)
        if old != seen.size or (old == checkpoint.size and checkpoint.root != seen.root):
            return Reply(409, f"{seen.size}\n", SIZE_TYPE)
        if not is_consistent(seen.size, seen.root, checkpoint.size, checkpoint.root, proof):
            return Reply(422, "the log does not extend what was seen before: entries were changed or removed\n")
        self._seen.put(checkpoint.origin, Seen(checkpoint.size, checkpoint.root))
        signature = self._key.cosign(text, int(self._now()))
        return Reply(200, signature_line(Signature(self._key.name, self._key.key_id, signature)))


def _parts(body: str) -> tuple[int, list[bytes], str]:
    head, blank, content = body.partition("\n\n")
    first, *lines = head.split("\n")
    number = first.removeprefix("old ")
    if not blank or not first.startswith("old ") or not (number.isascii() and number.isdecimal()):
        raise BadNote("a request is a line `old N`, the lines of the proof, an empty line, and the checkpoint")
    if str(int(number)) != number or len(lines) > _MOST_HASHES:
        raise BadNote("the old size has leading zeroes, or the proof more than 63 lines")
    return int(number), [decode(line) for line in lines], content


def trusted(keys: Iterable[Verifier]) -> dict[str, tuple[Verifier, ...]]:
    """Keys by the origin that they sign for: a log's key is named as its origin."""
    found: dict[str, tuple[Verifier, ...]] = {}
    for key in keys:
        found[key.name] = (*found.get(key.name, ()), key)
    return found

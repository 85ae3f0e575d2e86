"""Erasure (删除个人信息): the only thing in this package that takes content away, and never without an entry."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from app.trail.entry import Kind, Sealed, read_body

OF_FINDINGS = (Kind.REVIEWED, Kind.DISPOSITION)  # entries whose subject is a finding
ToldEntry = tuple[int, str, str, bytes]  # seq, kind, subject, body


def private_of_findings(entries: Iterable[ToldEntry], commented: Iterable[tuple[str, int]]) -> list[int]:
    """Of these entries those that commit to what is erased. A step without a comment names nobody: what it did, the
    trail goes on committing to.
    """
    steps = set(commented)
    return [
        seq
        for seq, kind, subject, body in entries
        if kind == Kind.DISPOSITION
        or "number" not in (details := read_body(body).details)
        or (subject, details["number"]) in steps
    ]


class ErasableStore(Protocol):
    async def audits_of(self, patient: str, facility: str) -> list[str]:
        """Ids of the audits of a patient that hold anything yet; they are known by the patient's history."""
        ...

    async def audits_before(self, microseconds: int, limit: int) -> list[str]:
        """Ids of audits older than that, which hold anything yet; the oldest first."""
        ...

    async def erase(self, audits: Sequence[str], entries: Sequence[Sealed]) -> None:
        """The contents of these audits; the entries tell of it, in the same transaction. Raises NotRecorded."""
        ...

    async def erase_findings(self, patient: str, facility: str, entry: Callable[[str], Sealed]) -> int:
        """What findings of the patient in the facility tell of him: the key by which he is found, comments, names and
        contents of attachments, reasons of dispositions. How many held any of it; `entry` gives what the trail is to
        tell of one, in the same transaction. To be called before the history goes. Raises NotRecorded.
        """
        ...

    async def erase_history(self, patient: str, facility: str) -> int:
        """Every encounter of the patient in the facility, with its lines; how many there were. Raises NotRecorded."""
        ...

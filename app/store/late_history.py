"""History that comes late (迟到的明细): what a restored record may still say where its encounter has moved on."""

from typing import NamedTuple

from msgspec.structs import replace

from app.store.history import HistoryWrite
from app.store.vault import LookedUp


class Standing(NamedTuple):
    """What is stored of the encounter; `patient` as the table has it; `lines` are the ids of all its lines,
    withdrawn ones too.
    """

    patient: str
    header: str
    has_death: bool
    lines: frozenset[str]


def still_news(write: HistoryWrite, withdrawn_since: frozenset[str], later: Standing | None) -> HistoryWrite:
    """What of a write is not overtaken. `later`: how the encounter stands, where a later audit told of it."""
    if later is None:
        return replace(write, lines=[line for line in write.lines if line[0] not in withdrawn_since])
    return replace(
        write,
        patient=LookedUp(later.patient),
        header=later.header,
        has_death=later.has_death,
        lines=[line for line in write.lines if line[0] not in later.lines | withdrawn_since],
    )

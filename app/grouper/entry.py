"""Codes as grouping sees them (编码在方案中的位置): which lists hold them and which exclusion tables they stand in."""

from collections.abc import Sequence

Entry = tuple[int, int, int, int, int]
"""Number of its set of lists; the set as bits; its exclusion tables as principal diagnosis, as MCC, and as CC."""

SET, BITS, EXCLUDES, MCC, CC = range(5)
UNKNOWN: Entry = (0, 0, 0, 0, 0)

HAS_MCC, HAS_CC = 1, 2


class Entries(dict[str, Entry]):
    """Codes with their entries; a code that is not there has the entry UNKNOWN."""

    def __missing__(self, code: str) -> Entry:
        return UNKNOWN


def severity(diagnoses: Sequence[Entry]) -> int:
    """HAS_MCC and HAS_CC together: what the secondary diagnoses are that the principal one, the first, leaves.

    A complication is left out where its own table is the one that the principal diagnosis excludes.
    """
    excluded = diagnoses[0][2] or -1
    found = 0
    for entry in diagnoses[1:]:
        if entry[3] and entry[3] != excluded:
            found |= 1
        if entry[4] and entry[4] != excluded:
            found |= 2
    return found

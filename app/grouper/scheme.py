"""Grouping scheme (分组方案): opened from its compiled form, immutable, shared by all who group with it."""

import hashlib
from collections.abc import Mapping
from functools import cached_property

import msgspec

from app.domain.group_weight import GroupWeight, PaymentScheme
from app.domain.period import Period
from app.grouper.compiled_scheme import LENGTH, MAGIC, CodeTable, Place, SchemeHeader, unpack_numbers
from app.grouper.entry import BITS, CC, EXCLUDES, MCC, Entries
from app.grouper.plan import Planner

_DIGEST = 32


class Scheme:
    """Public: `id`, `title`, `revision`, `period`, `status`, `repairs`, `groups` (code to name), `weights`, `payments`,
    the names of codes, and what `complication` tells. Grouping itself is `group` in drg.py.
    """

    def __init__(self, content: bytes) -> None:
        """Raises ValueError for bytes that `compile_scheme` of this version did not write."""
        start = len(MAGIC) + _DIGEST
        if content[: len(MAGIC)] != MAGIC or hashlib.sha256(content[start:]).digest() != content[len(MAGIC) : start]:
            raise ValueError("these are no whole compiled scheme of this version")
        (length,) = LENGTH.unpack_from(content, start)
        start += LENGTH.size
        self.header: SchemeHeader = msgspec.msgpack.decode(content[start : start + length], type=SchemeHeader)
        self._content, self._start = content, start + length
        manifest = self.header.manifest
        self.id, self.title, self.status = manifest.id, manifest.title, manifest.status
        self.period: Period = manifest.period
        self.repairs: tuple[str, ...] = manifest.repairs
        self.revision = self.header.revision
        self.retries_procedures = manifest.retries_procedures
        self.groups: Mapping[str, str] = self.header.groups
        self.diagnosis_sets = _sets(self.header.diagnoses)
        self.procedure_sets = _sets(self.header.procedures)
        self.diagnoses = self._entries(self.header.diagnoses, self.diagnosis_sets)
        self.procedures = self._entries(self.header.procedures, self.procedure_sets)
        self.planner = Planner(self.header, self.diagnosis_sets, self.procedure_sets)

    def _section(self, place: Place) -> bytes:
        return self._content[self._start + place[0] : self._start + place[1]]

    def _entries(self, table: CodeTable, sets: list[int]) -> Entries:
        rows = unpack_numbers(self._section(table.rows))
        four = [iter(unpack_numbers(self._section(table.entries)))] * 4
        entries = [(number, sets[number], cce, mcc, cc) for number, cce, mcc, cc in zip(*four, strict=True)]
        codes = self._section(table.codes).decode()
        return Entries(zip(codes.split("\n") if codes else (), map(entries.__getitem__, rows), strict=True))

    def _pairs(self, place: Place) -> dict[str, str]:
        import zstandard

        text = zstandard.decompress(self._section(place)).decode()
        parted = (line.partition("\t") for line in text.split("\n")[:-1])
        return {code: value for code, _, value in parted}

    @cached_property
    def diagnosis_names(self) -> Mapping[str, str]:
        """Every diagnosis code of the grouper's edition with its name."""
        return self._pairs(self.header.diagnoses.names)

    @cached_property
    def procedure_names(self) -> Mapping[str, str]:
        return self._pairs(self.header.procedures.names)

    @cached_property
    def diagnosis_map(self) -> Mapping[str, str] | None:
        """Clinical code to grouper's code, blank for none; None where the scheme translates no diagnoses."""
        place = self.header.diagnoses.map
        return None if place is None else self._pairs(place)

    @cached_property
    def procedure_map(self) -> Mapping[str, str] | None:
        place = self.header.procedures.map
        return None if place is None else self._pairs(place)

    @cached_property
    def weights(self) -> Mapping[str, GroupWeight]:
        """weights.csv by group; empty where the scheme has none."""
        return msgspec.msgpack.decode(self._section(self.header.weights), type=dict[str, GroupWeight])

    @cached_property
    def payments(self) -> tuple[PaymentScheme, ...]:
        """payment.json, a scheme per period, in order of their start; () where there is none."""
        return msgspec.msgpack.decode(self._section(self.header.payments), type=tuple[PaymentScheme, ...])

    def is_valid_procedure(self, code: str) -> bool:
        """Whether the procedure counts for grouping (proc_valid.csv)."""
        return bool(self.procedures[code][BITS] >> self.header.valid_bit & 1)

    def complication(self, code: str) -> tuple[str, str]:
        """`mcc`, `cc` or blank, and the exclusion table that the code stands in as such."""
        entry = self.diagnoses[code]
        level = "mcc" if entry[MCC] else "cc" if entry[CC] else ""
        return level, self.header.tables[entry[MCC] or entry[CC]]

    def excluded_table(self, principal: str) -> str:
        """The exclusion table of the code as principal diagnosis; blank where it excludes nothing."""
        return self.header.tables[self.diagnoses[principal][EXCLUDES]]

    def weight_of(self, group: str) -> GroupWeight | None:
        return self.weights.get(group)


def _sets(table: CodeTable) -> list[int]:
    return [int.from_bytes(one, "little") for one in table.sets]

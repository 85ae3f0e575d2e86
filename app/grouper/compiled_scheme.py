"""Compiled grouping scheme (分组方案的编译形式): tables turned into one immutable block of bytes, opened in no time.

A code stands there once, with the number of the set of lists that it is in: schemes have tens of thousands of codes
and hundreds of lists, but few such sets. Lists of the same content share one bit. Names, code maps and weights stay
packed until something asks for them.

magic | sha256 of what follows | u32 length of the header | header (msgpack) | sections, one after the other
"""

import hashlib
import struct
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec
import zstandard

from app.knowledge.scheme_check import conditions
from app.knowledge.scheme_condition import Condition, Member, Sites, Tagged, atoms
from app.knowledge.scheme_tables import Manifest, SchemeTables

MAGIC = b"MJDRG001"
FORMAT = 1  # part of the revision: raise it when the same tables would be compiled or grouped otherwise
LENGTH = struct.Struct("<I")
_PROCEDURE_SUBJECTS = {"proc1", "proc", "oproc"}
_ZSTD_LEVEL = 9

Place = tuple[int, int]  # where a section starts and ends, counted from the end of the header


class CompiledMdc(msgspec.Struct, frozen=True, array_like=True):
    code: str
    condition: Condition
    text: str


class CompiledSplit(msgspec.Struct, frozen=True, array_like=True):
    drg: str
    condition: Condition
    text: str


class CompiledRule(msgspec.Struct, frozen=True, array_like=True):
    """`mdc` is the number of its MDC in the header. Rules stand in the order in which they are tried."""

    mdc: int
    kind: str
    code: str
    name: str
    condition: Condition
    text: str
    otherwise: str
    splits: tuple[CompiledSplit, ...]


class CodeTable(msgspec.Struct, frozen=True, kw_only=True):
    """The codes of one kind that lists or exclusion tables hold; `map` is None where the scheme translates none."""

    bits: dict[str, int]  # list -> its bit
    tag_bits: dict[str, dict[str, int]]  # list -> tag -> its bit
    sets: tuple[bytes, ...]  # sets of lists as bits, little endian
    entries: Place  # u32 each, four an entry: number of its set; its tables as principal, MCC and CC, 0 for none
    codes: Place  # parted by line ends
    rows: Place  # u32 each: number of the entry of the code in the same place
    names: Place  # zstd: code, tab, name, line end
    map: Place | None  # zstd: code, tab, target, line end


class SchemeHeader(msgspec.Struct, frozen=True, kw_only=True):
    revision: str
    manifest: Manifest
    mdcs: tuple[CompiledMdc, ...]
    rules: tuple[CompiledRule, ...]
    groups: dict[str, str]
    diagnoses: CodeTable
    procedures: CodeTable
    valid_bit: int  # of the procedures that count for grouping
    tables: tuple[str, ...]  # exclusion tables by number; 0 is none
    weights: Place  # msgpack: dict of GroupWeight
    payments: Place  # msgpack: PaymentScheme in order of their start


def revision_of(digest: str) -> str:
    """The address of a compiled scheme: the same files give the same 32 hex characters."""
    return hashlib.sha256(f"drg {FORMAT} {digest}".encode()).hexdigest()[:32]


def pack_numbers(numbers: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(numbers)}I", *numbers)


def unpack_numbers(content: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(content) // 4}I", content)


def compile_scheme(tables: SchemeTables) -> bytes:
    """The compiled form of tables that were read without a fault."""
    sections = _Sections()
    names, numbers = _exclusions(tables)
    diagnoses, procedures = _Bits(tables), _Bits(tables)
    for _, _, condition in conditions(tables):
        for atom in atoms(condition):
            if isinstance(atom, Member | Tagged | Sites):
                is_procedure = isinstance(atom, Tagged) or getattr(atom, "subject", "dx") in _PROCEDURE_SUBJECTS
                (procedures if is_procedure else diagnoses).add(atom)
    valid_bit = procedures.bit(tables.valid_procedures)
    none: Mapping[str, str] = {}
    principals = {code: table for code, table in tables.cce.items() if table}
    header = SchemeHeader(
        revision=revision_of(tables.digest),
        manifest=tables.manifest,
        mdcs=tuple(CompiledMdc(row.code, row.condition, row.text) for row in tables.mdcs),
        rules=_rules(tables),
        groups=dict(tables.groups),
        diagnoses=_code_table(
            sections, diagnoses, (principals, tables.mcc, tables.cc), numbers, tables.diagnoses, tables.diagnosis_map
        ),
        procedures=_code_table(
            sections, procedures, (none, none, none), numbers, tables.procedures, tables.procedure_map
        ),
        valid_bit=valid_bit,
        tables=names,
        weights=sections.add(msgspec.msgpack.encode(tables.weights)),
        payments=sections.add(msgspec.msgpack.encode(tables.payments)),
    )
    encoded = msgspec.msgpack.encode(header)
    body = LENGTH.pack(len(encoded)) + encoded + bytes(sections.content)
    return MAGIC + hashlib.sha256(body).digest() + body


class _Sections:
    def __init__(self) -> None:
        self.content = bytearray()

    def add(self, content: bytes) -> Place:
        start = len(self.content)
        self.content += content
        return start, len(self.content)

    def pack(self, pairs: Mapping[str, str]) -> Place:
        text = "".join(f"{code}\t{' '.join(value.split())}\n" for code, value in pairs.items())
        return self.add(zstandard.compress(text.encode(), _ZSTD_LEVEL))


class _Bits:
    """Gives every code list, and every tag in it that is asked for, a bit; the same codes get the same bit."""

    def __init__(self, tables: SchemeTables) -> None:
        self._tables = tables
        self.of_list: dict[str, int] = {}
        self.of_tag: dict[str, dict[str, int]] = {}
        self._of_codes: dict[frozenset[str], int] = {}

    def add(self, atom: Member | Tagged | Sites) -> None:
        codes = self._tables.lists.get(atom.list, {})
        if atom.list not in self.of_list:
            self.of_list[atom.list] = self.bit(codes)
        if not isinstance(atom, Member) and atom.list not in self.of_tag:
            tags = dict.fromkeys(tag for found in codes.values() for tag in found)
            self.of_tag[atom.list] = {
                tag: self.bit([code for code, found in codes.items() if tag in found]) for tag in tags
            }

    def bit(self, codes: Collection[str]) -> int:
        return self._of_codes.setdefault(frozenset(codes), len(self._of_codes))

    def sets(self) -> dict[str, int]:
        """Each code with the bits of the lists that hold it."""
        found: dict[str, int] = {}
        for codes, bit in self._of_codes.items():
            mask = 1 << bit
            for code in codes:
                found[code] = found.get(code, 0) | mask
        return found


def _exclusions(tables: SchemeTables) -> tuple[tuple[str, ...], dict[str, int]]:
    """The names of the tables by number, and their numbers; 0 is for a code that stands in none."""
    found = dict.fromkeys(name for table in (tables.cce, tables.mcc, tables.cc) for name in table.values())
    return ("", *found), {name: number for number, name in enumerate(found, 1)}


def _rules(tables: SchemeTables) -> tuple[CompiledRule, ...]:
    """In the order of the MDCs, and in each by number."""
    place = {mdc.code: number for number, mdc in enumerate(tables.mdcs)}
    return tuple(
        CompiledRule(
            place[rule.mdc],
            rule.kind,
            rule.code,
            rule.name,
            rule.condition,
            rule.text,
            rule.otherwise,
            tuple(CompiledSplit(split.drg, split.condition, split.text) for split in tables.splits.get(rule.seq, ())),
        )
        for rule in sorted(tables.rules, key=lambda row: (place[row.mdc], row.seq))
    )


def _code_table(
    sections: _Sections,
    bits: _Bits,
    exclusions: Iterable[Mapping[str, str]],
    numbers: Mapping[str, int],
    names: Mapping[str, str],
    code_map: Mapping[str, str] | None,
) -> CodeTable:
    of_code = bits.sets()
    tables = tuple(exclusions)
    codes = sorted({*of_code, *(code for table in tables for code in table)})
    sets: dict[int, int] = {0: 0}
    entries: dict[tuple[int, ...], int] = {}
    rows: list[int] = []
    for code in codes:
        number = sets.setdefault(of_code.get(code, 0), len(sets))
        entry = (number, *(numbers[table[code]] if code in table else 0 for table in tables))
        rows.append(entries.setdefault(entry, len(entries)))
    return CodeTable(
        bits=bits.of_list,
        tag_bits=bits.of_tag,
        sets=tuple(mask.to_bytes((mask.bit_length() + 7) // 8, "little") for mask in sets),
        entries=sections.add(pack_numbers([number for entry in entries for number in entry])),
        codes=sections.add("\n".join(codes).encode()),
        rows=sections.add(pack_numbers(rows)),
        names=sections.pack(names),
        map=None if code_map is None else sections.pack(code_map),
    )

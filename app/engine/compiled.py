"""Compile rule folders into one immutable, content-addressed form: bytes that any worker can open at once.

magic | u32 header length | header (msgpack) | points (u32 length, msgpack) … | index (see index.py)
"""

import hashlib
import struct
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import msgspec

from app.domain.codes import expand
from app.domain.decision import Severity, Stage
from app.engine.index import Posting, write_index
from app.engine.kind import KnowledgePoint, On, RuleKind, Table
from app.engine.kinds import KINDS
from app.engine.messages import check_message
from app.engine.points import read_parameters, read_points
from app.knowledge.overlay import Adjustment, RuleException
from app.knowledge.pack import PackError, RuleFolder
from app.knowledge.rule import Judges, Status

MAGIC = b"MJRULES1"
FORMAT = 1  # part of the revision: raise it when the same rules would be judged otherwise
_LOADED = {Status.TRIAL, Status.ACTIVE}
_EXACT = {On.ITEM: b"i", On.DIAGNOSIS: b"d"}
_PREFIX = {On.ITEM: b"I", On.DIAGNOSIS: b"D"}


class RuleHead(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of a rule at audit time; its knowledge stays in the index."""

    id: str
    title: str
    version: int
    status: Status
    kind: str
    severity: Severity
    category: str
    stages: tuple[Stage, ...]
    judges: Judges
    message: str
    remedy: str
    references: tuple[str, ...]
    code: str = ""
    rule_class: str = ""
    false_positives: tuple[str, ...] = ()
    second_person: bool = False
    area: str = ""
    facility: str = ""
    point_count: int = 0
    points_at: tuple[int, int] = (0, 0)  # where its points lie in the compiled form


class RulePeriod(msgspec.Struct, frozen=True, array_like=True):
    """A stretch of days in which a rule holds with the same parameters. `rule` is its number in the header."""

    rule: int
    start: date
    end: date
    parameters: msgspec.Raw


class Header(msgspec.Struct, frozen=True, kw_only=True):
    revision: str
    rules: tuple[RuleHead, ...]
    periods: tuple[RulePeriod, ...]
    exceptions: tuple[RuleException, ...]
    adjustments: tuple[Adjustment, ...]
    prefix_lengths: dict[str, tuple[int, ...]]  # by On.name, longest first
    always: tuple[Posting, ...]  # the points that are about every encounter
    has_diagnosis_points: bool
    points_size: int
    slot_count: int
    index_size: int


class _Writer:
    def __init__(self) -> None:
        self.rules: list[RuleHead] = []
        self.periods: list[RulePeriod] = []
        self.points = bytearray()
        self.postings: dict[bytes, list[Posting]] = {}
        self.always: list[Posting] = []
        self.prefix_lengths: dict[On, set[int]] = {On.ITEM: set(), On.DIAGNOSIS: set()}
        self._encode = msgspec.msgpack.Encoder().encode

    def add(self, folder: RuleFolder) -> None:
        kind = _kind_of(folder)
        check_message(folder, kind)
        points = tuple(read_points(folder, kind.point))
        if not points:
            raise PackError(f"{folder.path / 'knowledge.csv'}: has no rows; a rule without knowledge judges nothing")
        start = len(self.points)
        offsets = [self._add_point(point) for point in points]
        table: Table[Any] = Table(lambda: points)
        for period, written in folder.rule.periods():
            parameters = read_parameters(folder, written, kind.parameters)
            number = len(self.periods)
            raw = msgspec.Raw(self._encode(parameters))
            self.periods.append(RulePeriod(len(self.rules), period.start, period.end, raw))
            for point, offset in zip(points, offsets, strict=True):
                _try_out(folder, kind, point, parameters, table)
                self._add_postings(folder, kind, point, parameters, (number, offset))
        self.rules.append(_head(folder, len(points), (start, len(self.points))))

    def _add_point(self, point: KnowledgePoint) -> int:
        offset = len(self.points)
        encoded = self._encode(point)
        self.points += struct.pack("<I", len(encoded)) + encoded
        return offset

    def _add_postings(
        self, folder: RuleFolder, kind: RuleKind[Any, Any], point: KnowledgePoint, parameters: Any, posting: Posting
    ) -> None:
        if kind.on is On.ENCOUNTER:
            self.always.append(posting)
            return
        for code in _expanded(folder, kind, point, parameters):
            if code.endswith("*"):
                self.prefix_lengths[kind.on].add(len(code) - 1)
                key = _PREFIX[kind.on] + code[:-1].encode()
            else:
                key = _EXACT[kind.on] + code.encode()
            self.postings.setdefault(key, []).append(posting)


def _kind_of(folder: RuleFolder) -> RuleKind[Any, Any]:
    try:
        return KINDS[folder.rule.kind]
    except KeyError:
        known = ", ".join(sorted(KINDS))
        raise PackError(
            f"{folder.path / 'rule.yaml'}: there is no kind {folder.rule.kind!r}; use one of {known}"
        ) from None


def _try_out(
    folder: RuleFolder, kind: RuleKind[Any, Any], point: KnowledgePoint, parameters: Any, table: Table[Any]
) -> None:
    """Make the check once, so that nothing is found to be wrong with a point only when a claim meets it."""
    try:
        kind.prepare(point, parameters, table)
    except ValueError as error:
        raise PackError(f"{folder.path / 'knowledge.csv'}: the point {point.point!r}: {error}") from error


def _expanded(folder: RuleFolder, kind: RuleKind[Any, Any], point: KnowledgePoint, parameters: Any) -> Iterable[str]:
    patterns = tuple(kind.patterns(point, parameters))
    if not patterns:
        raise PackError(f"{folder.path / 'knowledge.csv'}: the point {point.point!r} names no code to look for")
    try:
        return dict.fromkeys([code for pattern in patterns for code in expand(pattern)])
    except ValueError as error:
        raise PackError(f"{folder.path / 'knowledge.csv'}: the point {point.point!r}: {error}") from error


def _head(folder: RuleFolder, point_count: int, points_at: tuple[int, int]) -> RuleHead:
    rule = folder.rule
    return RuleHead(
        id=rule.id,
        title=rule.title,
        version=rule.version,
        status=rule.status,
        kind=rule.kind,
        severity=rule.severity,
        category=rule.category,
        stages=rule.stages,
        judges=rule.judges,
        message=rule.message,
        remedy=rule.remedy,
        references=rule.references,
        code=rule.code,
        rule_class=rule.rule_class,
        false_positives=rule.false_positives,
        second_person=rule.second_person,
        area=folder.scope.area,
        facility=folder.scope.facility,
        point_count=point_count,
        points_at=points_at,
    )


def revision_of(
    folders: Iterable[RuleFolder], exceptions: Iterable[RuleException] = (), adjustments: Iterable[Adjustment] = ()
) -> str:
    """The address of a ruleset: the same rules, knowledge and overlays give the same 32 hex characters."""
    digest = hashlib.sha256(MAGIC + f" {FORMAT}\n".encode())
    for folder in sorted(folders, key=lambda folder: folder.rule.id):
        if folder.rule.status in _LOADED:
            digest.update(
                f"{folder.rule.id} {folder.scope.area} {folder.scope.facility} {folder.content_hash}\n".encode()
            )
    for overlay in (exceptions, adjustments):
        digest.update(msgspec.msgpack.encode(sorted(overlay, key=msgspec.msgpack.encode)))
    return digest.hexdigest()[:32]


def compile_rules(
    folders: Sequence[RuleFolder], exceptions: Sequence[RuleException] = (), adjustments: Sequence[Adjustment] = ()
) -> bytes:
    """The compiled form of all rules that are active or on trial. Raises PackError with every fault found."""
    writer, faults = _Writer(), []
    for folder in sorted(folders, key=lambda folder: folder.rule.id):
        try:
            if folder.rule.status in _LOADED:
                writer.add(folder)
        except PackError as error:
            faults.append(str(error))
    if faults:
        raise PackError("\n".join(faults))
    slot_count, table = write_index(writer.postings)
    header = Header(
        revision=revision_of(folders, exceptions, adjustments),
        rules=tuple(writer.rules),
        periods=tuple(writer.periods),
        exceptions=tuple(sorted(exceptions, key=msgspec.msgpack.encode)),
        adjustments=tuple(sorted(adjustments, key=msgspec.msgpack.encode)),
        prefix_lengths={on.name: tuple(sorted(found, reverse=True)) for on, found in writer.prefix_lengths.items()},
        always=tuple(writer.always),
        has_diagnosis_points=any(key[:1] in b"dD" for key in writer.postings),
        points_size=len(writer.points),
        slot_count=slot_count,
        index_size=len(table),
    )
    encoded = msgspec.msgpack.encode(header)
    return b"".join((MAGIC, struct.pack("<I", len(encoded)), encoded, bytes(writer.points), table))

"""Finding file (疑点案卷): everything that is known of one finding, for people who work on it, and for the dossier.

Patients are not named in it: the encounter is shown without whom it is about.
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple, Protocol

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from app.application.authorise import may_read, place_of
from app.application.facts import read_facts
from app.application.read_trail import NotYet, TrailReader
from app.application.record_read import ReadRecorder
from app.application.trace_finding import Trace, trace_finding
from app.domain.access import Caller
from app.domain.audit import Audit, AuditRequest
from app.domain.encounter import Encounter
from app.domain.finding import Finding
from app.domain.line import ChargeLine, Line, Practitioner
from app.domain.masking import mask_id
from app.domain.review import Review, ReviewStep
from app.engine.compiled import RuleHead
from app.store.audit_log import StoredAudit
from app.store.reviews import Attachment, Directory, ReviewFilter, ReviewStore
from app.trail.entry import Kind
from app.trail.proof_file import ProofFile

MOST_LINES = 120  # beyond those that the finding names
_MOST_RELATED = 30
_MOST_PROOFS = 40
_decode_audit = msgspec.json.Decoder(Audit).decode
_decode_hidden = msgspec.json.Decoder(tuple[Finding, ...]).decode
_decode_request = msgspec.json.Decoder(AuditRequest).decode


class EvidenceLine(NamedTuple):
    line: Line
    is_at_fault: bool
    is_related: bool

    @property
    def is_charge(self) -> bool:
        return isinstance(self.line, ChargeLine)

    @property
    def total(self) -> Decimal | None:
        return self.line.total_amount


class PastLine(NamedTuple):
    """A line of another encounter of the patient, which the finding rests on. Where that is not within the caller's
    scope, nobody and no place is told.
    """

    facility: str
    encounter: str
    line: Line


class Content(Struct, frozen=True, kw_only=True):
    """What the audit said and was sent. `finding` None: the audit no longer tells of it. `hidden_lines`: not shown."""

    finding: Finding | None
    encounter: Encounter
    patient: str  # masked
    lines: tuple[EvidenceLine, ...]
    hidden_lines: int
    history: int  # encounters of the past that were looked at
    past: tuple[PastLine, ...] = ()


class FindingFile(Struct, frozen=True, kw_only=True):
    """`content` None: it was erased, or cannot be read. `rule` None: the rule is no longer in force."""

    review: Review
    steps: tuple[ReviewStep, ...]
    attachments: tuple[Attachment, ...]
    trace: Trace
    related: tuple[Review, ...]
    content: Content | None
    rule: RuleHead | None

    @property
    def is_rule_as_judged(self) -> bool:
        return self.rule is not None and self.rule.version == self.review.rule_version


class Proof(NamedTuple):
    """`file` None: its checkpoint is yet to come."""

    seq: int
    kind: str
    file: ProofFile | None


class Audits(Protocol):
    async def find(self, audit_id: str) -> StoredAudit | None: ...


class FindingFiles:
    def __init__(
        self,
        reviews: ReviewStore,
        audits: Audits,
        directory: Directory,
        rule: Callable[[str], RuleHead | None],
        reader: TrailReader,
        recorder: ReadRecorder,
    ) -> None:
        """`rule` gives the rule of this id that is in force."""
        self._reviews, self._audits, self._directory, self._rule = reviews, audits, directory, rule
        self._reader, self._recorder = reader, recorder

    async def read(self, finding: str, caller: Caller, what: str) -> FindingFile | None:
        """None where there is none for this caller. That it was read is recorded before. `what`: the operation.

        Raises Unavailable, NotRecorded.
        """
        review = (await self._reviews.get([finding], caller.scope)).get(finding)
        if review is None:
            return None
        stored = await self._audits.find(review.last_audit)
        content, patients = _content(review, stored, caller) if stored is not None else (None, [])
        await self._recorder.record_read(caller, what, rows=1, patients=patients, subject=finding)
        here = ReviewFilter(facilities=(review.facility,), encounters=(review.encounter,), is_trial=None)
        related = await self._reviews.page(here, caller.scope, size=_MOST_RELATED)
        return FindingFile(
            review=review,
            steps=tuple(await self._reviews.steps(finding, caller.scope)),
            attachments=tuple(await self._reviews.attachments(finding, caller.scope)),
            trace=await trace_finding(review, self._directory),
            related=tuple([one for one in related.reviews if one.id != finding]),
            content=content,
            rule=self._rule(review.rule),
        )

    async def proof(self, finding: str, caller: Caller) -> ProofFile | None:
        """Of the audit that found it last. Raises NotYet, Unavailable."""
        review = (await self._reviews.get([finding], caller.scope)).get(finding)
        if review is None:
            return None
        entries = [one for one in await self._reader.about(review.last_audit) if one.kind in _OF_AUDITS]
        if not entries:
            raise NotYet("the trail has no entry of this audit")
        return await self._reader.proof_file(entries[-1].seq)

    async def proofs(self, review: Review) -> list[Proof]:
        """Of the audit that found it last, and of every step since. Raises Unavailable."""
        entries = [one for one in await self._reader.about(review.last_audit) if one.kind in _OF_AUDITS]
        entries += [one for one in await self._reader.about(review.id) if one.kind == Kind.REVIEWED][-_MOST_PROOFS:]
        found = []
        for one in entries:
            try:
                found.append(Proof(one.seq, one.kind, await self._reader.proof_file(one.seq)))
            except NotYet:
                found.append(Proof(one.seq, one.kind, None))
        return found


_OF_AUDITS = (Kind.AUDIT, Kind.AUDIT_COMPLETED)


def _content(review: Review, stored: StoredAudit, caller: Caller) -> tuple[Content | None, list[str]]:
    """And the patient's id, for the record of the read."""
    try:
        request, finding = _asked(stored), _finding(review.id, stored)
    except msgspec.MsgspecError:
        return None, []
    encounter = request.encounter
    named = {*review.lines, *(finding.related_lines if finding is not None else ())}
    everything = (*encounter.order_lines, *encounter.charge_lines)
    lines = tuple(_shown(everything, review, named, is_whole=may_read(caller, stored)))
    content = Content(
        finding=finding,
        encounter=encounter,
        patient=mask_id(encounter.patient.id),
        lines=lines,
        hidden_lines=len(everything) - len(lines),
        history=len(request.history or ()),
        past=tuple(_past(request, named - {line.id for line in everything}, caller)),
    )
    return content, [encounter.patient.id]


def _past(request: AuditRequest, names: set[str], caller: Caller) -> Iterator[PastLine]:
    for encounter in request.history or () if names else ():
        where = place_of(encounter)
        for line in encounter.lines:
            if line.id not in names:
                continue
            if caller.scope.covers(*where):
                yield PastLine(where.facility, encounter.id, line)
            else:
                yield PastLine("", "", replace(line, department="", practitioner=Practitioner()))


def _asked(stored: StoredAudit) -> AuditRequest:
    """Raises msgspec.MsgspecError."""
    return read_facts(stored.facts).judged(stored.request) if stored.facts else _decode_request(stored.request)


def _finding(name: str, stored: StoredAudit) -> Finding | None:
    """Raises msgspec.MsgspecError."""
    hidden = _decode_hidden(stored.hidden) if stored.hidden else ()
    return next((one for one in (*_decode_audit(stored.audit).findings, *hidden) if one.id == name), None)


def _shown(lines: Sequence[Line], review: Review, named: set[str], *, is_whole: bool) -> Iterator[EvidenceLine]:
    """Those that the finding names, and of the caller's own encounter others, as far as there is room."""
    others = MOST_LINES if is_whole else 0
    for line in lines:
        if line.id in named:
            yield EvidenceLine(line, is_at_fault=line.id in review.lines, is_related=line.id not in review.lines)
        elif others:
            others -= 1
            yield EvidenceLine(line, is_at_fault=False, is_related=False)

"""Results of DIP grouping (病种分组结果): the group, why it won, who lost and why, and which coefficient applies."""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from app.knowledge.dip_records import Kind, Layer


class DipStatus(StrEnum):
    """`returned`: the record must be mended first (返回修正), as with a diagnosis that may not be principal."""

    GROUPED = "grouped"
    RETURNED = "returned"
    UNGROUPED = "ungrouped"


class DipFacts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """What a catalogue may ask beside the stay: shares of the cost (0 to 1), and the point value in yuan."""

    drug_share: Decimal | None = None
    treatment_share: Decimal | None = None
    tcm_share: Decimal | None = None
    point_value: Decimal | None = None


class Matched(Struct, frozen=True, kw_only=True, gc=False):
    """What of the stay made the group: prefix of the principal diagnosis, operations, secondary diagnoses.

    `left_over` are the recorded operations that count and that the group does not name.
    """

    diagnosis: str
    operations: tuple[str, ...] = ()
    secondary: tuple[str, ...] = ()
    left_over: tuple[str, ...] = ()


class AuxiliaryHit(Struct, frozen=True, kw_only=True, gc=False):
    """A row of the auxiliary catalogue that the stay meets. `row` is the line in aux.csv."""

    row: int
    kind: str
    condition: str
    coefficient: Decimal


class RunnerUp(Struct, frozen=True, kw_only=True, gc=False):
    """A group that would take the stay too. `lost_by`: the criterion, `layer`, or `code` where nothing decided."""

    layer: Layer
    code: str
    name: str
    score: Decimal | None
    lost_by: str
    reason: str


class NearMiss(Struct, frozen=True, kw_only=True, gc=False):
    """A group of the same principal diagnosis of which exactly one thing is missing."""

    layer: Layer
    code: str
    name: str
    score: Decimal | None
    reason: str


class DipGrouping(Struct, frozen=True, kw_only=True):
    """The answer for one stay. Empty and None where there is no group; the last three only when asked to explain.

    `undecided`: codes of groups that the catalogue's parameters could not tell from the winner.
    `missing`: facts of the stay without which some group or coefficient could not be judged.
    `auxiliary` is the one that counts, the highest; `other_auxiliaries` fired too and do not count.
    """

    catalogue: str
    status: DipStatus
    layer: Layer | None = None
    code: str = ""
    name: str = ""
    kind: Kind | None = None
    is_grassroots: bool = False
    score: Decimal | None = None
    matched: Matched | None = None
    auxiliary: AuxiliaryHit | None = None
    other_auxiliaries: tuple[AuxiliaryHit, ...] = ()
    undecided: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    runner_ups: tuple[RunnerUp, ...] = ()
    near_misses: tuple[NearMiss, ...] = ()
    trace: tuple[str, ...] = ()

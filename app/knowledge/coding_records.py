"""Coding knowledge (编码疑点知识): what the tables in rules/grouping/evidence hold, row by row."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from app.domain.codes import CodeSet
from app.domain.decision import Severity
from app.domain.encounter import Sex

NO_CODES = CodeSet(())
Filled = Annotated[str, Meta(min_length=1)]


class Row(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`point` names the row in findings. `review` is `needed` where a clinician has still to confirm it."""

    point: Filled
    source: Filled
    review: str = ""

    @property
    def is_reviewed(self) -> bool:
        return not self.review


class Trace(Row, frozen=True, kw_only=True):
    """A row that fee lines (by code or by a part of the name) or procedures may match."""

    item_code: CodeSet = NO_CODES
    item_names: tuple[str, ...] = ()
    procedures: CodeSet = NO_CODES


class EvidenceRow(Trace, frozen=True, kw_only=True):
    """What a disease leaves in the fee list: one trace of it is enough."""

    diagnoses: CodeSet
    disease: Filled
    evidence: Filled


class ContradictionRow(Row, frozen=True, kw_only=True):
    """`terms` may be denied in the record; a `measure` in `unit` from `normal_min` to `normal_max` is normal."""

    diagnoses: CodeSet
    disease: Filled
    terms: tuple[str, ...]
    measure: tuple[str, ...] = ()
    unit: str = ""
    normal_min: Decimal | None = None
    normal_max: Decimal | None = None


class PairRow(Trace, frozen=True, kw_only=True):
    """`plain`: recorded secondary diagnoses to swap with; `plain_code`: put in its place where there is none."""

    recorded: CodeSet
    recorded_name: Filled
    plain: CodeSet
    plain_name: Filled
    criteria: Filled
    plain_code: str = ""


class PrincipalRow(Row, frozen=True, kw_only=True):
    diagnoses: CodeSet
    reason: Filled


class PersonRow(Row, frozen=True, kw_only=True):
    """Whom a diagnosis fits. Ages in years, `max_age_days` in days; both ends included."""

    diagnoses: CodeSet
    disease: Filled
    sex: Sex = Sex.UNKNOWN
    min_age: int | None = None
    max_age: int | None = None
    max_age_days: int | None = None


class ClueRow(Trace, frozen=True, kw_only=True):
    """A trace on at least `min_days` days, without a diagnosis of `unless`, hints at `add_code`."""

    clue: Filled
    unless: CodeSet
    add_code: Filled
    add_name: Filled
    min_days: Annotated[int, Meta(ge=1)] = 1


class OperationRow(Trace, frozen=True, kw_only=True):
    """`procedures` are charged as `item_code`; where only the charge is there, `add_code` may be missing."""

    operation: Filled
    add_code: str = ""


class TreatmentRow(Trace, frozen=True, kw_only=True):
    diagnoses: CodeSet
    disease: Filled


class Direction(StrEnum):
    OVER = "over"
    UNDER = "under"
    QUALITY = "quality"


class Confidence(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class State(StrEnum):
    ACTIVE = "active"
    TRIAL = "trial"


class Detector(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A detector as `detectors.yaml` tells it; its parameters are told apart, by their own shape."""

    id: Filled
    rule: Filled
    title: Filled
    version: Annotated[int, Meta(ge=1)]
    status: State
    severity: Severity
    confidence: Confidence
    direction: Direction
    in_audits: bool
    message: Filled
    references: Annotated[tuple[Filled, ...], Meta(min_length=1)]


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Thresholds of a detector."""


class DictionarySize(Parameters, frozen=True, kw_only=True):
    """With fewer codes than these a scheme's dictionary is a part of the whole, and proves nothing by what it lacks."""

    min_dictionary: int
    min_procedures: int = 0


class Swap(Parameters, frozen=True, kw_only=True):
    factor: Decimal
    min_amount: Decimal


class LowCost(Parameters, frozen=True, kw_only=True):
    ratio: Decimal
    exempt_dispositions: tuple[str, ...]


class ShortStay(Parameters, frozen=True, kw_only=True):
    max_days: int
    min_mean_days: Decimal
    exempt_dispositions: tuple[str, ...]


class Many(Parameters, frozen=True, kw_only=True):
    least: int


class Readmission(Parameters, frozen=True, kw_only=True):
    days: int
    planned: CodeSet
    planned_procedures: CodeSet


class Shifted(Parameters, frozen=True, kw_only=True):
    min_amount: Decimal
    min_share: Decimal
    uncovered_factor: Decimal
    min_uncovered_share: Decimal


class Hospital(Parameters, frozen=True, kw_only=True):
    min_cases: int
    min_excess: Decimal
    min_jump: Decimal
    deviations: Decimal


PARAMETERS: dict[str, type[Parameters]] = {
    **dict.fromkeys(("A1", "A2", "A3", "A6", "A7", "A10", "A11", "B1", "B2", "B3"), Parameters),
    "A4": DictionarySize,
    "A5": Swap,
    "A8": LowCost,
    "A9": ShortStay,
    "A12": DictionarySize,
    "A13": Many,
    "A14": Readmission,
    "A15": Shifted,
    "A16": Hospital,
}


class CodingKnowledge(Struct, frozen=True, kw_only=True):
    """Everything that the detectors know. The same files give the same `revision`, of 16 hex characters."""

    revision: str
    detectors: dict[str, Detector]
    parameters: dict[str, Parameters]
    evidence: tuple[EvidenceRow, ...]
    contradictions: tuple[ContradictionRow, ...]
    pairs: tuple[PairRow, ...]
    not_principal: tuple[PrincipalRow, ...]
    persons: tuple[PersonRow, ...]
    clues: tuple[ClueRow, ...]
    operations: tuple[OperationRow, ...]
    treatments: tuple[TreatmentRow, ...]

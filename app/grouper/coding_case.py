"""What coding faults are looked for in (编码疑点检测的输入与结果): a stay with what was charged, written and known."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from app.domain.decision import Severity
from app.domain.encounter import CareType
from app.domain.finding import NotEvaluated
from app.domain.line import Code, Text
from app.domain.money import LARGEST, check_number
from app.domain.payment import PaymentFacts
from app.domain.stay import Stay
from app.grouper.grouping import GroupingStatus
from app.knowledge.coding_records import Confidence, Direction, State

CONFIRM = "须由编码员确认。"
ONE = Decimal(1)


def _check(told: Struct, names: tuple[str, ...], largest: Decimal) -> None:
    for name in names:
        if (value := getattr(told, name)) is not None:
            check_number(value, name, largest)


class Item(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """收费明细: one line of the fee list; fields of a charge line that are not these are passed over."""

    id: Code = ""
    item_code: Code = ""
    item_name: Text = ""
    local_item_name: Text = ""
    amount: Decimal | None = None
    service_date: date | None = None

    def __post_init__(self) -> None:
        if self.amount is not None:
            check_number(self.amount, "amount")

    @property
    def name(self) -> str:
        return self.item_name or self.local_item_name


class RecordText(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """病历文书: a passage of the record. `kind` diagnosis is what is in doubt, and never evidence for itself."""

    text: Annotated[str, Meta(max_length=20_000)]
    kind: Code = ""


class Past(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """既往或同期就诊: another encounter of the patient."""

    stay: Stay
    care_type: CareType = CareType.UNKNOWN
    start_date: date | None = None
    end_date: date | None = None


class GroupStatistics(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is known of a group in the region: its mean days, the 5th percentile of cost, the self-paid share."""

    mean_days: Decimal | None = None
    low_amount: Decimal | None = None
    uncovered_share: Decimal | None = None

    def __post_init__(self) -> None:
        _check(self, ("mean_days", "low_amount"), LARGEST)
        _check(self, ("uncovered_share",), ONE)


class HospitalStatistics(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Of an ADRG in this hospital: cases, the share with CC or MCC now, before, and in the region."""

    cases: Annotated[int, Meta(ge=0)]
    share: Decimal
    region_share: Decimal | None = None
    previous_share: Decimal | None = None

    def __post_init__(self) -> None:
        _check(self, ("share", "region_share", "previous_share"), ONE)


class Statistics(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """By group code, and by ADRG code."""

    groups: Mapping[str, GroupStatistics] = {}
    hospital: Mapping[str, HospitalStatistics] = {}


class CodingCase(Struct, frozen=True, kw_only=True):
    """None is "not known": no fee list, no texts, no past. An empty fee list is as unknown as none."""

    stay: Stay
    payment_facts: PaymentFacts = PaymentFacts()
    items: tuple[Item, ...] | None = None
    texts: tuple[RecordText, ...] | None = None
    history: tuple[Past, ...] | None = None
    statistics: Statistics | None = None
    start_date: date | None = None
    end_date: date | None = None
    admission_diagnoses: tuple[str, ...] | None = None
    uncovered_amount: Decimal | None = None


class FactKind(StrEnum):
    DIAGNOSIS = "diagnosis"
    PROCEDURE = "procedure"
    ITEM = "item"
    TEXT = "text"
    ABSENCE = "absence"  # looked for in the whole fee list, and not found
    AMOUNT = "amount"
    DAYS = "days"
    GROUPING = "grouping"
    STATISTIC = "statistic"
    PATIENT = "patient"
    ADMISSION = "admission"


class Fact(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A recorded fact, in Chinese, with the codes, lines and table row that it comes from."""

    kind: FactKind
    text: str
    codes: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    source: str = ""


class Outcome(Struct, frozen=True, kw_only=True):
    """A group and what it pays: weight, standard (formula value) and official value in yuan; None where not known."""

    status: GroupingStatus
    mdc: str
    adrg: str
    drg: str
    name: str
    weight: Decimal | None = None
    standard: Decimal | None = None
    payment: Decimal | None = None

    @property
    def is_group(self) -> bool:
        return self.status is GroupingStatus.GROUPED


class Variant(Struct, frozen=True, kw_only=True):
    """试算: what the stay would be with one thing changed. Differences: recorded less variant, in yuan."""

    change: str
    outcome: Outcome
    standard_difference: Decimal | None = None
    payment_difference: Decimal | None = None
    weight_difference: Decimal | None = None


class Graded(Struct, frozen=True):
    """置信度: how sure, and why."""

    grade: Confidence
    reasons: tuple[str, ...]


class CodingFinding(Struct, frozen=True, kw_only=True):
    """编码疑点: a hint for the coder, never a recoding. `confirmation` says who has to confirm it."""

    id: str
    rule: str
    version: int
    point: str
    title: str
    message: str
    status: State
    severity: Severity
    direction: Direction
    codes: tuple[str, ...]
    evidence_for: tuple[Fact, ...]
    evidence_against: tuple[Fact, ...]
    recorded: Outcome
    variants: tuple[Variant, ...]
    confidence: Graded
    is_data_quality: bool
    needs_review: bool
    references: tuple[str, ...]
    confirmation: str = CONFIRM

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(line for fact in self.evidence_for for line in fact.lines if line))


class Driver(Struct, frozen=True, kw_only=True):
    """决定分组的诊断: secondary diagnoses of one category without which the group falls.

    `step` 1 carries the recorded group; 2 carries what is left when those of step 1 are gone, and so on.
    """

    step: int
    codes: tuple[str, ...]
    names: tuple[str, ...]
    level: str  # mcc, cc, or blank
    with_it: Outcome
    without: Variant


class Ranking(Struct, frozen=True):
    """复核排序: which case to look at first. Not a finding."""

    score: int
    reasons: tuple[str, ...]


class CodingReport(Struct, frozen=True, kw_only=True):
    """`judged` are the detectors that could look at the case, whether they found something or not."""

    recorded: Outcome
    drivers: tuple[Driver, ...]
    findings: tuple[CodingFinding, ...]
    not_evaluated: tuple[NotEvaluated, ...]
    judged: tuple[str, ...]
    ranking: Ranking


class Found(Struct, frozen=True, kw_only=True):
    """What a detector says; the rest of the finding comes from detectors.yaml. `words` fill its message."""

    codes: tuple[str, ...]
    words: Mapping[str, str]
    evidence_for: tuple[Fact, ...]
    point: str = ""
    evidence_against: tuple[Fact, ...] = ()
    variants: tuple[Variant, ...] = ()
    raises: tuple[str, ...] = ()
    lowers: tuple[str, ...] = ()
    needs_review: bool = False


class Unknown(Struct, frozen=True):
    """A fact without which the detector cannot tell."""

    fact: str
    message: str

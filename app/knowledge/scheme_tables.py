"""Tables of a grouping scheme (分组方案的表): what its files hold, read and typed, before any of it is compiled."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from app.domain.group_weight import GroupWeight, PaymentScheme
from app.domain.period import ALWAYS, Period
from app.knowledge.scheme_condition import Condition

NEXT = "next"


class MdcRow(NamedTuple):
    seq: int
    code: str
    condition: Condition
    text: str
    line: int


class SplitRow(NamedTuple):
    seq: int
    drg: str
    condition: Condition
    text: str
    line: int


class RuleRow(NamedTuple):
    """`kind` is ADRG or QY; `otherwise` the answer where no split holds, or `next`."""

    seq: int
    mdc: str
    kind: str
    code: str
    name: str
    condition: Condition
    text: str
    otherwise: str
    line: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """scheme.json: who the scheme is and where it differs from the common algorithm."""

    id: str
    title: str = ""
    period: Period = ALWAYS
    status: str = ""
    repairs: tuple[str, ...] = ()
    source: str = ""
    ungrouped: tuple[str, str] = ("0000", "0000")  # the group of a case in no MDC, and of one that an X00 rule takes
    retries_procedures: bool = False
    empty_lists: frozenset[str] = frozenset()
    mdc_order: tuple[str, ...] = ()

    @property
    def failed_check(self) -> tuple[str, str, str]:
        """MDC, ADRG and DRG of a case that is not grouped for want of facts: blank where 0000 has variants."""
        return ("0000", "00", "0000") if self.ungrouped == ("0000", "0000") else ("", "", "")


@dataclass(frozen=True, slots=True)
class SchemeTables:
    """Lists give the tags of each code, () where the row has none. `cce` names the table of a principal diagnosis."""

    manifest: Manifest
    digest: str
    mdcs: tuple[MdcRow, ...]
    rules: tuple[RuleRow, ...]
    splits: Mapping[int, tuple[SplitRow, ...]]
    lists: Mapping[str, Mapping[str, tuple[str, ...]]]
    list_lines: Mapping[str, int]
    mcc: Mapping[str, str]
    cc: Mapping[str, str]
    cce: Mapping[str, str]
    valid_procedures: frozenset[str]
    groups: Mapping[str, str]
    diagnoses: Mapping[str, str]
    procedures: Mapping[str, str]
    diagnosis_map: Mapping[str, str] | None
    procedure_map: Mapping[str, str] | None
    weights: Mapping[str, GroupWeight]
    payments: tuple[PaymentScheme, ...]

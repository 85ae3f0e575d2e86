"""Results of a policy simulation (政策模拟结果). Money is yuan; a difference is after less before."""

from datetime import date
from decimal import Decimal

import msgspec

from app.application.pricing import PricedBy


class SideTotals(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over the cases that are compared. `official_value` = `formula_value` + `adjustment`; `surplus` below 0 is a
    deficit. `cmi` is the mean weight (DIP: the mean score) of all `cmi_cases` cases that have one on this side.
    """

    formula_value: Decimal
    adjustment: Decimal
    official_value: Decimal
    surplus: Decimal
    cmi: Decimal | None
    cmi_cases: int


class SimulatedTotals(msgspec.Struct, frozen=True, kw_only=True):
    """`compared`: cases with cost and official value on both sides, which alone are summed; `moved`: cases that are in
    another group afterwards, whether compared or not.
    """

    cases: int
    compared: int
    moved: int
    total_amount: Decimal
    before: SideTotals
    after: SideTotals
    difference: Decimal


class SimulatedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A department, or a group as it was before; `name` is the group's."""

    key: str
    name: str
    totals: SimulatedTotals


class SimulatedRows(msgspec.Struct, frozen=True, kw_only=True):
    """Those with the largest differences, who loses most first; `count` is how many there are in all."""

    rows: tuple[SimulatedRow, ...]
    count: int


class GroupMove(msgspec.Struct, frozen=True, kw_only=True):
    """Cases that go from one group to another; `difference` is over those that are compared."""

    before: str
    before_name: str
    after: str
    after_name: str
    cases: int
    difference: Decimal


class GroupMoves(msgspec.Struct, frozen=True, kw_only=True):
    """Those of most cases; `count` is how many pairs of groups there are."""

    rows: tuple[GroupMove, ...]
    count: int


class CaseKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    facility: str
    id: str


class MovedCase(msgspec.Struct, frozen=True, kw_only=True):
    """`difference` None: the case is not compared."""

    facility: str
    id: str
    department: str
    discharge_date: date | None
    before: str
    after: str
    difference: Decimal | None


class MovedList(msgspec.Struct, frozen=True, kw_only=True):
    """`next`: send it as `moved_after` to have those that follow; None where there are no more."""

    cases: tuple[MovedCase, ...]
    next: CaseKey | None


class CasesApart(msgspec.Struct, frozen=True, kw_only=True):
    """Cases without an official value on a side, counted by why: `ungrouped`, `no_standard` (no weight, coefficient or
    point value), `no_cost`, `undetermined` (a fact is missing), `no_parameters` (none in force at the discharge).
    """

    side: str
    reason: str
    cases: int


class Simulation(msgspec.Struct, frozen=True, kw_only=True):
    before: PricedBy
    after: PricedBy
    totals: SimulatedTotals
    apart: tuple[CasesApart, ...]
    departments: SimulatedRows
    groups: SimulatedRows
    moves: GroupMoves
    moved: MovedList

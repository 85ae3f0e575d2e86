"""Policy simulation (政策模拟): a set of cases priced twice, and what moves: money, groups, departments."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal

from app.application.case_set import Case
from app.application.pricing import NO_COST, Priced, Pricer
from app.application.simulation_result import (
    CaseKey,
    CasesApart,
    GroupMove,
    GroupMoves,
    MovedCase,
    MovedList,
    SideTotals,
    SimulatedRow,
    SimulatedRows,
    SimulatedTotals,
    Simulation,
)
from app.domain.money import ZERO, cents

_SIX = Decimal("0.000001")
Chunks = AsyncIterator[Callable[[], list[Case]]]


class UnknownCase(LookupError):
    """`moved_after` names no case of the set."""


async def over_all(chunks: Chunks, work: Callable[[Iterable[Case]], None]) -> None:
    """Do the work on every chunk, one after the other, in a thread, so that other requests go on in between."""

    def read_and_work(read: Callable[[], list[Case]]) -> None:
        work(read())

    async for read in chunks:
        await asyncio.to_thread(read_and_work, read)


class _Side:
    __slots__ = ("formula", "official", "weight", "weighted")

    def __init__(self) -> None:
        self.formula = self.official = self.weight = ZERO
        self.weighted = 0

    def weigh(self, priced: Priced) -> None:
        if priced.weight is not None:
            self.weight += priced.weight
            self.weighted += 1

    def add(self, priced: Priced, official: Decimal) -> None:
        """A case without formula value counts as its official one, so that the three still add up."""
        self.official += official
        self.formula += official if priced.formula is None else priced.formula

    def totals(self, cost: Decimal) -> SideTotals:
        cmi = (self.weight / self.weighted).quantize(_SIX, ROUND_HALF_UP) if self.weighted else None
        return SideTotals(
            formula_value=self.formula,
            adjustment=self.official - self.formula,
            official_value=self.official,
            surplus=self.official - cost,
            cmi=cmi,
            cmi_cases=self.weighted,
        )


class _Sums:
    """Sums over some of the cases."""

    __slots__ = ("after", "before", "cases", "compared", "cost", "moved", "name")

    def __init__(self, name: str = "") -> None:
        self.name, self.cost = name, ZERO
        self.cases = self.compared = self.moved = 0
        self.before, self.after = _Side(), _Side()

    def add(self, before: Priced, after: Priced, cost: Decimal | None, is_moved: bool) -> None:
        self.cases += 1
        self.moved += is_moved
        self.before.weigh(before)
        self.after.weigh(after)
        if cost is not None and before.official is not None and after.official is not None:
            self.compared += 1
            self.cost += cost
            self.before.add(before, before.official)
            self.after.add(after, after.official)

    @property
    def difference(self) -> Decimal:
        return self.after.official - self.before.official

    def totals(self) -> SimulatedTotals:
        return SimulatedTotals(
            cases=self.cases,
            compared=self.compared,
            moved=self.moved,
            total_amount=self.cost,
            before=self.before.totals(self.cost),
            after=self.after.totals(self.cost),
            difference=self.difference,
        )


class Simulator:
    """Fed with cases, some at a time; all sums are exact."""

    def __init__(
        self, before: Pricer, after: Pricer, *, moved_limit: int = 100, moved_after: CaseKey | None = None
    ) -> None:
        self._before, self._after = before, after
        self._groups_alike = before.groups_by == after.groups_by
        self._totals, self._apart = _Sums(), Counter[tuple[str, str]]()
        self._departments: dict[str, _Sums] = {}
        self._groups: dict[str, _Sums] = {}
        self._moves: dict[tuple[str, str], tuple[str, str, list[Decimal]]] = {}
        self._moved: list[MovedCase] = []
        self._limit, self._has_more = moved_limit, False
        self._awaited = moved_after  # the case after which moved ones are told; None once it has passed

    def add(self, cases: Iterable[Case]) -> None:
        for case in cases:
            self._add(case)

    def _add(self, case: Case) -> None:
        grouped = self._before.group(case)
        before = self._before.price(case, grouped)
        after = self._after.price(case, grouped if self._groups_alike else self._after.group(case))
        cost = case.facts.total_amount if case.facts.total_amount is None else cents(case.facts.total_amount)
        for side, priced in (("before", before), ("after", after)):
            if priced.lacks or cost is None:
                self._apart[side, priced.lacks or NO_COST] += 1
        is_moved = before.group != after.group
        for sums in (self._totals, _of(self._departments, case.department), _of(self._groups, before.group, before)):
            sums.add(before, after, cost, is_moved)
        difference = None
        if cost is not None and before.official is not None and after.official is not None:
            difference = after.official - before.official
        if is_moved:
            self._note_move(before, after, difference)
        self._tell_moved(case, before, after, difference, is_moved)

    def _note_move(self, before: Priced, after: Priced, difference: Decimal | None) -> None:
        move = self._moves.setdefault((before.group, after.group), (before.name, after.name, []))
        move[2].append(ZERO if difference is None else difference)

    def _tell_moved(
        self, case: Case, before: Priced, after: Priced, difference: Decimal | None, is_moved: bool
    ) -> None:
        if self._awaited is not None:
            if (case.facility, case.id) == (self._awaited.facility, self._awaited.id):
                self._awaited = None
        elif is_moved and len(self._moved) < self._limit:
            self._moved.append(
                MovedCase(
                    facility=case.facility,
                    id=case.id,
                    department=case.department,
                    discharge_date=case.discharge_date,
                    before=before.group,
                    after=after.group,
                    difference=difference,
                )
            )
        elif is_moved:
            self._has_more = True

    def result(self, top: int = 50) -> Simulation:
        """`top`: rows told of departments, of groups and of moves. Raises UnknownCase."""
        if self._awaited is not None:
            raise UnknownCase(f"`moved_after` names {self._awaited.id!r}, which is not among the cases")
        last = self._moved[-1] if self._has_more and self._moved else None
        return Simulation(
            before=self._before.told,
            after=self._after.told,
            totals=self._totals.totals(),
            apart=tuple([CasesApart(side=side, reason=why, cases=n) for (side, why), n in sorted(self._apart.items())]),
            departments=_rows(self._departments, top),
            groups=_rows(self._groups, top),
            moves=self._told_moves(top),
            moved=MovedList(
                cases=tuple(self._moved),
                next=None if last is None else CaseKey(facility=last.facility, id=last.id),
            ),
        )

    def _told_moves(self, top: int) -> GroupMoves:
        ordered = sorted(self._moves.items(), key=lambda one: (-len(one[1][2]), one[0]))
        rows = [
            GroupMove(
                before=before,
                before_name=before_name,
                after=after,
                after_name=after_name,
                cases=len(differences),
                difference=sum(differences, ZERO),
            )
            for (before, after), (before_name, after_name, differences) in ordered[:top]
        ]
        return GroupMoves(rows=tuple(rows), count=len(ordered))


def _of(known: dict[str, _Sums], key: str, priced: Priced | None = None) -> _Sums:
    found = known.get(key)
    if found is None:
        found = known[key] = _Sums("" if priced is None else priced.name)
    return found


def _rows(known: Mapping[str, _Sums], top: int) -> SimulatedRows:
    largest = sorted(known.items(), key=lambda one: (-abs(one[1].difference), one[0]))[:top]
    largest.sort(key=lambda one: (one[1].difference, one[0]))
    rows = [SimulatedRow(key=key, name=sums.name, totals=sums.totals()) for key, sums in largest]
    return SimulatedRows(rows=tuple(rows), count=len(known))

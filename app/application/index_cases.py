"""Indices of any set of cases (CMI、费用消耗指数、时间消耗指数), over all and by department, facility or month."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from enum import StrEnum

import msgspec

from app.application.case_set import Case
from app.application.pricing import PricedBy, Pricer
from app.grouper.indices import IndexCase, Indices, indices_of


class By(StrEnum):
    DEPARTMENT = "department"
    FACILITY = "facility"
    MONTH = "month"  # of the discharge, as 2026-03; blank where the day is not told
    GROUP = "group"


class IndexRow(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    indices: Indices


class IndexedCases(msgspec.Struct, frozen=True, kw_only=True):
    """`rows` hold those of most cases; `count` is how many there are in all."""

    by: PricedBy
    total: Indices
    rows: tuple[IndexRow, ...]
    count: int


_KEYS: dict[By, Callable[[Case], str]] = {
    By.DEPARTMENT: lambda case: case.department,
    By.FACILITY: lambda case: case.facility,
    By.MONTH: lambda case: "" if case.discharge_date is None else f"{case.discharge_date:%Y-%m}",
}


class Indexer:
    """Fed with cases, some at a time."""

    def __init__(self, pricer: Pricer, by: By = By.DEPARTMENT) -> None:
        self._pricer, self._by = pricer, by
        self._rows: dict[str, list[IndexCase]] = {}

    def add(self, cases: Iterable[Case]) -> None:
        for case in cases:
            priced = self._pricer.price(case, self._pricer.group(case))
            days = case.facts.stay_days
            row = IndexCase(
                weight=priced.weight,
                total_amount=case.facts.total_amount,
                mean_amount=case.facts.means.total_amount or priced.mean_amount,
                standard_amount=priced.formula,
                stay_days=None if days is None else Decimal(days),
                mean_days=case.facts.means.stay_days or priced.mean_days,
            )
            key = priced.group if self._by is By.GROUP else _KEYS[self._by](case)
            self._rows.setdefault(key, []).append(row)

    def result(self, top: int = 50) -> IndexedCases:
        ordered = sorted(self._rows.items(), key=lambda one: (-len(one[1]), one[0]))
        return IndexedCases(
            by=self._pricer.told,
            total=indices_of(row for rows in self._rows.values() for row in rows),
            rows=tuple([IndexRow(key=key, indices=indices_of(rows)) for key, rows in ordered[:top]]),
            count=len(ordered),
        )

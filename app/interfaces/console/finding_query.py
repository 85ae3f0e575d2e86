"""The address of a list of findings (疑点列表的查询条件): filters and sorting, there and back. It names no patient."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlencode

from app.domain.decision import Severity, Stage
from app.domain.disposition import Action
from app.domain.encounter import CareType, InsuranceType
from app.domain.money import LARGEST
from app.domain.review import ReviewState
from app.domain.working_days import CHINA
from app.store.reviews import LATEST_FIRST, Order, ReviewFilter, Sorting

LIST = "/console/findings"
NOBODY = "-"  # an assignee: none
_LONGEST, _MOST = 200, 50  # of a value, of values
_PATIENT = re.compile(r"[0-9a-f]{64}")
_DAY = timedelta(days=1)
E = TypeVar("E", bound=StrEnum)

_TEXTS = {
    "facility": "facilities", "campus": "campuses", "department": "departments", "practitioner": "practitioners",
    "encounter": "encounters", "rule": "rules", "class": "rule_classes", "category": "categories",
}  # fmt: skip
_ENUMS: dict[str, tuple[str, type[StrEnum]]] = {
    "severity": ("severities", Severity),
    "stage": ("stages", Stage),
    "state": ("states", ReviewState),
    "insurance": ("insurance_types", InsuranceType),
    "care": ("care_types", CareType),
    "answer": ("answers", Action),
}


class Asked(NamedTuple):
    """`fields` are the parameters as they were sent, for the form to show again; `ignored` those that say nothing."""

    wanted: ReviewFilter
    order: Order
    after: str
    fields: Mapping[str, list[str]]
    ignored: tuple[str, ...]

    def one(self, name: str) -> str:
        return next(iter(self.fields.get(name, [])), "")

    def has(self, name: str, value: str) -> bool:
        return value in self.fields.get(name, [])

    def path(self, base: str = LIST, **changes: str) -> str:
        """The same list with other parameters; a blank one is left out, and paging begins again."""
        kept = [(name, value) for name, values in self.fields.items() for value in values if name != "after"]
        pairs = [(name, value) for name, value in kept if name not in changes and value]
        pairs += [(name, value) for name, value in changes.items() if value]
        return f"{base}?{urlencode(pairs)}" if pairs else base

    def sorted_by(self, name: str) -> str:
        """The address behind a column head: by it, or turned round. Of deadlines the next comes first."""
        is_descending = not self.order.is_descending if self.order.by == name else name != Sorting.DEADLINE
        return self.path(sort=name, order="desc" if is_descending else "asc")


def asked_by(pairs: Iterable[tuple[str, str]]) -> Asked:
    """What an address asks; what cannot be understood is ignored and told."""
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        if (value := value.strip()[:_LONGEST]) and len(fields.setdefault(name, [])) < _MOST:
            fields[name].append(value)
    ignored: list[str] = []
    told: dict[str, Any] = {target: tuple(fields[name]) for name, target in _TEXTS.items() if fields.get(name)}
    for name, (target, kind) in _ENUMS.items():
        known = [kind(value) for value in fields.get(name, []) if value in kind._value2member_map_]
        if len(known) < len(fields.get(name, [])):
            ignored.append(name)
        if known:
            told[target] = tuple(known)
    told |= _ranges(fields, ignored)
    if patients := tuple([one for one in fields.get("patient", []) if _PATIENT.fullmatch(one)]):
        told["patient_keys"] = patients
    if assignees := fields.get("assignee"):
        told["assignees"] = tuple(["" if one == NOBODY else one for one in assignees])
    told["text"] = next(iter(fields.get("q", [])), "")
    trial = next(iter(fields.get("trial", [])), "")
    told["is_trial"] = {"only": True, "all": None}.get(trial, False)
    by = next(iter(fields.get("sort", [])), "")
    order = Order(Sorting(by) if by in set(Sorting) else Sorting.TIME, fields.get("order") != ["asc"])
    return Asked(ReviewFilter(**told), order, next(iter(fields.get("after", [])), ""), fields, tuple(ignored))


def _ranges(fields: Mapping[str, list[str]], ignored: list[str]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    readers: dict[str, tuple[str, Callable[[str], Any]]] = {
        "from": ("found_from", lambda text: _midnight(date.fromisoformat(text))),
        "to": ("found_before", lambda text: _midnight(date.fromisoformat(text) + _DAY)),
        "amount_from": ("amount_from", _cents),
        "amount_to": ("amount_to", _cents),
        "due_from": ("deadline_from", date.fromisoformat),
        "due_to": ("deadline_to", date.fromisoformat),
    }
    for name, (target, read) in readers.items():
        if text := next(iter(fields.get(name, [])), ""):
            try:
                told[target] = read(text)
            except (ValueError, InvalidOperation, OverflowError):
                ignored.append(name)
    return told


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), CHINA).astimezone(UTC)


def _cents(text: str) -> int:
    yuan = Decimal(text.replace(",", ""))
    if not yuan.is_finite() or not 0 <= yuan <= LARGEST:
        raise ValueError(text)
    return int(yuan * 100)


def path_of(wanted: ReviewFilter, order: Order = LATEST_FIRST) -> str:
    """The address of a list of these."""
    pairs: list[tuple[str, str]] = []
    for name, target in _TEXTS.items():
        pairs += [(name, value) for value in getattr(wanted, target)]
    for name, (target, _) in _ENUMS.items():
        pairs += [(name, value.value) for value in getattr(wanted, target)]
    pairs += [("patient", one) for one in wanted.patient_keys]
    pairs += [("assignee", one or NOBODY) for one in wanted.assignees]
    days = {
        "from": wanted.found_from and wanted.found_from.astimezone(CHINA).date(),
        "to": wanted.found_before and wanted.found_before.astimezone(CHINA).date() - _DAY,
        "due_from": wanted.deadline_from,
        "due_to": wanted.deadline_to,
    }
    pairs += [(name, day.isoformat()) for name, day in days.items() if day]
    amounts = {"amount_from": wanted.amount_from, "amount_to": wanted.amount_to}
    pairs += [(name, f"{Decimal(cents) / 100:f}") for name, cents in amounts.items() if cents is not None]
    if wanted.text:
        pairs.append(("q", wanted.text))
    if wanted.is_trial is not False:
        pairs.append(("trial", "all" if wanted.is_trial is None else "only"))
    if order != LATEST_FIRST:
        pairs += [("sort", order.by.value), ("order", "desc" if order.is_descending else "asc")]
    return f"{LIST}?{urlencode(pairs)}" if pairs else LIST

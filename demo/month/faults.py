"""What goes wrong (违规样式): the faults that the rules' own examples show, to be woven into visits."""

import re
from collections.abc import Callable, Iterable
from copy import deepcopy
from datetime import date, datetime, timedelta
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from app.domain.encounter import CareType
from app.knowledge.text_yaml import read_yaml

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.]+)?$")
_KEPT_FROM_VISIT = frozenset({"id", "facility", "practitioner", "department", "campus", "ward"})


class Fault(NamedTuple):
    """An encounter in which a rule finds something, as a pack's example gives it."""

    rule: str
    encounter: dict[str, Any]
    history: list[dict[str, Any]]
    anchor: date  # the last day that it names

    @property
    def care_type(self) -> str:
        return str(self.encounter.get("care_type", "outpatient"))


def read_faults(folder: Path, named: Callable[[str], str] = lambda _: "") -> list[Fault]:
    """Of the rules in force or on trial; examples that need a feed are left out, for a month's data has none. What the
    examples do not call by name is called as `named` has it, by code.
    """
    found = []
    for file in sorted(folder.glob("*/rule.yaml")):
        told: Any = read_yaml(file.read_bytes())
        if told["status"] not in ("active", "trial"):
            continue
        for example in told["examples"]:
            lines = example["encounter"].get("charge_lines", ())
            is_here = example["encounter"].get("care_type") != CareType.PHARMACY
            if is_here and example.get("hits") and not example.get("feeds") and lines:
                whole = deepcopy(example["encounter"])
                whole["charge_lines"] = [_called(line, named) for line in lines]
                past = deepcopy(list(example.get("history", ())))
                found.append(Fault(file.parent.name, whole, past, max(_days(whole), default=date(2026, 3, 1))))
    return found


def _called(line: dict[str, Any], named: Callable[[str], str]) -> dict[str, Any]:
    name = line.get("item_name") or named(line.get("item_code", ""))
    return {**line, "item_name": name} if name else dict(line)


def woven(visit: dict[str, Any], fault: Fault, day: date) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The visit with the fault in it, and the patient's past where the fault has one. Its days end on `day`."""
    shift = partial(_shifted, by=day - fault.anchor)
    told = {name: shift(value) for name, value in fault.encounter.items() if name not in _KEPT_FROM_VISIT}
    lines = [_own(line) for line in told.pop("charge_lines")]
    orders = [_own(line) for line in told.pop("order_lines", ())]
    patient = {**visit["patient"], **told.pop("patient", {}), "id": visit["patient"]["id"]}
    facility = {**visit["facility"], **fault.encounter.get("facility", {}), "id": visit["facility"]["id"]}
    whole = {**visit, **told, "patient": patient, "facility": facility}
    if "start_at" not in told:
        whole["start_at"] = min(visit["start_at"], *[f"{line['service_date'][:10]}T08:00:00" for line in lines])
    if whole.get("end_at", "9") < whole["start_at"]:
        whole["end_at"] = f"{whole['start_at'][:10]}T23:30:00"
    since, until = whole["start_at"][:10], whole.get("end_at", "9")[:10]
    usual = [line for line in visit["charge_lines"] if since <= line["service_date"] <= until]
    whole["charge_lines"] = [*usual, *lines]
    if orders:
        whole["order_lines"] = orders
    past = [{"facility": facility, **shift(one), "patient": patient} for one in fault.history]
    return whole, past


def _own(line: dict[str, Any]) -> dict[str, Any]:
    """A line of the example as one of the visit, whose people did it."""
    return {"id": f"X{line['id']}", **{name: one for name, one in line.items() if name not in _KEPT_FROM_VISIT}}


def _days(told: Any) -> Iterable[date]:
    if isinstance(told, dict):
        return chain.from_iterable(_days(one) for name, one in told.items() if name != "birth_date")
    if isinstance(told, list | tuple):
        return chain.from_iterable(map(_days, told))
    return [date.fromisoformat(told[:10])] if isinstance(told, str) and _DAY.match(told) else []


def _shifted(told: Any, by: timedelta) -> Any:
    """Every day and moment in it, later by so much; but nobody is born later."""
    if isinstance(told, dict):
        return {name: one if name == "birth_date" else _shifted(one, by) for name, one in told.items()}
    if isinstance(told, list | tuple):
        return [_shifted(one, by) for one in told]
    if not isinstance(told, str) or not _DAY.match(told):
        return told
    if len(told) == len("2026-03-01"):
        return (date.fromisoformat(told) + by).isoformat()
    return (datetime.fromisoformat(told) + by).isoformat()

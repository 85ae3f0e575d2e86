"""The patient's history (患者既往明细): what is fetched, how it is laid beside a request, what is kept of it.

Stored lines of the same encounter that a request does not send again are laid beside its own as context; encounters of
other facilities are seen only where the facilities share (医联体).
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from app.domain.audit import AuditRequest
from app.domain.encounter import Encounter
from app.domain.line import ChargeLine, Line, OrderLine
from app.engine.needs import Needs
from app.engine.ruleset import Ruleset
from app.store.history import (
    HistoryLine,
    HistoryQuery,
    HistoryStore,
    HistoryWrite,
    StoredEncounter,
    Unavailable,
)

_encode = msgspec.json.Encoder().encode
_decode_encounter = msgspec.json.Decoder(Encounter).decode
_decode_orders = msgspec.json.Decoder(tuple[OrderLine, ...]).decode
_decode_charges = msgspec.json.Decoder(tuple[ChargeLine, ...]).decode


class FacilityGroups:
    """Which facilities share their patients' history; one that is in no group shares with nobody."""

    def __init__(self, groups: Iterable[Iterable[str]] = ()) -> None:
        """Raises ValueError where a facility stands in two groups."""
        self._groups: dict[str, tuple[str, ...]] = {}
        for group in groups:
            members = tuple(dict.fromkeys(group))
            for facility in members:
                if facility in self._groups:
                    raise ValueError(f"facility {facility!r} stands in two groups; it may share in one only")
                self._groups[facility] = members

    def of(self, facility: str) -> tuple[str, ...]:
        return self._groups.get(facility, (facility,))


class Gathered(NamedTuple):
    """The request with what is known of the past. `added`: ids of the encounter's stored lines, which nobody asked
    about now. `is_complete`: False where the past could not be read.
    """

    request: AuditRequest
    added: frozenset[str] = frozenset()
    is_complete: bool = True


class PatientHistory:
    def __init__(self, store: HistoryStore, groups: FacilityGroups | None = None) -> None:
        self._store, self._groups = store, groups or FacilityGroups()

    async def gather(self, request: AuditRequest, ruleset: Ruleset) -> Gathered:
        """In at most one round trip. Never fails: without the past, what needs it is told as not evaluated."""
        encounter = request.encounter
        needs = ruleset.needs(encounter, request.stage)
        query = query_for(encounter, needs, self._groups.of(encounter.facility.id))
        try:
            stored = await self._store.fetch(query)
        except Unavailable:
            return Gathered(request, is_complete=False)
        return with_history(request, stored)


def query_for(encounter: Encounter, needs: Needs, facilities: tuple[str, ...]) -> HistoryQuery:
    first, _ = _span(encounter)
    first = first or date.max  # without any date of its own, the stored lines tell where it begins
    return HistoryQuery(
        facility=encounter.facility.id,
        encounter=encounter.id,
        patient=encounter.patient.id,
        facilities=facilities,
        dates_since=_back(first, needs.date_days),
        since=_back(first, needs.days),
        codes=tuple(needs.codes),
        prefixes=tuple(needs.prefixes),
        first=first,
    )


def with_history(request: AuditRequest, stored: list[StoredEncounter]) -> Gathered:
    """Lay stored encounters beside the request; what the request says itself wins."""
    encounter = request.encounter
    given = {(one.facility.id, one.id): one for one in request.history or ()}
    own = (encounter.facility.id, encounter.id)
    past: list[Encounter] = []
    added: frozenset[str] = frozenset()
    for one in stored:
        key = (one.facility, one.encounter)
        if key == own:
            encounter, added = _with_stored_lines(encounter, one)
        else:
            found = _decoded(one)
            past.append(_combined(found, given.pop(key)) if key in given else found)
    history = (*past, *given.values())
    return Gathered(replace(request, encounter=encounter, history=history), added)


def _with_stored_lines(encounter: Encounter, stored: StoredEncounter) -> tuple[Encounter, frozenset[str]]:
    sent = {line.id for line in (*encounter.order_lines, *encounter.charge_lines)}
    orders = tuple([line for line in _orders(stored) if line.id not in sent])
    charges = tuple([line for line in _charges(stored) if line.id not in sent])
    if not orders and not charges:
        return encounter, frozenset()
    merged = replace(
        encounter,
        order_lines=(*orders, *encounter.order_lines),
        charge_lines=(*charges, *encounter.charge_lines),
    )
    return merged, frozenset([line.id for line in (*orders, *charges)])


def _decoded(stored: StoredEncounter) -> Encounter:
    orders, charges = _orders(stored), _charges(stored)
    days = _days(stored.dates, (*orders, *charges)) if stored.dates else []
    return replace(_decode_encounter(stored.header), order_lines=orders, charge_lines=(*charges, *days))


def _days(dates: list[date], lines: tuple[Line, ...]) -> list[ChargeLine]:
    """A line of nothing for each day of which no line was asked for."""
    told, ids = {line.service_date for line in lines}, {line.id for line in lines}
    found = []
    for day in dates:
        if day not in told:
            name = f"day {day}"
            while name in ids:
                name += "'"
            found.append(ChargeLine(id=name, service_date=day, current=False))
    return found


def _combined(stored: Encounter, given: Encounter) -> Encounter:
    """The encounter as the caller tells it, with the stored lines that it does not tell of."""
    sent = {line.id for line in (*given.order_lines, *given.charge_lines)}
    return replace(
        given,
        order_lines=(*[line for line in stored.order_lines if line.id not in sent], *given.order_lines),
        charge_lines=(*[line for line in stored.charge_lines if line.id not in sent], *given.charge_lines),
    )


def _orders(stored: StoredEncounter) -> tuple[OrderLine, ...]:
    return _decode_orders(f"[{','.join(stored.orders)}]") if stored.orders else ()


def _charges(stored: StoredEncounter) -> tuple[ChargeLine, ...]:
    return _decode_charges(f"[{','.join(stored.charges)}]") if stored.charges else ()


def _span(encounter: Encounter) -> tuple[date | None, date | None]:
    """The first and the last day that it tells of; a death only makes it last longer."""
    days = [line.service_date for line in encounter.order_lines]
    days += [line.service_date for line in encounter.charge_lines]
    days += [at.date() for at in (encounter.start_at, encounter.end_at) if at is not None]
    last = max(days, default=None)
    if encounter.death_at is not None:
        death = encounter.death_at.date()
        last = death if last is None else max(last, death)
    return min(days, default=None), last


def _back(first: date, days: int) -> date | None:
    return first - timedelta(days=min(days, (first - date.min).days)) if days else None


def to_keep_of(encounter: Encounter, today: date, passing: frozenset[str]) -> HistoryWrite | None:
    """The same without lines that may yet be taken back (`passing`); None where that leaves none."""
    if not passing:
        return to_keep(encounter, today)
    orders = tuple([line for line in encounter.order_lines if line.id not in passing])
    charges = tuple([line for line in encounter.charge_lines if line.id not in passing])
    return to_keep(replace(encounter, order_lines=orders, charge_lines=charges), today) if orders or charges else None


def to_keep(encounter: Encounter, today: date) -> HistoryWrite:
    """What becomes part of the history. An encounter without any date is kept under the day on which it was told."""
    first, last = _span(encounter)
    first, last = first or today, last or today
    header = replace(encounter, order_lines=(), charge_lines=())
    return HistoryWrite(
        facility=encounter.facility.id,
        encounter=encounter.id,
        patient=encounter.patient.id,
        header=_encode(header).decode(),
        month=first.year * 100 + first.month,
        last_date=last.isoformat(),
        has_death=encounter.death_at is not None,
        lines=[
            *[_row(line, False, "") for line in encounter.order_lines],
            *[_row(line, True, line.order_id) for line in encounter.charge_lines],
        ],
    )


def _row(line: Line, is_charge: bool, order_id: str) -> HistoryLine:
    content = _encode(line).decode()
    if line.current:
        content = content[:-1] + ',"current":false}'  # what is kept is never what a later request asks about
    return line.id, line.service_date.isoformat(), line.item_code, is_charge, order_id, content

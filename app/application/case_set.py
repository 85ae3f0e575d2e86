"""A set of cases (病例集合) to be priced: stays that are kept, or cases told with the request."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, NamedTuple

import msgspec

from app.application.preview_settlement import BadFacts, facts_for
from app.application.stay_input import BadStay, read_stay
from app.domain.encounter import Facility
from app.domain.line import Code
from app.domain.payment import PaymentFacts
from app.domain.settled_stay import SettledStay
from app.domain.stay import Stay

MOST_CASES = 200_000  # stored stays of one call
MOST_TOLD = 10_000  # cases told with the request
_AT_ONCE = 500


class Case(NamedTuple):
    """One case as it is priced. `discharge_date` None: not told, the latest parameters hold."""

    facility: str
    id: str
    department: str
    discharge_date: date | None
    stay: Stay
    facts: PaymentFacts


class TooManyCases(ValueError):
    """More than are priced in one call; the text says how many, and what to do."""


def case_of(stay: SettledStay) -> Case:
    return Case(stay.facility.id, stay.id, stay.discharged_from, stay.discharge_date, stay.stay, stay.payment_facts)


class _Beside(msgspec.Struct, frozen=True, kw_only=True):
    """What a case that is told with the request may say beside stay, encounter or case."""

    facility: Facility | None = None
    department: Code = ""
    discharge_date: date | None = None


def check_told(documents: Sequence[Any]) -> None:
    """Raises TooManyCases."""
    if len(documents) > MOST_TOLD:
        raise TooManyCases(
            f"{len(documents)} cases; at most {MOST_TOLD} are told with a request: keep them with POST /v1/stays first"
        )


async def told_chunks(documents: Sequence[Any]) -> AsyncIterator[Callable[[], list[Case]]]:
    """The cases, some at a time, each chunk yet to be read, which raises BadStay with the place of the case."""
    for start in range(0, len(documents), _AT_ONCE):
        yield partial(_read_all, documents[start : start + _AT_ONCE], start)


def _read_all(documents: Sequence[Any], start: int) -> list[Case]:
    return list(_cases(documents, start))


def _cases(documents: Sequence[Any], start: int) -> Iterator[Case]:
    for place, document in enumerate(documents, start):
        try:
            yield _read(document, place)
        except BadStay as error:
            raise BadStay(str(error), f"/cases/{place}{error.field}") from error


def _read(document: Any, place: int) -> Case:
    if not isinstance(document, Mapping):
        raise BadStay("a case is an object with `stay`, `encounter` or `case`")
    read = read_stay(document)
    encounter = document.get("encounter")
    beside = {name: document[name] for name in _Beside.__struct_fields__ if document.get(name) is not None}
    if isinstance(encounter, Mapping) and "facility" in encounter:
        beside.setdefault("facility", encounter["facility"])
    try:
        told = msgspec.convert(beside, _Beside, strict=False)
        facts = document.get("facts")
        facility = {} if told.facility is None else _facility_facts(told.facility)
        payment_facts = facts_for(read, {**facility, **(facts if isinstance(facts, Mapping) else {})})
    except msgspec.ValidationError as error:
        raise BadStay(str(error)) from error
    except BadFacts as error:
        raise BadStay(str(error), "/facts") from error
    if facts is not None and not isinstance(facts, Mapping):
        raise BadStay("facts are an object, see PaymentFacts", "/facts")
    return Case(
        facility="" if told.facility is None else told.facility.id,
        id=read.stay.id or f"#{place + 1}",
        department=told.department or read.stay.department,
        discharge_date=told.discharge_date,
        stay=read.stay,
        facts=payment_facts,
    )


def _facility_facts(facility: Facility) -> dict[str, str]:
    return {"facility_id": facility.id, "facility_level": facility.level.value}

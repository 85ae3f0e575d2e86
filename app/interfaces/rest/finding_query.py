"""What is asked of findings (疑点查询条件): the same filter as query parameters, as a JSON body, and in saved views."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeVar, get_args

import msgspec
from fastapi import Request
from msgspec import Meta, Struct

from app.domain.decision import Severity, Stage
from app.domain.disposition import Action
from app.domain.encounter import CareType, InsuranceType
from app.domain.review import ReviewState
from app.interfaces.errors import FieldError, Problem, decode_problem
from app.interfaces.rest.bodies import schema_of
from app.store.reviews import BadCursor, Order, ReviewFilter, Sorting

MOST_VALUES = 200
S = TypeVar("S", bound="FindingFilter")
_Text = Annotated[str, Meta(max_length=200, pattern="^[^\\u0000]*$")]
_Texts = Annotated[tuple[_Text, ...], Meta(max_length=MOST_VALUES)]
_Key = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
_Id = Annotated[str, Meta(min_length=1, max_length=64)]
_Yuan = Annotated[str, Meta(pattern=r"^[0-9]{1,13}([.][0-9]{1,2})?$", description="In yuan, both ends included.")]
_Moment = Annotated[datetime, Meta(tz=True, description="RFC 3339 with a zone; in an address, write `+` as `%2B`.")]

FieldName = Literal[
    "id", "version", "state", "facility", "campus", "department", "practitioner", "encounter", "patient_key", "rule",
    "rule_version", "rule_class", "category", "severity", "stage", "title", "message", "lines", "amount",
    "insurance_type", "care_type", "first_found_at", "last_found_at", "times_found", "last_audit", "is_trial",
    "doctor_answer", "is_answered", "assignee", "proposed", "decided_by", "approved_by", "reason_code", "deadline",
    "deadline_step", "escalation", "appeal_round", "refund",
]  # fmt: skip
FIELDS: tuple[str, ...] = get_args(FieldName)


class Trial(StrEnum):
    """Whether findings of rules on trial are meant."""

    EXCLUDE = "exclude"
    INCLUDE = "include"
    ONLY = "only"


class Direction(StrEnum):
    ASCENDING = "asc"
    DESCENDING = "desc"


class FindingFilter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """All that is given must hold; of several values, any one."""

    found_from: _Moment | None = None
    found_before: _Moment | None = None
    facility: _Texts = ()
    campus: _Texts = ()
    department: _Texts = ()
    practitioner: _Texts = ()
    patient_key: Annotated[tuple[_Key, ...], Meta(max_length=MOST_VALUES)] = ()
    encounter: _Texts = ()
    rule: _Texts = ()
    rule_class: _Texts = ()
    category: _Texts = ()
    severity: tuple[Severity, ...] = ()
    stage: tuple[Stage, ...] = ()
    state: tuple[ReviewState, ...] = ()
    insurance_type: tuple[InsuranceType, ...] = ()
    care_type: tuple[CareType, ...] = ()
    answer: tuple[Action, ...] = ()
    has_answer: bool | None = None
    assignee: Annotated[_Texts, Meta(description="Ids of accounts; a blank one stands for nobody.")] = ()
    amount_from: _Yuan | None = None
    amount_to: _Yuan | None = None
    deadline_from: date | None = None
    deadline_to: date | None = None
    trial: Trial = Trial.EXCLUDE
    q: Annotated[_Text, Meta(description="Words, each of which must be found: parts of names or pinyin initials.")] = ""

    def wanted(self, patients: Iterable[str] = ()) -> ReviewFilter:
        """`patients`: the keys of those that were named by their ids."""
        told = {target: getattr(self, name) for name, target in _LISTS.items()}
        told |= {name: getattr(self, name) for name in _SAME}
        told["patient_keys"] = (*self.patient_key, *patients)
        told["amount_from"], told["amount_to"] = _cents(self.amount_from), _cents(self.amount_to)
        told["is_trial"] = {Trial.EXCLUDE: False, Trial.INCLUDE: None, Trial.ONLY: True}[self.trial]
        return ReviewFilter(**told, text=self.q)


class FindingSearch(FindingFilter, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A page of findings. `patient` holds ids of patients as they were sent for audit; they are looked up by a keyed
    hash. `cursor` is the `next` of the page before, asked by the same filter and sorting.
    """

    patient: Annotated[tuple[_Id, ...], Meta(max_length=MOST_VALUES)] = ()
    sort: Sorting = Sorting.TIME
    order: Direction = Direction.DESCENDING
    limit: Annotated[int, Meta(ge=1, le=1000)] = 50
    cursor: Annotated[str, Meta(max_length=500)] = ""
    fields: tuple[FieldName, ...] = ()
    count: Annotated[bool, Meta(description="Count them, exactly up to 10,000, or of a search 2,000.")] = False
    sums: Annotated[bool, Meta(description="Add up their amounts, where they can be counted exactly.")] = False

    @property
    def sorting(self) -> Order:
        return Order(self.sort, self.order is Direction.DESCENDING)


_LISTS = {
    "facility": "facilities", "campus": "campuses", "department": "departments", "practitioner": "practitioners",
    "encounter": "encounters", "rule": "rules", "rule_class": "rule_classes", "category": "categories",
    "severity": "severities", "stage": "stages", "state": "states", "insurance_type": "insurance_types",
    "care_type": "care_types", "answer": "answers", "assignee": "assignees",
}  # fmt: skip
_SAME = ("found_from", "found_before", "has_answer", "deadline_from", "deadline_to")


def filter_of(wanted: ReviewFilter) -> FindingFilter:
    """The other way round."""
    told = {name: getattr(wanted, target) for name, target in _LISTS.items()}
    told |= {name: getattr(wanted, name) for name in _SAME}
    told["amount_from"], told["amount_to"] = yuan(wanted.amount_from), yuan(wanted.amount_to)
    told["trial"] = {False: Trial.EXCLUDE, None: Trial.INCLUDE, True: Trial.ONLY}[wanted.is_trial]
    return FindingFilter(**told, patient_key=wanted.patient_keys, q=wanted.text)


def _cents(amount: str | None) -> int | None:
    return None if amount is None else int(Decimal(amount) * 100)


def yuan(cents: int | None) -> str | None:
    return None if cents is None else f"{cents // 100}.{cents % 100:02}"


def asked_in(request: Request, shape: type[S], *passed: str) -> S:
    """The query parameters of the request as this. `passed`: parameters that are not of it. Raises Problem."""
    kinds = _kinds(shape)
    sent: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if name in passed:
            continue
        if name not in kinds:
            raise _fault(name, "it is no parameter of this operation")
        if kinds[name] is None:
            sent.setdefault(name, []).append(value)
        elif name in sent:
            raise _fault(name, "give it once")
        else:
            sent[name] = _one(name, value, kinds[name])
    try:
        return msgspec.convert(sent, shape)
    except msgspec.ValidationError as error:
        raise decode_problem(error, "The query") from None


def _one(name: str, value: str, read: Callable[[str], Any] | None) -> Any:
    try:
        return value if read is None else read(value)
    except (KeyError, ValueError):
        raise _fault(name, "it cannot be read; see /docs for its form") from None


def _integer(value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", value):
        raise ValueError(value)
    return int(value)


_FLAGS = {"true": True, "false": False}


def _kinds(shape: type[Struct]) -> Mapping[str, Callable[[str], Any] | None]:
    """How a parameter is read by its name; None: it may be given several times. Ids of patients are no parameter."""
    found: dict[str, Callable[[str], Any] | None] = {}
    for name, schema in schema_of(shape)["properties"].items():
        types = [schema, *schema.get("anyOf", [])]
        if any([one.get("type") == "array" for one in types]):
            found[name] = None
        elif any([one.get("type") == "boolean" for one in types]):
            found[name] = _FLAGS.__getitem__
        else:
            found[name] = _integer if schema.get("type") == "integer" else str
    found.pop("patient", None)
    return found


def parameters_of(shape: type[Struct]) -> list[dict[str, Any]]:
    """The same for OpenAPI."""
    told = []
    for name, schema in schema_of(shape)["properties"].items():
        if name != "patient":
            told.append({"name": name, "in": "query", "required": False, "schema": _plain(schema)})
    return told


def _plain(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Without what an address cannot say: nothing, and lists that hold nothing."""
    rest = {name: value for name, value in schema.items() if name not in ("anyOf", "default")}
    choices = [one for one in schema.get("anyOf", []) if one.get("type") != "null"]
    if "default" in schema and schema["default"] not in (None, (), []):
        rest["default"] = schema["default"]
    return {**(choices[0] if choices else {}), **rest}


def _fault(name: str, why: str) -> Problem:
    pointer = "/" + name[:100].replace("~", "~0").replace("/", "~1")
    return Problem(422, "invalid-request", "A parameter is not valid", errors=(FieldError(pointer, why),))


def bad_cursor(error: BadCursor) -> Problem:
    return Problem(422, "bad-cursor", "The cursor does not belong to this query", str(error))

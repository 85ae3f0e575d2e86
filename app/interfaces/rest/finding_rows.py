"""Findings as REST tells them (疑点对外格式): amounts in yuan as text, moments in UTC, only the fields asked for."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from fastapi import Response
from msgspec import UNSET, Struct, UnsetType

from app.domain.decision import Severity, Stage
from app.domain.disposition import Action
from app.domain.encounter import CareType, InsuranceType
from app.domain.review import DeadlineStep, Review, ReviewState
from app.interfaces.rest.bodies import refusals, schema_of
from app.interfaces.rest.finding_query import FIELDS, yuan
from app.store.reviews import ReviewPage, Totals

NO_STORE = {"cache-control": "no-store"}


class FindingRow(Struct, frozen=True, kw_only=True):
    """A finding under review; `docs/review.md` tells what its states mean. With `fields`, those that were asked for."""

    id: str | UnsetType = UNSET
    version: int | UnsetType = UNSET
    state: ReviewState | UnsetType = UNSET
    facility: str | UnsetType = UNSET
    campus: str | UnsetType = UNSET
    department: str | UnsetType = UNSET
    practitioner: str | UnsetType = UNSET
    encounter: str | UnsetType = UNSET
    patient_key: str | UnsetType = UNSET
    rule: str | UnsetType = UNSET
    rule_version: int | UnsetType = UNSET
    rule_class: str | UnsetType = UNSET
    category: str | UnsetType = UNSET
    severity: Severity | UnsetType = UNSET
    stage: Stage | UnsetType = UNSET
    title: str | UnsetType = UNSET
    message: str | UnsetType = UNSET
    lines: tuple[str, ...] | UnsetType = UNSET
    amount: str | UnsetType | None = UNSET
    insurance_type: InsuranceType | UnsetType = UNSET
    care_type: CareType | UnsetType = UNSET
    first_found_at: datetime | UnsetType = UNSET
    last_found_at: datetime | UnsetType = UNSET
    times_found: int | UnsetType = UNSET
    last_audit: str | UnsetType = UNSET
    is_trial: bool | UnsetType = UNSET
    doctor_answer: Action | UnsetType | None = UNSET
    is_answered: bool | UnsetType = UNSET
    assignee: str | UnsetType = UNSET
    proposed: ReviewState | UnsetType | None = UNSET
    decided_by: str | UnsetType = UNSET
    approved_by: str | UnsetType = UNSET
    reason_code: str | UnsetType = UNSET
    deadline: date | UnsetType | None = UNSET
    deadline_step: DeadlineStep | UnsetType | None = UNSET
    escalation: int | UnsetType = UNSET
    appeal_round: int | UnsetType = UNSET
    refund: str | UnsetType | None = UNSET


class FindingCount(Struct, frozen=True, kw_only=True):
    """`is_more`: there are more than that."""

    value: int
    is_more: bool


class FindingSums(Struct, frozen=True, kw_only=True):
    """null: there are too many to add them up."""

    amount: str | None
    refund: str | None


class FindingPage(Struct, frozen=True, kw_only=True):
    """`next`: send it as `cursor` for the findings that follow; blank: there are none."""

    findings: list[FindingRow]
    next: str
    count: FindingCount | UnsetType = UNSET
    sums: FindingSums | UnsetType = UNSET


def row_of(one: Review, fields: Iterable[str] = FIELDS) -> FindingRow:
    told: dict[str, Any] = {}
    for name in fields:
        if name == "amount":
            told[name] = yuan(one.amount_cents)
        elif name == "refund":
            told[name] = yuan(one.refund_cents)
        else:
            told[name] = getattr(one, name)
    return FindingRow(**told)


def page_of(
    page: ReviewPage, fields: Sequence[str], totals: Totals | None = None, *, count: bool = True, sums: bool = False
) -> FindingPage:
    """`count` and `sums`: which of the totals are told, where there are any."""
    rows = [row_of(one, fields or FIELDS) for one in page.reviews]
    if totals is None:
        return FindingPage(findings=rows, next=page.following)
    counted = FindingCount(value=totals.count, is_more=totals.is_more) if count else UNSET
    added = FindingSums(amount=yuan(totals.amount_cents), refund=yuan(totals.refund_cents)) if sums else UNSET
    return FindingPage(findings=rows, next=page.following, count=counted, sums=added)


def answer(told: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """What was asked for, which no cache keeps."""
    return Response(msgspec.json.encode(told), status, {**NO_STORE, **(headers or {})}, "application/json")


def etag(one: Review) -> dict[str, str]:
    return {"etag": f'"{one.version}"'}


def told_with(shape: Any, *statuses: int, description: str = "What was asked for") -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: what is answered, and which refusals there may be."""
    content = {"application/json": {"schema": schema_of(shape)}}
    return {200: {"description": description, "content": content}, **refusals(*statuses)}

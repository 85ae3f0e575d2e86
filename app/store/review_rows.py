"""Rows of reviews (复核的行): a review as the tables hold it, and the other way round."""

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import select

from app.domain.review import Review, ReviewStep
from app.store.packing import microseconds
from app.store.review_codes import (
    ANSWERS,
    CARE_TYPES,
    INSURANCE_TYPES,
    NO_ANSWER,
    SEVERITIES,
    STAGES,
    STATES,
    Codes,
    kind_of,
)
from app.store.review_tables import NO_DEADLINE, UNKNOWN_AMOUNT, review_attachments, review_steps, reviews
from app.store.sealing import moment
from app.store.vault import Vault
from app.trail.entry import Details, Kind, Sealed, TrailEntry, seal

COLUMNS = tuple(column for column in reviews.c if column.name != "seq")
NAMES = tuple(column.name for column in COLUMNS)
STEPS = select(
    review_steps.c.review, review_steps.c.number, review_steps.c.recorded_at, review_steps.c.actor,
    review_steps.c.action, review_steps.c.comment, review_steps.c.content,
)  # fmt: skip
ATTACHED = select(
    review_attachments.c.id, review_attachments.c.review, review_attachments.c.recorded_at,
    review_attachments.c.actor, review_attachments.c.type, review_attachments.c.size, review_attachments.c.digest,
    review_attachments.c.name,
)  # fmt: skip
_CODES: dict[str, Codes[Any]] = {
    "state": STATES,
    "severity": SEVERITIES,
    "stage": STAGES,
    "insurance_type": INSURANCE_TYPES,
    "care_type": CARE_TYPES,
}
_SAME = (
    "id", "version", "is_trial", "facility", "campus", "department", "practitioner", "encounter", "patient_key", "rule",
    "rule_class", "category", "assignee",
)  # fmt: skip
_IN_COLUMNS = {*NAMES, "doctor_answer", "refund_cents"}
_encode = msgspec.json.Encoder().encode
_decode_content = msgspec.json.Decoder(dict[str, Any]).decode
_NUL, _SHOWN = "\\u0000", "\N{SYMBOL FOR NULL}"


class StoredReview(NamedTuple):
    """`touched` counts every change of the row; `version`, in the review, only those that are steps."""

    review: Review
    touched: int


def plain_json(value: object) -> str:
    """JSON without the character that PostgreSQL cannot hold; it is kept as the sign for it."""
    text = _encode(value).decode()
    return _encode(_plain(msgspec.json.decode(text))).decode() if _NUL in text else text


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", _SHOWN)
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return {_plain(name): _plain(one) for name, one in value.items()} if isinstance(value, dict) else value


def row_of(one: Review, touched: int) -> dict[str, Any]:
    """The columns of `reviews`."""
    row: dict[str, Any] = {name: getattr(one, name) for name in _SAME}
    for name, codes in _CODES.items():
        row[name] = codes.codes[getattr(one, name)]
    row["answer"] = NO_ANSWER if one.doctor_answer is None else ANSWERS.of(one.doctor_answer)
    row["first_found_at"], row["last_found_at"] = microseconds(one.first_found_at), microseconds(one.last_found_at)
    row["amount_cents"] = UNKNOWN_AMOUNT if one.amount_cents is None else one.amount_cents
    row["refund_cents"] = one.refund_cents or 0
    row["deadline"] = NO_DEADLINE if one.deadline is None else one.deadline.toordinal()
    row["touched"], row["kind"] = touched, kind_of(row)
    return row


def content_of(one: Review) -> str:
    """The rest of it, as JSON."""
    told = msgspec.to_builtins(one)
    content = {name: value for name, value in told.items() if name not in _IN_COLUMNS}
    if one.refund_cents is not None:
        content["refund_cents"] = one.refund_cents
    return plain_json(content)


def review_of(row: Mapping[str, Any], content: str) -> StoredReview:
    told: dict[str, Any] = {name: row[name] for name in _SAME}
    for name, codes in _CODES.items():
        told[name] = codes.value(row[name]).value
    told["is_trial"] = bool(told["is_trial"])
    told["doctor_answer"] = ANSWERS.value(row["answer"]) if row["answer"] else None
    told["first_found_at"], told["last_found_at"] = moment(row["first_found_at"]), moment(row["last_found_at"])
    told["amount_cents"] = None if row["amount_cents"] == UNKNOWN_AMOUNT else row["amount_cents"]
    told["deadline"] = None if row["deadline"] == NO_DEADLINE else date.fromordinal(row["deadline"])
    return StoredReview(msgspec.convert({**told, **_decode_content(content)}, Review), row["touched"])


def step_row(one: ReviewStep, vault: Vault) -> dict[str, Any]:
    told = msgspec.to_builtins(one)
    rest = {name: told[name] for name in told if name not in ("review", "number", "at", "by", "action", "comment")}
    return {
        "review": one.review,
        "number": one.number,
        "recorded_at": microseconds(one.at),
        "actor": one.by,
        "action": one.action.value,
        "comment": vault.seal_text("review_steps", (one.review, one.number), one.comment),
        "content": plain_json(rest),
    }


def step_of(row: Mapping[str, Any], vault: Vault) -> ReviewStep:
    told = {
        "review": row["review"],
        "number": row["number"],
        "at": moment(row["recorded_at"]),
        "by": row["actor"],
        "action": row["action"],
        "comment": vault.open_text("review_steps", (row["review"], row["number"]), row["comment"]),
    }
    return msgspec.convert({**told, **_decode_content(row["content"])}, ReviewStep)


def review_entry(one: ReviewStep) -> Sealed:
    """What was done, by whom, is told; what was said, and all that goes with it, is committed to."""
    details: Details = {
        "number": one.number,
        "action": one.action.value,
        "from": one.from_state.value,
        "to": one.to_state.value,
        "role": one.role,
        "reason": one.reason_code,
    }
    private = _encode([one.comment, one.data])
    return seal(
        TrailEntry(kind=Kind.REVIEWED, subject=one.review, at=one.at, actor=one.by, details=details, private=private)
    )

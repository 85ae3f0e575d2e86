"""Encounter: lines that count once, ids that tell them apart, and bodies that cannot be read."""

from typing import Any

import msgspec
import pytest

from app.domain.audit import AuditRequest
from app.domain.encounter import Encounter

DECODER = msgspec.json.Decoder(AuditRequest)


def encounter(**fields: Any) -> Encounter:
    written = {"id": "E", "facility": {"id": "F"}, "patient": {"id": "P"}, **fields}
    return msgspec.convert(written, Encounter, strict=False)


def lines(*ids: str, **fields: str) -> list[dict[str, str]]:
    return [{"id": one, "service_date": "2026-03-01", **fields} for one in ids]


def test_an_order_that_is_charged_counts_once() -> None:
    found = encounter(
        order_lines=lines("O1", "O2"),
        charge_lines=[*lines("C1", "C2", order_id="O1"), *lines("C3")],
    )
    assert [line.id for line in found.lines] == ["O2", "C1", "C2", "C3"]


def test_charges_alone_are_the_lines_as_sent() -> None:
    found = encounter(charge_lines=lines("C2", "C1"))
    assert found.lines is found.charge_lines


@pytest.mark.parametrize(
    "fields",
    [
        {"charge_lines": lines("L1", "L1")},
        {"order_lines": lines("L1", "L1")},
        {"order_lines": lines("L1"), "charge_lines": lines("L1")},
    ],
)
def test_a_line_id_used_twice_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError, match="line id 'L1' is used twice"):
        encounter(**fields)


def test_an_end_before_the_start_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="`end_at` 2026-03-01 08:59:00 is before `start_at`"):
        encounter(start_at="2026-03-01T09:00:00", end_at="2026-03-01T08:59:00")
    encounter(start_at="2026-03-01T09:00:00", end_at="2026-03-01T09:00:00")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "truncated"),
        (b"[]", "Expected `object`"),
        (b"{", "truncated"),
        (b"\xff\xfe", "malformed"),
        (b"{}", "missing required field `encounter`"),
        (b'{"encounter": null}', r"at `\$\.encounter`"),
        (b'{"encounter": {"id": "E", "patient": {"id": "P"}}}', "missing required field `facility`"),
        (b'{"encounter": {"id": 1, "facility": {"id": "F"}, "patient": {"id": "P"}}}', r"at `\$\.encounter\.id`"),
        (
            b'{"encounter": {"id": "E", "facility": {"id": "F"}, "patient": {"id": "P", "sex": "m"}}}',
            r"at `\$\.encounter\.patient\.sex`",
        ),
        (
            b'{"encounter": {"id": "E", "facility": {"id": "F"}, "patient": {"id": "P", "name": "x"}}}',
            "unknown field `name`",
        ),
        (
            b'{"encounter": {"id": "E", "facility": {"id": "F"}, "patient": {"id": "P"}}, "stage": "later"}',
            r"at `\$\.stage`",
        ),
        (b"[" * 100_000, "recursion|Expected `object`"),
    ],
)
def test_bodies_that_cannot_be_read_are_refused_in_words(body: bytes, told: str) -> None:
    with pytest.raises((msgspec.DecodeError, RecursionError), match=told):
        DECODER.decode(body)


def test_what_is_not_sent_is_unknown_and_not_a_guess() -> None:
    body = b'{"encounter": {"id": "E", "facility": {"id": "F"}, "patient": {"id": "P"}}}'
    request = DECODER.decode(body)
    patient = request.encounter.patient
    assert (patient.sex, patient.pregnancy, patient.birth_date) == ("", "", None)
    assert request.encounter.care_type == ""
    assert request.history is None


def test_an_encounter_is_written_as_it_was_read() -> None:
    sent = encounter(
        diagnoses=[{"code": "I63.900", "is_principal": True}],
        charge_lines=[{"id": "L1", "service_date": "2026-03-01", "amount": "12.50", "quantity": 2}],
    )
    assert msgspec.json.decode(msgspec.json.encode(sent), type=Encounter) == sent

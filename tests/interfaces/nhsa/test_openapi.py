"""The OpenAPI document of the national interface: what the code reads and writes; the agreed messages fit it."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from app.interfaces.nhsa import fields, message
from app.interfaces.nhsa.openapi import nhsa_openapi
from tests.interfaces.nhsa.caller import ROOT, Caller
from tests.interfaces.nhsa.messages import feedback, ordered, warn

DOCUMENT = nhsa_openapi()
CASES = sorted((ROOT / "tests" / "contracts" / "nhsa").glob("*/*/request.json"))
STRUCTS = {
    message.Message: fields.ENVELOPE,
    message.Data: fields.DATA,
    message.Person: fields.PERSON,
    message.Visit: fields.VISIT,
    message.Order: fields.ORDER,
    message.Diagnose: fields.DIAGNOSIS,
    message.Operation: fields.OPERATION,
    message.Warn: fields.WARN,
}


def validator(name: str) -> Any:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": f"#/components/schemas/{name}",
        **DOCUMENT,
    }
    return jsonschema_rs.validator_for(schema)


MESSAGE, AUDIT, FEEDBACK, FAILURE = (
    validator(name) for name in ("Message", "AuditAnswer", "FeedbackAnswer", "Failure")
)


@pytest.mark.parametrize("file", CASES, ids=lambda file: f"{file.parent.parent.name}-{file.parent.name}")
def test_the_agreed_messages_fit(file: Path) -> None:
    request, answer = (
        json.loads((file.parent / name).read_text("utf-8")) for name in ("request.json", "response.json")
    )
    if file.parent.name != "wrong-nesting":
        MESSAGE.validate(request)
    if str(answer["infcode"]) != "0":
        FAILURE.validate(answer)
        assert not AUDIT.is_valid(answer)
    elif request["infno"] == "3103":
        FEEDBACK.validate(answer)
    else:
        AUDIT.validate(answer)


@pytest.mark.parametrize(
    "change", [{"infcode": 1}, {"output": []}, {"err_msg": None}, {"output": {"result": [{}]}}, {"more": 1}]
)
def test_another_answer_does_not_fit(caller: Caller, change: dict[str, Any]) -> None:
    answer = caller.post(ordered()).json()
    AUDIT.validate(answer)
    assert not AUDIT.is_valid({**answer, **change})


def test_what_is_answered_now_fits(caller: Caller) -> None:
    found = caller.post(ordered()).json()
    AUDIT.validate(found)
    FEEDBACK.validate(caller.post(feedback(warn(found["output"]["result"][0]["jr_id"]))).json())
    FAILURE.validate(caller.post(b"").json())


@pytest.mark.parametrize(("struct", "table"), STRUCTS.items(), ids=lambda one: getattr(one, "__name__", ""))
def test_every_field_that_is_read_is_explained_in_chinese(struct: Any, table: dict[str, fields.Field]) -> None:
    read = {one.name for one in msgspec.structs.fields(struct)}
    assert read <= set(table)
    assert all(any("一" <= letter <= "鿿" for letter in field.title) for field in table.values())


def test_every_property_is_described() -> None:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        for field, told in schema["properties"].items():
            assert told.get("description"), (name, field)
    visit = DOCUMENT["components"]["schemas"]["Visit"]["properties"]
    assert "只留存" in visit["bedno"]["description"]
    assert "只留存" not in visit["med_type"]["description"]


def test_the_base_is_that_of_the_settings() -> None:
    assert next(iter(nhsa_openapi("/nhsa")["paths"])) == "/nhsa/{transaction}"


def test_the_document_on_disk_is_the_generated_one() -> None:
    assert json.loads((ROOT / "openapi" / "nhsa.json").read_text("utf-8")) == DOCUMENT

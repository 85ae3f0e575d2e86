"""What becomes of a call, for the tests of the translation."""

from datetime import datetime
from typing import Any

import msgspec

from app.domain.audit import AuditRequest
from app.domain.encounter import Encounter
from app.domain.line import OrderLine
from app.interfaces.cds_hooks.request import read_call
from app.interfaces.cds_hooks.translate import translate
from tests.interfaces.cds_hooks.emr import Json, call

NOW = datetime.fromisoformat("2026-10-12T10:20:00")


def asked(body: Json, hook: str = "order-sign") -> AuditRequest:
    request = translate(
        read_call(msgspec.json.encode(body)), hook, "emr", NOW, lambda known_by: f"visit of {known_by}"
    ).request
    assert msgspec.json.decode(msgspec.json.encode(request), type=AuditRequest) == request  # it can be replayed
    return request


def seen(body: Json) -> Encounter:
    return asked(body).encounter


def line_of(order: Json, **held: Any) -> OrderLine:
    body = call("order-sign", order)
    body["prefetch"].update(held)
    (line,) = seen(body).order_lines
    return line

"""What the OpenAPI document tells of grouping and settlement: FastAPI does not know their hot endpoints."""

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from app.domain.encounter import Encounter
from app.domain.payment import PaymentFacts, SettlementPreview
from app.domain.period import Period
from app.domain.stay import Stay
from app.grouper.dip_payment import DipPayment
from app.grouper.dip_result import DipFacts, DipGrouping
from app.grouper.trace import Trace
from app.interfaces.errors import MEDIA_TYPE
from app.interfaces.rest.groupings import DIP, DRG
from app.interfaces.rest.ndjson import MEDIA_TYPE as NDJSON
from app.interfaces.rest.settlements import PREVIEW

_JSON = "application/json"


class CaseRequest(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A case, told in one of three ways: as `stay`, as `encounter`, or as a case object with zdList and ssList."""

    scheme: str
    stay: Stay | None = None
    encounter: Encounter | None = None
    case: dict[str, Any] | None = None
    trace: bool = False
    translate: bool = False


class PreviewRequest(CaseRequest, kw_only=True, omit_defaults=True):
    """`facts` win over what the case tells; `on` is the day whose payment parameters hold (default: the latest)."""

    facts: PaymentFacts | None = None
    dip_facts: DipFacts | None = None
    point_value: Decimal | None = None
    on: date | None = None


class DrgAnswer(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`Index` is the case's own key. `drg` is the group, or the code by which the scheme marks that there is none."""

    Index: str | int | None
    status: str
    mdc: str
    adrg: str
    drg: str
    name: str
    scheme: str = ""
    revision: str = ""
    notice: str = ""
    complaints: tuple[str, ...] = ()
    trace: Trace | None = None


class DipAnswer(msgspec.Struct, kw_only=True, omit_defaults=True):
    Index: str | int | None
    grouping: DipGrouping
    scheme: str = ""
    complaints: tuple[str, ...] = ()


class PreviewAnswer(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`settlement` is null where the case was not grouped. `parameters` is the period whose parameters hold (DRG)."""

    scheme: str
    method: str
    grouping: DrgAnswer | DipGrouping
    settlement: SettlementPreview | DipPayment | None
    revision: str = ""
    notice: str = ""
    parameters: Period | None = None
    complaints: tuple[str, ...] = ()


SHAPES = (CaseRequest, PreviewRequest, DrgAnswer, DipAnswer)


def group_paths(shapes: tuple[dict[str, Any], ...], problem: dict[str, Any]) -> dict[str, Any]:
    """Path items; `shapes` are references to the schemas of SHAPES, in their order."""
    case, preview, drg, dip = shapes
    of_preview = {"type": "object", "description": "scheme, method, grouping, settlement, notice"}
    return {
        DRG: _one("group_drg", "The DRG group of a case, and how it came about", case, drg, problem),
        f"{DRG}/bulk": _many("group_drg_bulk", "The DRG groups of many cases, streamed", case, drg, problem),
        DIP: _one("group_dip", "The DIP group of a case, and why it won", case, dip, problem),
        f"{DIP}/bulk": _many("group_dip_bulk", "The DIP groups of many cases, streamed", case, dip, problem),
        PREVIEW: _one("preview_settlement", "What a stay pays, before it is settled", preview, of_preview, problem),
    }


def refusals(problem: dict[str, Any], *statuses: str) -> dict[str, Any]:
    words = {
        "400": "The body is not JSON",
        "401": "No valid key",
        "413": "The body is too large",
        "422": "No such scheme, or the case cannot be read; `errors` tells where",
    }
    return {one: {"description": words[one], "content": {MEDIA_TYPE: {"schema": problem}}} for one in statuses}


def _one(name: str, summary: str, request: Any, answer: Any, problem: dict[str, Any]) -> dict[str, Any]:
    return {
        "post": {
            "operationId": name,
            "summary": summary,
            "security": [{"key": []}],
            "requestBody": {"required": True, "content": {_JSON: {"schema": request}}},
            "responses": {
                "200": {"description": "The answer", "content": {_JSON: {"schema": answer}}},
                **refusals(problem, "400", "401", "413", "422"),
            },
        }
    }


def _many(name: str, summary: str, request: Any, answer: Any, problem: dict[str, Any]) -> dict[str, Any]:
    return {
        "post": {
            "operationId": name,
            "summary": summary,
            "description": "A case a line in, an answer a line out, in the same order; a bad line gets a problem.",
            "security": [{"key": []}],
            "parameters": [
                {"name": "scheme", "in": "query", "required": True, "schema": {"type": "string"}},
                *[{"name": one, "in": "query", "schema": {"type": "boolean"}} for one in ("trace", "translate")],
            ],
            "requestBody": {"required": True, "content": {NDJSON: {"schema": request}}},
            "responses": {
                "200": {
                    "description": "A line for each line of the request",
                    "content": {NDJSON: {"schema": {"oneOf": [answer, problem]}}},
                },
                **refusals(problem, "401", "422"),
            },
        }
    }

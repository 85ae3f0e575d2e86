"""What the OpenAPI document tells of the check for coding faults: its endpoint is hot, so FastAPI does not know it."""

from datetime import date
from typing import Any

import msgspec

from app.application.check_coding import MOST_HISTORY, MOST_LINES, MOST_TEXTS
from app.domain.encounter import Encounter
from app.domain.finding import NotEvaluated
from app.grouper.coding_case import CodingFinding, Driver, Item, Outcome, Ranking, RecordText, Statistics
from app.interfaces.errors import MEDIA_TYPE
from app.interfaces.rest.coding import CHECK
from app.interfaces.rest.openapi_groups import CaseRequest, DrgAnswer

_JSON = "application/json"
_WHAT = (
    "Detectors A1-A16 look for overcoding, B1-B3 for undercoding. Each finding tells the facts for and against it, the "
    "group and payment as recorded and with one thing changed, how sure it is and why; a coder has to confirm it. What "
    "lacks a fact is in `not_evaluated`, what could be judged in `judged`; `drivers` and `ranking` only order the "
    f"review. At most {MOST_LINES} lines, {MOST_TEXTS} texts, {MOST_HISTORY} other encounters. Nothing is stored."
)
_WORDS = {
    "400": "The body is not JSON",
    "401": "No valid key",
    "413": "The body is too large",
    "422": "No such DRG scheme, or the case cannot be read; `errors` tells where",
    "503": "The evidence tables of this service have faults",
}


class CodingRequest(CaseRequest, kw_only=True, omit_defaults=True):
    """What is left out is unknown, not absent. `lines` may be charge lines; those of `encounter` count without them.

    `facts`: those of the payment, and start_date, end_date, admission_diagnoses, uncovered_amount. `history`: other
    encounters of the patient. `on`: the day whose payment parameters hold (default: the latest).
    """

    lines: tuple[Item, ...] | None = None
    texts: tuple[RecordText, ...] | None = None
    facts: dict[str, Any] | None = None
    history: tuple[Encounter, ...] | None = None
    statistics: Statistics | None = None
    on: date | None = None


class CodingAnswer(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`recorded` is absent where a code cannot be translated."""

    scheme: str
    revision: str
    evidence_revision: str
    notice: str
    grouping: DrgAnswer
    findings: tuple[CodingFinding, ...]
    not_evaluated: tuple[NotEvaluated, ...]
    judged: tuple[str, ...]
    recorded: Outcome | None = None
    drivers: tuple[Driver, ...] = ()
    ranking: Ranking | None = None


CODING_SHAPES = (CodingRequest, CodingAnswer)


def coding_paths(shapes: tuple[dict[str, Any], ...], problem: dict[str, Any]) -> dict[str, Any]:
    """Path items; `shapes` are references to the schemas of CODING_SHAPES, in their order."""
    asked, answer = shapes
    refusals = {
        one: {"description": text, "content": {MEDIA_TYPE: {"schema": problem}}} for one, text in _WORDS.items()
    }
    return {
        CHECK: {
            "post": {
                "operationId": "check_coding",
                "summary": "Hints to over- and undercoding of a case",
                "description": _WHAT,
                "security": [{"key": []}],
                "requestBody": {"required": True, "content": {_JSON: {"schema": asked}}},
                "responses": {
                    "200": {"description": "The answer", "content": {_JSON: {"schema": answer}}},
                    **refusals,
                },
            }
        }
    }

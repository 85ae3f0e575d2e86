"""What the OpenAPI document tells of what-if, kept stays, simulation and indices: their endpoints are hot, too."""

from typing import Any

import msgspec

from app.application.index_cases import IndexedCases
from app.application.keep_stays import StayKept
from app.application.simulation_result import Simulation
from app.domain.settled_stay import SettledStay
from app.grouper.what_if_result import DipWhatIf, WhatIf
from app.interfaces.errors import MEDIA_TYPE
from app.interfaces.rest.ndjson import MEDIA_TYPE as NDJSON
from app.interfaces.rest.openapi_groups import PreviewRequest
from app.interfaces.rest.simulations import INDICES, SIMULATE, STAYS, IndicesRequest, SimulationRequest
from app.interfaces.rest.what_if import WHAT_IF, Clues

_JSON = "application/json"
_NEUTRAL = (
    "Drops each secondary diagnosis, swaps the principal one with each, puts each other procedure first, drops each, "
    "and adds the clues in `add`; tells those that are grouped or paid otherwise (`all`: every one). A difference is "
    "the variant less what is recorded, and says nothing about who is right. Nothing is stored or written back."
)
_SIMULATED = (
    "Prices the stays that are kept, or `cases`, by `from` and by `to`: another scheme, day, or parameters such as "
    '{"rate": "9000"} laid over the scheme\'s own. Sums are exact. At most 200,000 kept stays, or 10,000 told cases, a '
    "call; select by facility, department and day of discharge."
)
_INDEXED = (
    "Against the regional means of the scheme's weight table, over all cases and by department, facility, month or "
    "group. A case that lacks what an index needs is left out of that index, and counted."
)
_WORDS = {
    "400": "The body is not JSON",
    "401": "No valid key",
    "413": "The body is too large",
    "422": "No such scheme, no parameters for the day, too many cases, or a case that cannot be read; `errors` tells "
    "where",
    "503": "The kept stays cannot be read now; send the same again",
}


class WhatIfRequest(PreviewRequest, kw_only=True, omit_defaults=True):
    """`add`: clue codes, diagnoses or procedures that are not recorded."""

    add: Clues | None = None
    all: bool = False


class WhatIfAnswer(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`index` is the case's own key. `complaints` tell in Chinese which codes or values are doubtful."""

    scheme: str
    method: str
    index: Any
    what_if: WhatIf
    revision: str = ""
    notice: str = ""
    complaints: tuple[str, ...] = ()


class DipWhatIfAnswer(msgspec.Struct, kw_only=True, omit_defaults=True):
    scheme: str
    method: str
    index: Any
    what_if: DipWhatIf
    notice: str = ""
    complaints: tuple[str, ...] = ()


CASE_SHAPES = (
    WhatIfRequest,
    WhatIfAnswer,
    DipWhatIfAnswer,
    SettledStay,
    StayKept,
    SimulationRequest,
    Simulation,
    IndicesRequest,
    IndexedCases,
)


def case_paths(shapes: tuple[dict[str, Any], ...], problem: dict[str, Any]) -> dict[str, Any]:
    """Path items; `shapes` are references to the schemas of CASE_SHAPES, in their order."""
    asked, drg, dip, stay, kept, simulation, simulated, indices, indexed = shapes
    either = {"oneOf": [drg, dip]}
    return {
        WHAT_IF: _one("what_if", "What another code would change", _NEUTRAL, asked, either, problem),
        STAYS: _kept(stay, kept, problem),
        SIMULATE: _one("simulate", "What another policy would change", _SIMULATED, simulation, simulated, problem),
        INDICES: _one("indices", "CMI, cost and time index of any set of cases", _INDEXED, indices, indexed, problem),
    }


def _refusals(problem: dict[str, Any], *statuses: str) -> dict[str, Any]:
    return {one: {"description": _WORDS[one], "content": {MEDIA_TYPE: {"schema": problem}}} for one in statuses}


def _one(
    name: str, summary: str, description: str, request: dict[str, Any], answer: dict[str, Any], problem: dict[str, Any]
) -> dict[str, Any]:
    statuses = ("400", "401", "413", "422", *(() if name == "what_if" else ("503",)))
    return {
        "post": {
            "operationId": name,
            "summary": summary,
            "description": description,
            "security": [{"key": []}],
            "requestBody": {"required": True, "content": {_JSON: {"schema": request}}},
            "responses": {
                "200": {"description": "The answer", "content": {_JSON: {"schema": answer}}},
                **_refusals(problem, *statuses),
            },
        }
    }


def _kept(stay: dict[str, Any], kept: dict[str, Any], problem: dict[str, Any]) -> dict[str, Any]:
    return {
        "post": {
            "operationId": "take_in_stays",
            "summary": "Keep settled stays, streamed",
            "description": "One settled stay a line in, one answer a line out, in the same order: what was kept, once "
            "it is durable, or a problem document. A stay that is sent again takes its own place.",
            "security": [{"key": []}],
            "requestBody": {"required": True, "content": {NDJSON: {"schema": stay}}},
            "responses": {
                "200": {
                    "description": "A line for each line of the request",
                    "content": {NDJSON: {"schema": {"oneOf": [kept, problem]}}},
                },
                **_refusals(problem, "401"),
            },
        }
    }

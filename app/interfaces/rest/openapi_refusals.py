"""Refusals that any operation may give (统一拒绝): who may not, who asks too much, and when there is no room."""

from typing import Any

from app.interfaces.errors import MEDIA_TYPE
from app.interfaces.work import WorkTable

_RETRY_AFTER = {
    "Retry-After": {"description": "Seconds until it is worth while to ask again", "schema": {"type": "integer"}}
}
_SHARED = {
    "Forbidden": "The caller may not do this, or not there",
    "RateLimited": "The caller asks for more than its share",
    "NoRoom": "There is no room for this request now; order entry goes first, and is itself never refused",
}


def add_refusals(document: dict[str, Any], problem: dict[str, Any]) -> None:
    """Adds to every operation what the gate and the admission before it may answer (gate.py, admission.py)."""
    document["components"]["responses"] = {name: _refusal(text, problem) for name, text in _SHARED.items()}
    for name in ("RateLimited", "NoRoom"):
        document["components"]["responses"][name]["headers"] = _RETRY_AFTER
    table = WorkTable()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            responses = operation["responses"]
            if operation.get("security"):
                responses.setdefault("403", _shared("Forbidden"))
            if table.of({"method": method.upper(), "path": path}) is not None:
                responses.setdefault("429", _shared("RateLimited"))
                responses.setdefault("503", _shared("NoRoom"))
            operation["responses"] = dict(sorted(responses.items()))


def _shared(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/responses/{name}"}


def _refusal(text: str, problem: dict[str, Any]) -> dict[str, Any]:
    return {"description": text, "content": {MEDIA_TYPE: {"schema": problem}}}

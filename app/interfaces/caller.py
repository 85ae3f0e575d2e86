"""The caller of a request (调用方), as the gate found them: endpoints ask here and nowhere else."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Request

from app.domain.access import Caller

KEY = "mingjian.caller"  # in the scope of a request that the gate let through


def caller_in(scope: Mapping[str, Any]) -> Caller:
    """Raises RuntimeError where the gate did not see the request: nobody is let in by a missing check."""
    caller = scope.get(KEY)
    if not isinstance(caller, Caller):
        raise RuntimeError(f"{scope.get('path')} was reached without the gate; name it in app/interfaces/operations.py")
    return caller


def signed_in(request: Request) -> Caller:
    """The same, as a dependency of FastAPI."""
    return caller_in(request.scope)


SignedIn = Annotated[Caller, Depends(signed_in)]  # as an argument of an endpoint

"""What the framework refuses or breaks at (框架拒绝), said as a problem document like every other refusal."""

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from app.application.authorise import OutOfScope
from app.interfaces.asgi import REFERENCE
from app.interfaces.errors import (
    MEDIA_TYPE,
    FieldError,
    Problem,
    database_unavailable,
    internal_error,
    method_not_allowed,
    not_served,
    out_of_scope,
    problem_headers,
)
from app.interfaces.observe.request_id import note_refusal, reference
from app.store.history import Unavailable


def answer_refusals(app: FastAPI) -> None:
    """Make it so for all routes of the application."""
    app.add_exception_handler(Problem, _problem)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _http_error)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _invalid)  # type: ignore[arg-type]
    app.add_exception_handler(Unavailable, _unavailable)
    app.add_exception_handler(OutOfScope, _out_of_scope)
    app.add_exception_handler(Exception, _broken)


def _problem(_: Request, problem: Problem) -> Response:
    note_refusal(problem.reason)
    return Response(problem.encode(), problem.status, problem_headers(problem), MEDIA_TYPE)


def _http_error(request: Request, error: HTTPException) -> Response:
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        return _problem(request, method_not_allowed(request.method, request.url.path, allowed))
    if error.status_code == 404:
        return _problem(request, not_served(request.method, request.url.path))
    return _problem(request, Problem(error.status_code, "http-error", str(error.detail)))


def _invalid(request: Request, error: RequestValidationError) -> Response:
    faults = tuple(FieldError("/" + "/".join(map(str, one["loc"])), one["msg"]) for one in error.errors())
    return _problem(request, Problem(422, "invalid-request", "A parameter is not valid", errors=faults))


def _unavailable(request: Request, _: Exception) -> Response:
    return _problem(request, database_unavailable())


def _out_of_scope(request: Request, _: Exception) -> Response:
    return _problem(request, out_of_scope())


def _broken(request: Request, _: Exception) -> Response:
    """What is answered; the error itself goes on to FastLane, which logs it."""
    return _problem(request, internal_error(request.scope.setdefault(REFERENCE, reference())))

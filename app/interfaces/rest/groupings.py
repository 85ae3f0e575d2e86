"""POST /v1/groupings/drg, /v1/groupings/dip and their /bulk: the group of one case, or of a stream of cases."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import msgspec

from app.application.group_stays import dip_answer, drg_answer, unknown_codes
from app.application.scheme_shelf import SchemeShelf, UnknownScheme
from app.application.stay_input import BadStay, StayInput, read_stay
from app.grouper.dip_catalogue import DipCatalogue
from app.grouper.dip_result import DipFacts
from app.grouper.scheme import Scheme
from app.interfaces.asgi import Receive, Scope, Send, read_body, respond
from app.interfaces.errors import FieldError, Problem, decode_problem
from app.interfaces.rest.ndjson import UNREADABLE, answer_lines_at_once

DRG, DIP = "/v1/groupings/drg", "/v1/groupings/dip"

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode


class GroupingEndpoints:
    """`scheme`, `trace` and `translate` stand in the body, or beside the path as ?scheme=…&trace=true."""

    def __init__(self, shelf: SchemeShelf, max_body: int, max_line: int) -> None:
        self._shelf, self._max_body, self._max_line = shelf, max_body, max_line

    async def drg(self, scope: Scope, receive: Receive, send: Send) -> None:
        document = {**query_of(scope), **read_object(await read_body(scope, receive, self._max_body))}
        scheme = await drg_scheme(self._shelf, document)
        case = stay_in(document)
        answer = _grouped(scheme, case, document)
        if scheme.status:
            answer["notice"] = scheme.status
        if doubts := unknown_codes(scheme, case):
            answer["complaints"] = (*answer.get("complaints", ()), *doubts)
        await respond(send, 200, _encode({"scheme": scheme.id, "revision": scheme.revision, **answer}))

    async def drg_bulk(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = query_of(scope)
        scheme = await drg_scheme(self._shelf, asked)

        def answer(line: bytes) -> bytes:
            document = read_object(line)
            return _encode(_grouped(scheme, stay_in(document), asked))

        await answer_lines_at_once(scope, receive, send, answer, limit=self._max_line)

    async def dip(self, scope: Scope, receive: Receive, send: Send) -> None:
        document = {**query_of(scope), **read_object(await read_body(scope, receive, self._max_body))}
        catalogue = await dip_catalogue(self._shelf, document)
        await respond(send, 200, _encode({"scheme": catalogue.meta.id, **_grouped_dip(catalogue, document, document)}))

    async def dip_bulk(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = query_of(scope)
        catalogue = await dip_catalogue(self._shelf, asked)

        def answer(line: bytes) -> bytes:
            return _encode(_grouped_dip(catalogue, read_object(line), asked))

        await answer_lines_at_once(scope, receive, send, answer, limit=self._max_line)


def _grouped(scheme: Scheme, case: StayInput, asked: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return drg_answer(scheme, case, translate=flag(asked, "translate"), trace=flag(asked, "trace"))
    except ValueError as error:
        detail = "This scheme has no code maps: send codes of its own edition, without `translate`."
        raise Problem(422, "invalid-request", "Codes cannot be translated here", detail) from error


def _grouped_dip(catalogue: DipCatalogue, document: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    facts = part_of(document, "facts", DipFacts)
    _, answer = dip_answer(catalogue, stay_in(document), facts, explain=flag(asked, "trace"))
    return answer


def query_of(scope: Scope) -> dict[str, Any]:
    sent = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    return {name: values[-1] for name, values in sent.items() if name in ("scheme", "trace", "translate")}


def read_object(body: bytes) -> dict[str, Any]:
    """The body as a JSON object. Raises Problem."""
    try:
        return _decode(body)
    except UNREADABLE as error:
        raise decode_problem(error) from None


def flag(document: Mapping[str, Any], name: str) -> bool:
    """A switch of the request, false where it is not given. Raises Problem for what is neither true nor false."""
    value = document.get(name, False)
    if value in (True, False):
        return bool(value)
    if value in ("true", "1", "false", "0"):
        return value in ("true", "1")
    detail = f"`{name}` is true or false."
    raise Problem(422, "invalid-request", "The request is not valid", detail, (FieldError(f"/{name}", detail),))


def stay_in(document: Mapping[str, Any]) -> StayInput:
    """The case that a request tells. Raises Problem."""
    try:
        return read_stay(document)
    except BadStay as error:
        detail = str(error)
        raise Problem(
            422, "invalid-request", "The case cannot be read", detail, (FieldError(error.field, detail),)
        ) from None


def part_of(document: Mapping[str, Any], name: str, shape: Any) -> Any:
    """A part of the request as its type, None where it is not given. Raises Problem."""
    told = document.get(name)
    if told is None:
        return None
    try:
        return msgspec.convert(told, shape, strict=False)
    except (msgspec.ValidationError, ArithmeticError) as error:
        fault = FieldError(f"/{name}", str(error))
        raise Problem(422, "invalid-request", f"`{name}` cannot be read", str(error), (fault,)) from None


async def drg_scheme(shelf: SchemeShelf, document: Mapping[str, Any]) -> Scheme:
    """The DRG scheme that a request names. Raises Problem."""
    try:
        return await shelf.drg(scheme_name(document))
    except UnknownScheme as error:
        raise unknown_scheme(error) from None


async def dip_catalogue(shelf: SchemeShelf, document: Mapping[str, Any]) -> DipCatalogue:
    """The DIP catalogue that a request names. Raises Problem."""
    try:
        return await shelf.dip(scheme_name(document))
    except UnknownScheme as error:
        raise unknown_scheme(error) from None


def scheme_name(document: Mapping[str, Any]) -> str:
    name = document.get("scheme")
    if isinstance(name, str) and name:
        return name
    detail = "Name the scheme: `scheme` in the body, or ?scheme=…; GET /v1/schemes lists them."
    raise Problem(422, "invalid-request", "The scheme is missing", detail, (FieldError("/scheme", detail),))


def unknown_scheme(error: UnknownScheme) -> Problem:
    fault = FieldError("/scheme", str(error))
    return Problem(422, "unknown-scheme", "There is no such scheme, or it cannot be used", str(error), (fault,))

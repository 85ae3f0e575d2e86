"""POST /v1/history takes in past claims; DELETE /v1/encounters/{encounter}/lines/{line} withdraws a line."""

from contextlib import suppress
from urllib.parse import parse_qs, unquote_to_bytes

import msgspec

from app.application.authorise import OutOfScope, check_facility, check_place, place_of
from app.application.keep_history import HistoryKeeper
from app.domain.encounter import Encounter
from app.interfaces.asgi import Receive, Scope, Send
from app.interfaces.caller import caller_in
from app.interfaces.errors import FieldError, Problem, decode_problem, method_not_allowed, not_recorded, out_of_scope
from app.interfaces.rest.ndjson import UNREADABLE, answer_lines
from app.store.audit_log import NotRecorded

PAST_CLAIMS = "/v1/history"
ENCOUNTERS = "/v1/encounters"

_decode = msgspec.json.Decoder(Encounter).decode
_encode = msgspec.json.Encoder().encode
_ID_LENGTH = 64
_IN_FLIGHT = 256  # encounters that wait for the same commit


class HistoryEndpoints:
    """`keeper` None: the settings say that nothing is kept of the past."""

    def __init__(self, keeper: HistoryKeeper | None, max_line: int) -> None:
        self._keeper, self._max_line = keeper, max_line

    async def take_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An encounter a line; a bad line gets a problem document, the others are taken in."""
        caller, keeper = caller_in(scope), self._in_use()

        async def answer(line: bytes) -> bytes:
            try:
                encounter = _decode(line)
            except UNREADABLE as error:
                raise decode_problem(error, "The line") from None
            try:
                check_place(caller, place_of(encounter))
            except OutOfScope:
                raise out_of_scope() from None
            try:
                return _encode(await keeper.keep(encounter))
            except NotRecorded:
                raise not_recorded() from None

        await answer_lines(scope, receive, send, answer, limit=self._max_line, in_flight=_IN_FLIGHT)

    async def serve_encounters(self, scope: Scope, _: Receive, send: Send) -> None:
        """What lies below /v1/encounters: the ids are read from the path as it was sent, so they may hold a slash."""
        encounter, line = _ids_of(scope)
        if scope["method"] != "DELETE":
            raise method_not_allowed(scope["method"], scope["path"], "DELETE")
        caller = caller_in(scope)
        facility = _facility_of(scope)
        check_facility(caller, facility)
        try:
            is_known = await self._in_use().withdraw(facility, encounter, line, caller=caller.id)
        except NotRecorded:
            raise not_recorded() from None
        if not is_known:
            raise _unknown_line(facility, encounter, line)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def _in_use(self) -> HistoryKeeper:
        if self._keeper is None:
            detail = "MINGJIAN_KEEP_HISTORY is off: an audit knows of the past only what its request tells."
            raise Problem(409, "history-not-kept", "This service keeps no history", detail)
        return self._keeper


def _ids_of(scope: Scope) -> tuple[str, str]:
    sent: bytes = scope.get("raw_path") or scope["path"].encode()
    parts = sent.partition(b"?")[0].removeprefix(ENCOUNTERS.encode()).split(b"/")
    try:
        _, encounter, word, line = [unquote_to_bytes(part).decode() for part in parts]
    except ValueError:
        encounter = word = line = ""
    if not encounter or word != "lines" or not line:
        detail = f"Only {ENCOUNTERS}/{{encounter}}/lines/{{line}} is served here; write a slash within an id as %2F."
        raise Problem(404, "not-found", "Not Found", detail)
    return encounter, line


def _facility_of(scope: Scope) -> str:
    sent: list[str] = []
    with suppress(ValueError):  # what is not text is not there
        sent = parse_qs(scope.get("query_string", b"").decode("ascii"), errors="strict").get("facility", [])
    if len(sent) != 1 or not 0 < len(sent[0]) <= _ID_LENGTH:
        detail = "Add ?facility=… once: the facility of the encounter. Two facilities may give the same encounter id."
        fault = FieldError("/query/facility", detail)
        raise Problem(422, "invalid-request", "The facility is missing", detail, (fault,))
    return sent[0]


def _unknown_line(facility: str, encounter: str, line: str) -> Problem:
    asked = [one[:_ID_LENGTH] for one in (line, encounter, facility)]
    detail = (
        "The history knows no line {!r} in encounter {!r} of facility {!r}; check the three ids. A line is known once "
        "it was audited or taken in.".format(*asked)
    )
    return Problem(404, "not-found", "There is no such line", detail)

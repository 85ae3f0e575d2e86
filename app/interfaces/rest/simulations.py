"""POST /v1/stays keeps settled stays; /v1/settlements/simulate and /indices price a set of them."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import date
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from app.application.authorise import OutOfScope, check_facility, limited
from app.application.case_set import MOST_CASES, TooManyCases, check_told, told_chunks
from app.application.index_cases import By, Indexer
from app.application.keep_stays import StayKeeper
from app.application.preview_settlement import BadFacts, NoParameters
from app.application.pricing import PriceBy, Pricer, pricer_of
from app.application.scheme_shelf import SchemeShelf, UnknownScheme
from app.application.simulate import Chunks, Simulator, UnknownCase, over_all
from app.application.simulation_result import CaseKey
from app.application.stay_input import BadStay
from app.domain.access import Caller
from app.domain.line import Code
from app.domain.settled_stay import SettledStay
from app.interfaces.asgi import ClientGone, Receive, Scope, Send, read_body, respond
from app.interfaces.caller import caller_in
from app.interfaces.errors import FieldError, Problem, decode_problem, not_recorded, out_of_scope
from app.interfaces.rest.ndjson import UNREADABLE, answer_lines
from app.store.audit_log import NotRecorded
from app.store.history import Unavailable
from app.store.stays import StayFilter

STAYS, SIMULATE, INDICES = "/v1/stays", "/v1/settlements/simulate", "/v1/settlements/indices"
_IN_FLIGHT = 256
_encode = msgspec.json.Encoder().encode
T = TypeVar("T")

Names = Annotated[tuple[Code, ...], Meta(max_length=1000)]
Top = Annotated[int, Meta(ge=1, le=1000)]


class StaySelection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which of the stays that are kept; what is not given is no condition. Both days are included."""

    facilities: Names = ()
    departments: Names = ()
    discharged_from: date | None = None
    discharged_to: date | None = None

    def __post_init__(self) -> None:
        if self.discharged_from and self.discharged_to and self.discharged_to < self.discharged_from:
            raise ValueError(f"`discharged_to` {self.discharged_to} is before `discharged_from`; swap them")


class CasesRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Either `stays`, those that are kept (all of them, unless selected), or `cases`, told here: each with `stay`,
    `encounter` or `case`, and `facility`, `department`, `discharge_date` and `facts` where known.
    """

    stays: StaySelection | None = None
    cases: list[dict[str, Any]] | None = None
    top: Top = 50

    def __post_init__(self) -> None:
        if self.stays is not None and self.cases is not None:
            raise ValueError("`stays` and `cases` are both given; keep one of them")


class SimulationRequest(CasesRequest, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """`top`: rows of departments, groups and moves. `moved_limit`: cases told that move between groups, the first of
    them after `moved_after`, which an answer gives as `moved.next`.
    """

    before: PriceBy = msgspec.field(name="from")
    to: PriceBy
    moved_limit: Annotated[int, Meta(ge=0, le=1000)] = 100
    moved_after: CaseKey | None = None


class IndicesRequest(CasesRequest, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """By which scheme the cases are grouped and weighed, and by what they are told apart."""

    by_scheme: PriceBy = msgspec.field(name="scheme")
    by: By = By.DEPARTMENT


class SimulationEndpoints:
    """One set is priced at a time; the others wait, so that audits go on."""

    def __init__(self, shelf: SchemeShelf, keeper: StayKeeper, max_body: int, max_line: int) -> None:
        self._shelf, self._keeper = shelf, keeper
        self._max_body, self._max_line = max_body, max_line
        self._turn = asyncio.Semaphore(1)
        self._read_stay = msgspec.json.Decoder(SettledStay).decode
        self._read_simulation = msgspec.json.Decoder(SimulationRequest).decode
        self._read_indices = msgspec.json.Decoder(IndicesRequest).decode

    async def take_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A settled stay a line; a bad line gets a problem document, the others are taken in."""
        caller = caller_in(scope)

        async def answer(line: bytes) -> bytes:
            stay = _decoded(self._read_stay, line, "The line")
            try:
                check_facility(caller, stay.facility.id)
                return _encode(await self._keeper.keep(stay))
            except OutOfScope:
                raise out_of_scope() from None
            except NotRecorded:
                raise not_recorded() from None

        await answer_lines(scope, receive, send, answer, limit=self._max_line, in_flight=_IN_FLIGHT)

    async def simulate(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = _decoded(self._read_simulation, await read_body(scope, receive, self._max_body))
        simulator = Simulator(
            await self._pricer(asked.before, "/from"),
            await self._pricer(asked.to, "/to"),
            moved_limit=asked.moved_limit,
            moved_after=asked.moved_after,
        )
        await _unless_gone(receive, self._priced(asked, caller_in(scope), simulator.add))
        try:
            result = await asyncio.to_thread(simulator.result, asked.top)
        except UnknownCase as error:
            raise _invalid(str(error), "/moved_after") from None
        await respond(send, 200, _encode(result))

    async def indices(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = _decoded(self._read_indices, await read_body(scope, receive, self._max_body))
        indexer = Indexer(await self._pricer(asked.by_scheme, "/scheme"), asked.by)
        await _unless_gone(receive, self._priced(asked, caller_in(scope), indexer.add))
        await respond(send, 200, _encode(await asyncio.to_thread(indexer.result, asked.top)))

    async def _pricer(self, asked: PriceBy, where: str) -> Pricer:
        try:
            return await pricer_of(self._shelf, asked)
        except UnknownScheme as error:
            fault = FieldError(f"{where}/scheme", str(error))
            title = "There is no such scheme, or it cannot be used"
            raise Problem(422, "unknown-scheme", title, str(error), (fault,)) from None
        except NoParameters as error:
            fault = FieldError(where, str(error))
            raise Problem(422, "no-payment-parameters", "This scheme cannot price", str(error), (fault,)) from None
        except BadFacts as error:
            raise _invalid(str(error), f"{where}/parameters") from None

    async def _priced(self, asked: CasesRequest, caller: Caller, work: Callable[[Any], None]) -> None:
        """Feed all cases to the work."""
        try:
            chunks = await self._chunks(asked, caller)
            async with self._turn:
                await over_all(chunks, work)
        except TooManyCases as error:
            raise Problem(422, "too-many-cases", "There are too many cases for one call", str(error)) from None
        except BadStay as error:
            raise _invalid(str(error), error.field) from None
        except Unavailable:
            detail = "The kept stays cannot be read now; send the same request again."
            raise Problem(503, "database-unavailable", "The database does not answer", detail) from None

    async def _chunks(self, asked: CasesRequest, caller: Caller) -> Chunks:
        if asked.cases is not None:
            check_told(asked.cases)
            return told_chunks(asked.cases)
        some = asked.stays or StaySelection()
        selected = StayFilter(some.facilities, some.departments, some.discharged_from, some.discharged_to)
        wanted = limited(selected, caller.scope)
        if (count := await self._keeper.count(wanted)) > MOST_CASES:
            raise TooManyCases(f"{count} stays; at most {MOST_CASES} are priced in a call: select a shorter time")
        return self._keeper.chunks(wanted)


def _decoded(decode: Callable[[bytes], T], body: bytes, what: str = "The body") -> T:
    try:
        return decode(body)
    except UNREADABLE as error:
        raise decode_problem(error, what) from None


def _invalid(detail: str, pointer: str) -> Problem:
    return Problem(422, "invalid-request", "The request is not valid", detail, (FieldError(pointer, detail),))


async def _unless_gone(receive: Receive, work: Coroutine[Any, Any, None]) -> None:
    """Do the work, and give it up when the client hangs up. Raises ClientGone, and what the work raises."""
    working, gone = asyncio.create_task(work), asyncio.create_task(_gone(receive))
    try:
        await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientGone
        await working
    finally:
        for task in (working, gone):
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

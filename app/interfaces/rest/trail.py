"""GET /v1/trail/…: the signed checkpoint, entries, and proofs that anybody can check offline."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel

from app.application.authorise import check_everywhere
from app.application.read_trail import NotYet, TrailReader
from app.interfaces.caller import SignedIn
from app.interfaces.errors import Problem, not_found
from app.store.trail import StoredEntry
from app.trail.proof_file import proof_lines

_TEXT = "text/plain; charset=utf-8"


class TrailEntryView(BaseModel):
    """An entry as it is kept: `body` are the exact bytes that are hashed, as text."""

    seq: int
    kind: str
    subject: str
    body: str
    leaf: str


class TrailEntryList(BaseModel):
    entries: list[TrailEntryView]


F = TypeVar("F", bound=Callable[..., Any])
_Size = Annotated[int, Query(ge=0, le=2**62)]
_Seq = Annotated[int, Path(ge=0, le=2**62)]
_AS_TEXT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}


def trail_router(reader: TrailReader) -> APIRouter:
    routes = APIRouter(prefix="/v1/trail", dependencies=[Depends(_of_everything)])
    _add_entries(routes, reader)
    _add_texts(routes, reader)
    return routes


def _of_everything(caller: SignedIn) -> None:
    """The trail is one for the whole installation."""
    check_everywhere(caller)


def _add_entries(routes: APIRouter, reader: TrailReader) -> None:
    @routes.get("/entries", summary="The entries about an audit, a finding, a ruleset, …")
    async def list_entries(subject: Annotated[str, Query(min_length=1, max_length=128)]) -> TrailEntryList:
        return TrailEntryList(entries=[_view(one) for one in await reader.about(subject)])

    @routes.get("/entries/{seq}", summary="One entry")
    async def show_entry(seq: _Seq) -> TrailEntryView:
        found = await reader.entry(seq)
        if found is None:
            raise not_found("trail entry", str(seq))
        return _view(found)


def _add_texts(routes: APIRouter, reader: TrailReader) -> None:
    def text(path: str, summary: str) -> Callable[[F], F]:
        return routes.get(path, summary=summary, response_class=Response, responses=_AS_TEXT)

    @text("/checkpoint", "The latest signed checkpoint (C2SP signed note)")
    async def show_checkpoint() -> Response:
        found = await reader.checkpoint()
        if found is None:
            raise _not_yet("nothing was appended yet")
        return Response(found.note, media_type=_TEXT, headers={"cache-control": "no-store"})

    @text("/entries/{seq}/proof", "A self-contained proof file (C2SP tlog-proof) of an entry")
    async def show_proof(seq: _Seq) -> Response:
        try:
            found = await reader.proof_file(seq)
        except NotYet as error:
            raise _not_yet(str(error)) from None
        name = f'attachment; filename="entry-{seq}.tlog-proof"'
        return Response(found.encode(), media_type=_TEXT, headers={"content-disposition": name})

    @text("/proof/inclusion", "The hashes from an entry to the root of a tree, in base64, one a line")
    async def show_inclusion(seq: _Size, size: _Size) -> Response:
        return await _proof(reader.inclusion_proof(seq, size))

    @text("/proof/consistency", "The hashes that show a tree to extend a smaller one, in base64, one a line")
    async def show_consistency(old: _Size, size: _Size) -> Response:
        return await _proof(reader.consistency_proof(old, size))


async def _proof(made: Awaitable[list[bytes]]) -> Response:
    try:
        return Response(proof_lines(await made), media_type=_TEXT)
    except ValueError as error:
        detail = f"{error}; the checkpoint tells the size."
        raise Problem(422, "invalid-request", "There is no such proof", detail) from None


def _not_yet(detail: str) -> Problem:
    return Problem(404, "not-found", "There is no such thing in the trail yet", detail)


def _view(one: StoredEntry) -> TrailEntryView:
    body = one.body.decode("utf-8", "replace")
    return TrailEntryView(seq=one.seq, kind=one.kind, subject=one.subject, body=body, leaf=one.leaf.hex())

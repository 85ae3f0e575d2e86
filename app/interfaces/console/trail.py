"""The trail page (存证与审计): the latest checkpoint, proofs to take away, and who looked at what."""

import asyncio
from datetime import datetime, timedelta
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends, Path, Request, Response

from app.application.authorise import is_everywhere
from app.application.read_trail import NotYet, TrailReader
from app.application.verify_trail import TrailVerifier
from app.interfaces.caller import SignedIn
from app.interfaces.console.page_route import PageRoute
from app.interfaces.console.pages import HEADERS, Pages
from app.interfaces.console.people import People
from app.interfaces.console.system_words import CHINA, KIND_LABELS, told_details
from app.interfaces.console.trail_words import told_entry
from app.interfaces.errors import out_of_scope
from app.store.access_log import AccessLog
from app.store.notice_tables import ACCESS_KINDS
from app.store.packing import microseconds
from app.store.trail import StoredCheckpoint, TrailStore
from app.trail.note import BadNote, read_note

PAGE = "/console/trail"
_VERIFIED = 1_000  # entries that the button looks at
_PATIENCE = 8.0
_MOST_SHOWN = 200
_LONGEST = 128


class TrailDesk(NamedTuple):
    """`witnesses`: the names of those that are asked to cosign."""

    pages: Pages
    store: TrailStore
    verifier: TrailVerifier
    access: AccessLog
    people: People
    witnesses: tuple[str, ...]


def trail_pages(desk: TrailDesk) -> APIRouter:
    routes = APIRouter(include_in_schema=False, route_class=PageRoute, dependencies=[Depends(_of_everything)])
    reader = TrailReader(desk.store)
    _add_page(routes, desk, reader)
    _add_proofs(routes, desk, reader)
    return routes


def _add_page(routes: APIRouter, desk: TrailDesk, reader: TrailReader) -> None:
    @routes.get(PAGE)
    async def show(request: Request) -> Response:
        asked = {name: request.query_params.get(name, "").strip()[:_LONGEST] for name in _ASKED}
        checkpoint, size = await reader.checkpoint(), await desk.store.size()
        entries = (await reader.about(asked["subject"]))[-_MOST_SHOWN:] if asked["subject"] else []
        return desk.pages.page(
            request,
            "trail.html",
            title="存证与审计",
            asked=asked,
            size=size,
            checkpoint=checkpoint,
            signed=_signed(checkpoint, desk.witnesses),
            entries=[(one, told_details(one.body)) for one in entries],
            kinds=KIND_LABELS,
            told_entry=told_entry,
            access_kinds={name: KIND_LABELS[name] for name in ACCESS_KINDS},
            **await _accesses(desk, asked),
        )


def _add_proofs(routes: APIRouter, desk: TrailDesk, reader: TrailReader) -> None:
    @routes.post(f"{PAGE}/verify")
    async def verify() -> Response:
        size = await desk.store.size()
        try:
            async with asyncio.timeout(_PATIENCE):
                found = await desk.verifier.verify(since=max(0, size - _VERIFIED), most_faults=20)
        except TimeoutError:
            return desk.pages.part("_verified.html", found=None, size=size)
        return desk.pages.part("_verified.html", found=found, size=size)

    @routes.get(f"{PAGE}/entries/{{seq}}/proof")
    async def proof(seq: Annotated[int, Path(ge=0, le=2**62)]) -> Response:
        try:
            found = await reader.proof_file(seq)
        except NotYet:
            return desk.pages.part("_fault.html", status=404, fault="该条目尚未被检查点覆盖，或不存在；请十秒后再试。")
        name = f'attachment; filename="entry-{seq}.tlog-proof"'
        return Response(found.encode(), media_type="text/plain", headers={**HEADERS, "content-disposition": name})


_ASKED = ("subject", "kind", "actor", "from", "to", "before")


def _of_everything(caller: SignedIn) -> None:
    """The trail is one for the whole installation."""
    if not is_everywhere(caller.scope):
        raise out_of_scope()


async def _accesses(desk: TrailDesk, asked: dict[str, str]) -> dict[str, Any]:
    account, actor = await desk.people.names(), asked["actor"]
    by_name = {one.login: one.id for one in (await desk.people.known()).values()}
    found = await desk.access.latest(
        kind=asked["kind"],
        actor=by_name.get(actor.casefold(), actor),
        since=_midnight(asked["from"], 0) or 0,
        until=_midnight(asked["to"], 1) or 2**62,
        before=int(asked["before"]) if asked["before"].isdecimal() and len(asked["before"]) < 19 else 2**62,
    )
    return {"accesses": found, "account": account}


def _midnight(told: str, days: int) -> int | None:
    try:
        day = datetime.strptime(told, "%Y-%m-%d").replace(tzinfo=CHINA)
        return microseconds(day + timedelta(days=days))
    except (ValueError, OverflowError):
        return None


def _signed(checkpoint: StoredCheckpoint | None, witnesses: tuple[str, ...]) -> list[tuple[str, bool]]:
    """Each witness, and whether it has cosigned the latest checkpoint."""
    if checkpoint is None:
        return [(one, False) for one in witnesses]
    try:
        names = {one.name for one in read_note(checkpoint.note).signatures}
    except BadNote:
        names = set()
    return [(one, one in names) for one in witnesses]

"""The dossier (申诉书): a case as a PDF, in which the proofs of its entries in the trail are attached files."""

import asyncio
import io
from typing import NamedTuple

from fastapi import APIRouter, Path, Request, Response
from pypdf import PdfReader, PdfWriter

from app.application.finding_file import FindingFiles, Proof
from app.domain.access import Caller
from app.interfaces.caller import signed_in
from app.interfaces.console.dossier_pages import Told, draw
from app.interfaces.console.finding_words import DeadlineClock
from app.interfaces.console.people import People
from app.interfaces.errors import not_found
from app.trail.proof_file import SUFFIX

DOSSIER = "/v1/findings/{finding_id}/dossier"


class Dossier(NamedTuple):
    content: bytes
    name: str

    @property
    def headers(self) -> dict[str, str]:
        return {
            "content-disposition": f'attachment; filename="{self.name}"',
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
        }


class Dossiers:
    def __init__(self, files: FindingFiles, people: People, clock: DeadlineClock) -> None:
        self._files, self._people, self._clock = files, people, clock

    async def make(self, finding: str, caller: Caller, what: str) -> Dossier | None:
        """None where there is no such finding for the caller. Raises Unavailable, NotRecorded."""
        found = await self._files.read(finding, caller, what)
        if found is None:
            return None
        proofs = await self._files.proofs(found.review)
        name = await self._people.names()
        told = Told(found, proofs, name, caller.name or name(caller.id), self._clock.now())
        content = await asyncio.to_thread(_with_proofs, told)
        return Dossier(content, f"dossier-{found.review.id[:16]}.pdf")


def _with_proofs(told: Told) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(draw(told))))
    for one in told.proofs:
        if one.file is not None:
            writer.add_attachment(name_of(one), one.file.encode().encode())
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def name_of(proof: Proof) -> str:
    return f"entry-{proof.seq}{SUFFIX}"


def dossier_router(dossiers: Dossiers) -> APIRouter:
    routes = APIRouter(tags=["findings"])

    @routes.get(
        DOSSIER,
        summary="The case of a finding as a PDF, with the proofs of its entries in the trail attached",
        response_class=Response,
        responses={200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}},
    )
    async def show_dossier(request: Request, finding_id: str = Path(max_length=64)) -> Response:
        made = await dossiers.make(finding_id, signed_in(request), f"GET {DOSSIER}")
        if made is None:
            raise not_found("finding", finding_id)
        return Response(made.content, 200, made.headers, "application/pdf")

    return routes

"""/v1/findings/{finding_id}/attachments: proof that is added to a finding (附件), and read again."""

import re
from email.message import Message
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Header, Path, Request, Response

from app.application.attach_to_finding import TYPES, AttachmentDesk
from app.application.record_read import ReadRecorder
from app.domain.review_command import NotAllowed
from app.interfaces.asgi import read_body
from app.interfaces.caller import SignedIn
from app.interfaces.errors import Problem, not_found, not_recorded
from app.interfaces.rest.bodies import refusals, schema_of
from app.interfaces.rest.finding_decisions import refused
from app.interfaces.rest.finding_explained import attachment_of
from app.interfaces.rest.finding_rows import NO_STORE, answer
from app.interfaces.rest.finding_shapes import ToldAttachment
from app.interfaces.rest.findings import FINDINGS, FindingId
from app.store.audit_log import NotRecorded
from app.store.reviews import LARGEST_ATTACHMENT, ReviewStore
from app.store.vault import LookedUp

_PATH = f"{FINDINGS}/{{finding_id}}/attachments"
_ANY = "application/octet-stream"
_SHOWN = {"content-security-policy": "default-src 'none'; sandbox", "x-content-type-options": "nosniff", **NO_STORE}
_LONGEST_NAME = 1000
_FILE = {"schema": {"type": "string", "contentMediaType": _ANY}}


def attachment_router(desk: AttachmentDesk, reviews: ReviewStore, recorder: ReadRecorder) -> APIRouter:
    routes = APIRouter(tags=["findings"])
    _add_upload(routes, desk)
    _add_download(routes, reviews, recorder)
    return routes


def _add_upload(routes: APIRouter, desk: AttachmentDesk) -> None:
    @routes.post(
        _PATH,
        status_code=201,
        summary="Add an attachment to a finding",
        description="The body is the file itself: PDF, PNG, JPEG, xlsx, docx or UTF-8 text of at most 10 MB; which it "
        "is, its bytes tell. Its name goes into `Content-Disposition` (RFC 6266), not into the address. Name the id "
        "that is answered in `attachments` of the step that it belongs to.",
        responses={
            201: {"description": "Kept", "content": {"application/json": {"schema": schema_of(ToldAttachment)}}},
            **refusals(403, 404, 413, 422, 503),
        },
        openapi_extra={"requestBody": {"required": True, "content": {_ANY: _FILE}}},
    )
    async def attach(
        finding_id: FindingId,
        request: Request,
        caller: SignedIn,
        content_disposition: Annotated[str, Header(max_length=_LONGEST_NAME)] = "",
    ) -> Response:
        content = await read_body(request.scope, request.receive, LARGEST_ATTACHMENT)
        try:
            made = await desk.attach(finding_id, _name_in(content_disposition), content, caller)
        except NotAllowed as refusal:
            raise refused(refusal) from None
        except LookupError:
            raise not_found("finding", finding_id) from None
        except NotRecorded:
            raise not_recorded() from None
        return answer(attachment_of(made), 201)


def _add_download(routes: APIRouter, reviews: ReviewStore, recorder: ReadRecorder) -> None:
    @routes.get(
        f"{_PATH}/{{attachment_id}}",
        summary="An attachment, byte for byte",
        response_class=Response,
        responses={
            200: {"description": "The file", "content": {one: {"schema": {"type": "string"}} for one in TYPES}},
            **refusals(404, 503),
        },
    )
    async def read_attachment(
        finding_id: FindingId, attachment_id: Annotated[str, Path(max_length=64)], caller: SignedIn
    ) -> Response:
        found = await reviews.attached(attachment_id, caller.scope)
        review = (await reviews.get([finding_id], caller.scope)).get(finding_id)
        if found is None or review is None or found[0].review != finding_id:
            raise not_found("attachment", attachment_id)
        one, content = found
        patients = [LookedUp(review.patient_key)] if review.patient_key else []
        try:
            await recorder.record_read(caller, f"GET {_PATH}/{{attachment_id}}", rows=1, patients=patients,
                                       subject=finding_id)  # fmt: skip
        except NotRecorded:
            raise not_recorded() from None
        name = f"attachment; filename*=UTF-8''{quote(one.name, safe='')}"
        return Response(content, headers={"content-disposition": name, **_SHOWN}, media_type=one.type)


def _name_in(disposition: str) -> str:
    """The name of the file, blank where it has none. Raises Problem for what is no such header."""
    if not disposition:
        return ""
    message = Message()
    message["content-disposition"] = re.sub(r"[\r\n]+", " ", disposition)
    try:
        return message.get_filename("") or ""
    except (ValueError, LookupError):
        raise Problem(422, "invalid-request", "Content-Disposition cannot be read", "Write it as RFC 6266.") from None

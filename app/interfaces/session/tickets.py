"""Single sign-on from the hospital system (院内单点登录): tickets for a doctor, and coming in by one."""

from datetime import datetime
from typing import Annotated
from urllib.parse import parse_qsl

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from app.application.sign_in_tickets import SignInTickets
from app.interfaces.asgi import read_body
from app.interfaces.caller import SignedIn
from app.interfaces.errors import Problem
from app.interfaces.rest.bodies import LONGEST, body_of, read, refusals
from app.interfaces.session.cookies import PublicAddress, session_token, set_session, whence
from app.interfaces.session.csrf import check_safe
from app.interfaces.session.local_path import local_path
from app.interfaces.session.refusing import refusing

_FORM = {"application/x-www-form-urlencoded": {"schema": {
    "type": "object", "required": ["ticket"],
    "properties": {"ticket": {"type": "string"}, "next": {"type": "string", "description": "a path of this service"}},
}}}  # fmt: skip


class TicketRequest(msgspec.Struct, forbid_unknown_fields=True):
    """`practitioner`: the doctor's code as in the encounters. `purpose` is why, for the records."""

    practitioner: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    purpose: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class TicketView(BaseModel):
    """Good once, until then."""

    ticket: str
    expires_at: datetime


def ticket_router(tickets: SignInTickets, public: PublicAddress) -> APIRouter:
    routes = APIRouter(tags=["session"])
    _add_issue(routes, tickets)
    _add_exchange(routes, tickets, public)
    return routes


def _add_issue(routes: APIRouter, tickets: SignInTickets) -> None:
    @routes.post(
        "/v1/tickets",
        summary="A ticket that lets one doctor in, to their own patients",
        status_code=201,
        responses=refusals(403, 413, 422, 503),
        openapi_extra=body_of(TicketRequest),
    )
    async def issue_ticket(request: Request, response: Response, caller: SignedIn) -> TicketView:
        told = await read(request, TicketRequest)
        with refusing():
            issued = await tickets.issue(told.practitioner, told.purpose, caller=caller, whence=whence(request.scope))
        response.headers["cache-control"] = "no-store"
        return TicketView(ticket=issued.token, expires_at=issued.expires_at)


def _add_exchange(routes: APIRouter, tickets: SignInTickets, public: PublicAddress) -> None:
    @routes.post(
        "/v1/session/ticket",
        summary="Come in by a ticket: the page of the hospital system sends this form",
        description="Never in an address: addresses are kept in histories and logs.",
        status_code=303,
        responses={303: {"description": "Signed in; on to `next`"}, **refusals(401, 403, 413, 415, 503)},
        openapi_extra={"requestBody": {"required": True, "content": _FORM}},
    )
    async def exchange_ticket(request: Request) -> Response:
        scope = request.scope
        check_safe(scope, public)
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
            raise Problem(415, "unsupported-media-type", "A ticket is sent by a form", "Send ticket, and maybe next.")
        body = await read_body(scope, request.receive, LONGEST)
        form = dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=None))
        with refusing():
            opened = await tickets.exchange(
                form.get("ticket", ""), whence(scope), instead_of=session_token(scope, public)
            )
        headers = {
            "location": local_path(form.get("next", "")),
            "set-cookie": set_session(scope, public, opened.token),
            "cache-control": "no-store",
            "referrer-policy": "no-referrer",
        }
        return Response(None, 303, headers)

"""POST /v1/settlements/preview: what a stay pays, before it is settled; GET /v1/schemes: which schemes there are."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from app.application.preview_settlement import BadFacts, NoParameters, facts_for, preview_dip, preview_drg
from app.application.scheme_shelf import SchemeShelf, UnknownScheme
from app.grouper.dip_result import DipFacts
from app.interfaces.asgi import Receive, Scope, Send, read_body, respond
from app.interfaces.errors import FieldError, Problem
from app.interfaces.rest.groupings import (
    flag,
    part_of,
    query_of,
    read_object,
    scheme_name,
    stay_in,
    unknown_scheme,
)

PREVIEW = "/v1/settlements/preview"
_encode = msgspec.json.Encoder().encode


class SettlementEndpoints:
    def __init__(self, shelf: SchemeShelf, max_body: int) -> None:
        self._shelf, self._max_body = shelf, max_body

    async def preview(self, scope: Scope, receive: Receive, send: Send) -> None:
        document = {**query_of(scope), **read_object(await read_body(scope, receive, self._max_body))}
        await respond(send, 200, _encode(await self._previewed(document)))

    async def _previewed(self, document: Mapping[str, Any]) -> dict[str, Any]:
        name, case = scheme_name(document), stay_in(document)
        trace, on = flag(document, "trace"), part_of(document, "on", date)
        try:
            facts = facts_for(case, part_of(document, "facts", dict[str, Any]))
            if await self._shelf.method_of(name) == "dip":
                catalogue = await self._shelf.dip(name)
                points, dip_facts = part_of(document, "point_value", Decimal), part_of(document, "dip_facts", DipFacts)
                answer = preview_dip(catalogue, case, facts, dip_facts=dip_facts, point_value=points, trace=trace)
                return {"scheme": name, "notice": str(catalogue.meta.status), **answer}
            scheme = await self._shelf.drg(name)
            translate = flag(document, "translate")
            answer = preview_drg(scheme, case, facts, on=on, trace=trace, translate=translate)
            return {"scheme": name, "revision": scheme.revision, "notice": scheme.status, **answer}
        except UnknownScheme as error:
            raise unknown_scheme(error) from None
        except NoParameters as error:
            raise Problem(422, "no-payment-parameters", "This scheme cannot price", str(error)) from None
        except BadFacts as error:
            fault = FieldError("/facts", str(error))
            raise Problem(
                422, "invalid-request", "The facts of the payment cannot be used", str(error), (fault,)
            ) from None


class SchemeView(BaseModel):
    """One scheme; `method` is drg or dip; `fault` is blank where it can be used."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    method: str
    title: str
    start: date
    end: date
    status: str
    fault: str


class SchemeList(BaseModel):
    schemes: list[SchemeView]


def scheme_router(shelf: SchemeShelf) -> APIRouter:
    routes = APIRouter()

    @routes.get("/v1/schemes", summary="The grouping schemes that can be asked")
    async def list_schemes() -> SchemeList:
        return SchemeList(schemes=[SchemeView.model_validate(one) for one in await shelf.listed()])

    return routes

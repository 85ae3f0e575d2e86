"""POST /v1/settlements/what-if: what a case would be grouped and paid as with one of its codes changed."""

import asyncio
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Annotated, Any

import msgspec

from app.application.preview_settlement import BadFacts, NoParameters, facts_for
from app.application.scheme_shelf import SchemeShelf, UnknownScheme
from app.application.what_if import MANY_CODES, UntranslatableCase, dip_what_if, drg_what_if
from app.domain.money import check_number
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

WHAT_IF = "/v1/settlements/what-if"
_encode = msgspec.json.Encoder().encode

Clue = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Clues = Annotated[list[Clue], msgspec.Meta(max_length=50)]


class WhatIfEndpoint:
    def __init__(self, shelf: SchemeShelf, max_body: int) -> None:
        self._shelf, self._max_body = shelf, max_body

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        document = {**query_of(scope), **read_object(await read_body(scope, receive, self._max_body))}
        await respond(send, 200, _encode(await self._answered(document)))

    async def _answered(self, document: Mapping[str, Any]) -> dict[str, Any]:
        name, case = scheme_name(document), stay_in(document)
        try:
            facts = facts_for(case, part_of(document, "facts", dict[str, Any]))
            clues = part_of(document, "add", Clues) or ()
            asked: dict[str, Any] = {"add": clues, "all_variants": flag(document, "all")}
            if await self._shelf.method_of(name) == "dip":
                catalogue = await self._shelf.dip(name)
                asked["point_value"] = _point_value(document)
                asked["dip_facts"] = part_of(document, "dip_facts", DipFacts)
                told: dict[str, Any] = {"scheme": name, "method": "dip", "notice": catalogue.meta.status.value}
                work: Any = partial(dip_what_if, catalogue, case, facts, **asked)
            else:
                scheme = await self._shelf.drg(name)
                asked |= {"on": part_of(document, "on", date), "translate": flag(document, "translate")}
                told = {"scheme": name, "revision": scheme.revision, "method": "drg", "notice": scheme.status}
                work = partial(drg_what_if, scheme, case, facts, **asked)
            is_large = len(case.stay.diagnoses) + len(case.stay.procedures) > MANY_CODES
            found, complaints = await asyncio.to_thread(work) if is_large else work()
        except UnknownScheme as error:
            raise unknown_scheme(error) from None
        except NoParameters as error:
            raise Problem(422, "no-payment-parameters", "This scheme cannot price", str(error)) from None
        except UntranslatableCase as error:
            raise _invalid("The codes cannot be translated", str(error), "/translate") from None
        except BadFacts as error:
            raise _invalid("The facts of the payment cannot be used", str(error), "/facts") from None
        answer = {**told, "index": case.index, "what_if": found}
        return {**answer, "complaints": complaints} if complaints else answer


def _point_value(document: Mapping[str, Any]) -> Decimal | None:
    value: Decimal | None = part_of(document, "point_value", Decimal)
    try:
        if value is not None:
            check_number(value, "point_value")
    except ValueError as error:
        raise _invalid("The point value cannot be used", str(error), "/point_value") from None
    return value


def _invalid(title: str, detail: str, pointer: str) -> Problem:
    return Problem(422, "invalid-request", title, detail, (FieldError(pointer, detail),))

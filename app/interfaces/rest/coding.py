"""POST /v1/coding/check: hints to over- and undercoding of one case, each with its evidence; nothing is recoded."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from app.application.check_coding import CodingInput, TooMuch, coding_answer, read_input, read_knowledge
from app.application.preview_settlement import BadFacts
from app.application.scheme_shelf import SchemeShelf
from app.interfaces.asgi import Receive, Scope, Send, read_body, respond
from app.interfaces.errors import FieldError, Problem, decode_problem
from app.interfaces.rest.groupings import drg_scheme, flag, query_of, read_object, stay_in
from app.knowledge.coding_records import CodingKnowledge
from app.knowledge.pack import PackError

CHECK = "/v1/coding/check"
_LONGEST = 600  # characters of the faults that are told
_encode = msgspec.json.Encoder().encode


class CodingEndpoint:
    def __init__(self, shelf: SchemeShelf, rules_dir: Path, max_body: int) -> None:
        """The evidence tables below `rules_dir` are read when first asked for, and then kept."""
        self._shelf, self._rules_dir, self._max_body = shelf, rules_dir, max_body
        self._read: CodingKnowledge | None = None
        self._lock = asyncio.Lock()

    async def check(self, scope: Scope, receive: Receive, send: Send) -> None:
        document = {**query_of(scope), **read_object(await read_body(scope, receive, self._max_body))}
        await respond(send, 200, _encode(await self._checked(document)))

    async def _checked(self, document: Mapping[str, Any]) -> dict[str, Any]:
        scheme, case, told = await drg_scheme(self._shelf, document), stay_in(document), _input_in(document)
        knowledge = await self._knowledge()
        try:
            answer = coding_answer(scheme, knowledge, case, told, translate=flag(document, "translate"))
        except (BadFacts, msgspec.ValidationError, ArithmeticError) as error:
            raise _bad("/facts", "The facts of the case cannot be used", error) from None
        except ValueError as error:
            raise _bad("/translate", "Codes cannot be translated here", error) from None
        return {
            "scheme": scheme.id,
            "revision": scheme.revision,
            "evidence_revision": knowledge.revision,
            "notice": scheme.status,
            **answer,
        }

    async def _knowledge(self) -> CodingKnowledge:
        async with self._lock:
            if self._read is None:
                try:
                    self._read = await asyncio.to_thread(read_knowledge, self._rules_dir)
                except PackError as error:
                    told = str(error).replace(f"{self._rules_dir}/", "")[:_LONGEST]
                    detail = f"The evidence tables have faults; mend them and start again: {told}"
                    raise Problem(503, "evidence-unusable", "The evidence tables cannot be used", detail) from None
            return self._read


def _input_in(document: Mapping[str, Any]) -> CodingInput:
    try:
        return read_input(document)
    except TooMuch as error:
        raise _bad(error.field, "The request holds too much", error) from None
    except (msgspec.ValidationError, ArithmeticError) as error:
        if isinstance(error, msgspec.ValidationError):
            raise decode_problem(error) from None
        raise _bad("", "The body is not a valid request", error) from None


def _bad(pointer: str, title: str, error: Exception) -> Problem:
    return Problem(422, "invalid-request", title, str(error), (FieldError(pointer, str(error)),))

"""Forms (表单): what pages send, bounded, each field as text."""

from collections.abc import Iterable
from urllib.parse import parse_qsl

from fastapi import Request

from app.interfaces.asgi import read_body

LONGEST = 256 * 1024
_MOST_FIELDS = 2000


class Form:
    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._fields: dict[str, list[str]] = {}
        for name, value in pairs:
            self._fields.setdefault(name, []).append(value)

    def one(self, name: str, most: int = 2000) -> str:
        """The field, without the space around it; blank where it was not sent."""
        return self._fields.get(name, [""])[0].strip()[:most]

    def secret(self, name: str) -> str:
        """As it was typed."""
        return self._fields.get(name, [""])[0]

    def every(self, name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._fields.get(name, [])))

    def number(self, name: str) -> int | None:
        told = self.one(name, 12)
        return int(told) if told.isascii() and told.isdecimal() else None


async def read_form(request: Request) -> Form:
    """Raises Problem (413)."""
    body = await read_body(request.scope, request.receive, LONGEST)
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:  # too many fields
        pairs = []
    return Form(pairs)

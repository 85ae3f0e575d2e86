"""Values as PostgreSQL takes them (取值): text without the character that it cannot hold, rows as columns."""

from collections.abc import Iterable, Sequence
from typing import Any

_NUL, _SHOWN = "\0", "\N{SYMBOL FOR NULL}"


def plain(text: str) -> str:
    """JSON may hold U+0000, a text of PostgreSQL may not: it is kept as the sign for it."""
    return text.replace(_NUL, _SHOWN) if _NUL in text else text


def columns(rows: Sequence[Iterable[Any]], width: int) -> list[Sequence[Any]]:
    """One array for each column, as `unnest` takes them."""
    return list(zip(*rows, strict=True)) if rows else [()] * width

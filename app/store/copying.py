"""Copies of a database (备份副本): what a copy holds of the trail, and why one could not be made or put back."""

from typing import NamedTuple


class Copied(NamedTuple):
    """The moment that the copy shows: `size` entries of the trail, and the last checkpoint signed over them."""

    size: int
    checkpoint: str | None


class CopyFailed(Exception):
    """The text says what failed and what to do; it repeats nothing that a row holds."""

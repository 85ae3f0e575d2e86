"""Feeds in memory (外部数据快照): every record that has been given, found by what it is about.

Never changed: new records make a new snapshot, so that one audit sees one state of them all.
"""

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, TypeVar

from app.domain.feed import FeedRecord

R = TypeVar("R", bound=FeedRecord)

_Records = Mapping[Hashable, tuple[Any, ...]]  # by subject, each in order of key


class Feeds:
    """A feed that was never given is not an empty one: `find` gives None for the first, () for the other."""

    __slots__ = ("_by_shape",)

    def __init__(self, by_shape: Mapping[type[FeedRecord], _Records] | None = None) -> None:
        self._by_shape = dict(by_shape or {})

    def find(self, shape: type[R], subject: Hashable) -> tuple[R, ...] | None:
        """The records about the subject in order of their keys; None where the feed was never given."""
        records = self._by_shape.get(shape)
        return None if records is None else records.get(subject, ())

    def all_of(self, shape: type[R]) -> tuple[R, ...] | None:
        """Every record of a feed; None where it was never given."""
        records = self._by_shape.get(shape)
        return None if records is None else tuple([one for found in records.values() for one in found])

    def count(self, shape: type[FeedRecord]) -> int | None:
        """How many records a feed holds; None where it was never given."""
        records = self._by_shape.get(shape)
        return None if records is None else sum(map(len, records.values()))

    def with_records(self, shape: type[R], records: Iterable[R]) -> "Feeds":
        """A snapshot that holds these records too, each in the place of the one with its key."""
        whole = dict(self._by_shape.get(shape, {}))
        changed: dict[Hashable, dict[tuple[str, ...], R]] = {}
        for one in records:
            subject = one.subject
            if subject not in changed:
                changed[subject] = {other.key: other for other in whole.get(subject, ())}
            changed[subject][one.key] = one
        for subject, found in changed.items():
            whole[subject] = tuple([found[key] for key in sorted(found)])
        return Feeds({**self._by_shape, shape: whole})


NO_FEEDS = Feeds()

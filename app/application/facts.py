"""Facts (审核依据): what an audit was judged by beyond the request's body and the ruleset, kept with its record.

Together with the body and the ruleset's revision they make the audit again, byte for byte: the past as it was known,
what the feeds said when they were asked, and how severities were decided upon.
"""

from collections.abc import Hashable, Mapping
from typing import Any, TypeVar, cast

import msgspec
from msgspec.structs import replace

from app.domain.audit import AuditRequest
from app.domain.decision import Decision, DecisionPolicy, Severity, Stage
from app.domain.encounter import Encounter
from app.domain.feed import FEEDS, FeedRecord
from app.domain.feeds import Feeds
from app.domain.finding import DataIssue
from app.domain.line import ChargeLine, OrderLine

R = TypeVar("R", bound=FeedRecord)

_NAMES = {shape: name for name, shape in FEEDS.items()}


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """What a feed said of a subject; None: the feed was never given."""

    feed: str
    subject: str | tuple[str, ...]
    records: tuple[msgspec.Raw, ...] | None


class Facts(msgspec.Struct, frozen=True, array_like=True):
    """`request` is kept where the body is not the request itself (national interface); else the body is read again."""

    decisions: dict[Severity, Decision]
    request: AuditRequest | None
    history: tuple[Encounter, ...] | None
    added_orders: tuple[OrderLine, ...]
    added_charges: tuple[ChargeLine, ...]
    issues: tuple[DataIssue, ...]
    feeds: tuple[Answer, ...]
    coding: str = ""  # revision of the scheme and evidence tables that looked at the coding; blank: none did
    steps: int | None = None  # after which judging stopped for want of time; None: it came to its end

    def judged(self, body: bytes) -> AuditRequest:
        """The request as it was judged. Raises msgspec.DecodeError where the body is not one."""
        request = self.request or _decode_request(body)
        encounter = request.encounter
        if self.added_orders or self.added_charges:
            encounter = replace(
                encounter,
                order_lines=(*self.added_orders, *encounter.order_lines),
                charge_lines=(*self.added_charges, *encounter.charge_lines),
            )
        return replace(request, encounter=encounter, history=self.history)

    @property
    def added(self) -> frozenset[str]:
        return frozenset([line.id for line in (*self.added_orders, *self.added_charges)])

    def policy(self, stage: Stage) -> DecisionPolicy:
        return DecisionPolicy({stage: self.decisions})


_encode = msgspec.msgpack.Encoder().encode
_encode_record = msgspec.msgpack.Encoder().encode
_decode_request = msgspec.json.Decoder(AuditRequest).decode
_decode_facts = msgspec.msgpack.Decoder(Facts).decode


def read_facts(content: bytes) -> Facts:
    """Raises msgspec.DecodeError for what are no facts of this version."""
    return _decode_facts(content)


def facts_of(
    asked: AuditRequest,
    judged: AuditRequest,
    *,
    added: frozenset[str],
    is_body: bool,
    policy: DecisionPolicy,
    issues: tuple[DataIssue, ...],
    feeds: "AskedFeeds | None",
    coding: str = "",
    steps: int | None = None,
) -> bytes:
    """`asked` is what came, `judged` the same with what was known of the past; `is_body`: the body is `asked`."""
    lines = judged.encounter
    facts = Facts(
        decisions=dict(policy.at(judged.stage)),
        request=None if is_body else replace(asked, history=None),
        history=judged.history,
        added_orders=tuple([line for line in lines.order_lines if line.id in added]) if added else (),
        added_charges=tuple([line for line in lines.charge_lines if line.id in added]) if added else (),
        issues=issues,
        feeds=() if feeds is None else feeds.answers(),
        coding=coding,
        steps=steps,
    )
    return _encode(facts)


class AskedFeeds(Feeds):
    """Feeds that remember what they were asked in one audit, and what they said."""

    __slots__ = ("_asked",)

    def __init__(self, feeds: Feeds) -> None:
        self._by_shape = feeds._by_shape
        self._asked: dict[tuple[type[FeedRecord], Hashable], tuple[Any, ...] | None] = {}

    def find(self, shape: type[R], subject: Hashable) -> tuple[R, ...] | None:
        found = super().find(shape, subject)
        self._asked[shape, subject] = found
        return found

    def answers(self) -> tuple[Answer, ...]:
        return tuple(
            [
                Answer(
                    _NAMES[shape],
                    subject if isinstance(subject, str) else tuple(map(str, cast("tuple[str, ...]", subject))),
                    None if records is None else tuple([msgspec.Raw(_encode_record(one)) for one in records]),
                )
                for (shape, subject), records in self._asked.items()
            ]
        )


class ToldFeeds(Feeds):
    """Feeds that say again what they said in an audit."""

    __slots__ = ("_told",)

    def __init__(self, answers: tuple[Answer, ...]) -> None:
        super().__init__()
        self._told: Mapping[tuple[type[FeedRecord], Hashable], tuple[Any, ...] | None] = {
            (FEEDS[one.feed], one.subject): None
            if one.records is None
            else tuple([msgspec.msgpack.decode(raw, type=FEEDS[one.feed]) for raw in one.records])
            for one in answers
        }

    def find(self, shape: type[R], subject: Hashable) -> tuple[R, ...] | None:
        return self._told.get((shape, subject))

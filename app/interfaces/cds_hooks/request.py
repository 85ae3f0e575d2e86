"""Requests (服务请求): what stands in the body, read leniently, and what the client did not prefetch.

Prefetched data is found by resource type, whatever key it stands under: clients use keys of their own.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from app.interfaces.cds_hooks.bundles import Held, PlainBundle, contents_of, kind_of
from app.interfaces.errors import Problem, decode_problem

UNREADABLE = (msgspec.MsgspecError, RecursionError, ValueError, ArithmeticError)


class Why(StrEnum):
    """Why data is not there: each calls for another remedy at the client."""

    ABSENT = "absent"  # nothing was prefetched
    NULL = "null"  # the client looked, and has no such data
    EMPTY = "empty"  # a search that found nothing
    FAILED = "failed"  # an OperationOutcome: the client could not get it
    PARTIAL = "partial"  # the first page of several
    NOT_SENT = "not_sent"  # an order that the context names, and nobody sent


class Gap(NamedTuple):
    """Data that was not there."""

    what: str
    why: Why
    message: str


class Call(NamedTuple):
    """One call of a service. `kept` is the body as it is recorded: without the client's access token."""

    hook: str
    instance: str
    context: dict[str, Any]
    context_resources: list[Held]
    prefetch: dict[str, list[Held] | None]
    partial: frozenset[str]
    extension: dict[str, Any]
    kept: bytes

    def told(self, name: str) -> str:
        """A text of the context; blank for anything that is none."""
        return _text(self.context.get(name))

    @property
    def prefetched(self) -> Iterator[Held]:
        for found in self.prefetch.values():
            yield from found or ()


class _Body(msgspec.Struct, rename="camel", gc=False):
    hook: Any = None
    hook_instance: Any = None
    context: msgspec.Raw = msgspec.Raw(b"null")
    prefetch: msgspec.Raw = msgspec.Raw(b"null")
    extension: Any = None
    fhir_authorization: Any = msgspec.UNSET


class _PlainContext(msgspec.Struct, rename="camel", gc=False, forbid_unknown_fields=True):
    """What the standard names, and nothing besides: whatever else there is may be a resource."""

    user_id: str | None = None
    patient_id: str | None = None
    encounter_id: str | None = None
    selections: list[str] | None = None
    draft_orders: PlainBundle | None = None


class _PlainBody(msgspec.Struct, rename="camel", gc=False):
    hook: Any = None
    hook_instance: Any = None
    context: _PlainContext | None = None
    prefetch: msgspec.Raw = msgspec.Raw(b"null")
    extension: Any = None
    fhir_authorization: Any = msgspec.UNSET


_decode_plain = msgspec.json.Decoder(_PlainBody).decode
_decode = msgspec.json.Decoder(_Body).decode
_decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode


def read_call(body: bytes) -> Call:
    """Raises Problem: 400 for what is no JSON object."""
    try:
        body.decode()
        message, context, resources = _read(body)
        prefetch, partial = _prefetch(message.prefetch)
        return Call(
            hook=_text(message.hook),
            instance=_text(message.hook_instance)[:64],
            context=context,
            context_resources=resources,
            prefetch=prefetch,
            partial=partial,
            extension=message.extension if isinstance(message.extension, dict) else {},
            kept=body if message.fhir_authorization is msgspec.UNSET else _without_token(body),
        )
    except UNREADABLE as error:
        raise _unreadable(error) from None


def _read(body: bytes) -> tuple[_PlainBody | _Body, dict[str, Any], list[Held]]:
    """The body, and what stands in its context: of one as the standard has it in one go, of others member by member."""
    try:
        plain = _decode_plain(body)
    except msgspec.ValidationError:
        message = _decode(body)
        return message, *_context(message.context)
    told = plain.context
    if told is None:
        return plain, {}, []
    context = {
        "userId": told.user_id,
        "patientId": told.patient_id,
        "encounterId": told.encounter_id,
        "selections": told.selections,
    }
    return plain, context, [] if told.draft_orders is None else told.draft_orders.contents.resources


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _unreadable(error: Exception) -> Problem:
    if isinstance(error, msgspec.ValidationError | UnicodeDecodeError):
        return Problem(400, "malformed-json", "The body is not a JSON object in UTF-8", str(error)[:300])
    return decode_problem(error)


def _members(value: msgspec.Raw) -> dict[str, msgspec.Raw]:
    return _decode_members(value) if kind_of(value) == b"{" else {}


def _context(value: msgspec.Raw) -> tuple[dict[str, Any], list[Held]]:
    """The plain values of the context by name, and the resources that stand in it."""
    plain: dict[str, Any] = {}
    found: list[Held] = []
    for name, member in _members(value).items():
        held = contents_of(member).resources
        found += held
        if not held:
            plain[name] = msgspec.json.decode(member)
    return plain, found


def _prefetch(value: msgspec.Raw) -> tuple[dict[str, list[Held] | None], frozenset[str]]:
    """The resources under each key, None for null; and the keys under which only a part stands."""
    found: dict[str, list[Held] | None] = {}
    partial = set()
    for name, member in _members(value).items():
        contents = contents_of(member)
        found[name] = None if kind_of(member) == b"n" else contents.resources
        if contents.is_partial:
            partial.add(name)
    return found, frozenset(partial)


def _without_token(body: bytes) -> bytes:
    members = _decode_members(body)
    return _encode({name: member for name, member in members.items() if name != "fhirAuthorization"})


_NAMES = {
    "patient": ("Patient", "患者信息"),
    "encounter": ("Encounter", "就诊信息"),
    "coverage": ("Coverage", "参保信息"),
    "conditions": ("Condition", "诊断"),
}
_WHY = {
    Why.ABSENT: "没有随请求提供（本服务不回调 FHIR 服务器，请在 prefetch 中提供）",
    Why.NULL: "客户端回答没有这项数据（null）",
    Why.EMPTY: "客户端查询的结果为空",
    Why.PARTIAL: "只提供了第一页",
}


def gaps_in(call: Call) -> list[Gap]:
    """Which of the data that services ask for is not there, and why; and which is there in part only."""
    there = {held.type for held in (*call.context_resources, *call.prefetched)}
    failure = next((said for held in call.prefetched if held.type == "OperationOutcome" and (said := _said(held))), "")
    found = []
    for key, (kind, name) in _NAMES.items():
        if kind not in there:
            why = _why(call, key)
            reason = f"客户端取数失败：{failure or '未说明原因'}" if why is Why.FAILED else _WHY[why]
            found.append(Gap(f"prefetch.{key}", why, f"{name}（{kind}）{reason}"))
    for key in sorted(call.partial):
        found.append(Gap(f"prefetch.{key[:64]}", Why.PARTIAL, f"预取数据 {key[:64]} {_WHY[Why.PARTIAL]}，其余未审核"))
    return found


def _why(call: Call, key: str) -> Why:
    """By what stands under the key that the discovery asks for, or a key of the client's own that names the type."""
    word = key.removesuffix("s")
    name = key if key in call.prefetch else next((one for one in call.prefetch if word in one.lower()), None)
    if name is None:
        return Why.ABSENT
    under = call.prefetch[name]
    if under is None:
        return Why.NULL
    return Why.FAILED if any(held.type == "OperationOutcome" for held in under) else Why.EMPTY


def _said(held: Held) -> str:
    for issue in held.other.issue:
        details = "" if issue.details is None else issue.details.text
        if said := issue.diagnostics or details or issue.code:
            return said[:200]
    return ""

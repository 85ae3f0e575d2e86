"""Holds what was done about findings against its entries (核对疑点办理): every step, every attachment."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import msgspec

from app.application.verify_rows import Found, Told, was_erased
from app.store.packing import microseconds
from app.store.review_rows import plain_json
from app.store.trail import TrailStore
from app.store.trail_effects import AttachmentRow, StepRow, TrailEffects
from app.trail.entry import Body, Kind, commitment

Private = Mapping[int, tuple[bytes, bytes]]
_NOTHING = (b"", b"")
_decode = msgspec.json.Decoder().decode


async def check_reviews(effects: TrailEffects, store: TrailStore, told: Told) -> Found:
    about = [(entry, body) for entry, body in told if entry.kind == Kind.REVIEWED]
    if not about:
        return
    private = await store.private_of([entry.seq for entry, _ in about])
    async for found in _check_steps(effects, store, [one for one in about if "number" in one[1].details], private):
        yield found
    attached = [one for one in about if "attachment" in one[1].details]
    async for found in _check_attachments(effects, store, attached, private):
        yield found


async def _check_steps(effects: TrailEffects, store: TrailStore, told: Told, private: Private) -> Found:
    rows = await effects.review_steps([(entry.subject, _number(body)) for entry, body in told])
    for entry, body in told:
        row, kept = rows.get((entry.subject, _number(body))), private.get(entry.seq, _NOTHING)
        what = f"step {_number(body)} of finding {entry.subject}"
        if row is None:
            yield entry.seq, f"{what} was deleted"
            continue
        details, data = _said(row)
        if details != body.details or (row.actor, row.recorded_at) != (body.actor, microseconds(body.at)):
            yield entry.seq, f"{what} was changed"
        elif not _holds(body, kept, [row.comment, data]) and (row.comment or not await was_erased(store, entry)):
            yield entry.seq, f"comment or data of {what} were changed"


def _said(row: StepRow) -> tuple[dict[str, Any], Any]:
    """What the entry tells of a step, and the rest, to which it commits; of what no step can hold, nothing."""
    try:
        content = _decode(row.content)
    except msgspec.MsgspecError:
        return {}, None
    if not isinstance(content, dict):
        return {}, None
    details = {"number": row.number, "action": row.action}
    for name, column, blank in (
        ("from", "from_state", None), ("to", "to_state", None), ("role", "role", None), ("reason", "reason_code", ""),
    ):  # fmt: skip
        details[name] = content.pop(column, blank)
    data = content.pop("data", {})
    return ({} if content else details), data


async def _check_attachments(effects: TrailEffects, store: TrailStore, told: Told, private: Private) -> Found:
    rows = await effects.review_attachments([str(body.details["attachment"]) for _, body in told])
    for entry, body in told:
        row, kept = rows.get(str(body.details["attachment"])), private.get(entry.seq, _NOTHING)
        what = f"an attachment of finding {entry.subject}"
        if row is None:
            yield entry.seq, f"{what} was deleted"
            continue
        details = {"attachment": row.id, "type": row.type, "size": row.size, "digest": row.digest.hex()}
        said = (row.review, details, row.actor, row.recorded_at)
        if said != (entry.subject, body.details, body.actor, microseconds(body.at)):
            yield entry.seq, f"{what} was changed"
        elif not await _is_whole(effects, row, body, kept) and not (
            not row.name and not await effects.attached(row.id) and await was_erased(store, entry)
        ):
            yield entry.seq, f"name or content of {what} were changed"


async def _is_whole(effects: TrailEffects, row: AttachmentRow, body: Body, kept: tuple[bytes, bytes]) -> bool:
    """Contents are large: they are looked at one after the other."""
    if body.private and not _holds(body, kept, row.name):  # before there were commitments to names there were none
        return False
    return sha256(await effects.attached(row.id)).digest() == row.digest


def _holds(body: Body, kept: tuple[bytes, bytes], said: object) -> bool:
    """Whether it is what the entry commits to; a character that no column holds is stored as the sign for it."""
    salt, content = kept
    if not salt or commitment(salt, content) != body.private:
        return False
    return plain_json(_decode(content)) == plain_json(said)


def _number(body: Body) -> int:
    number = body.details.get("number")
    return number if isinstance(number, int) else -1

"""Feedback (处理反馈): what the doctor did about cards: the same dispositions as 3103 and REST record.

A card without feedback tells nothing: nobody is taken to have accepted it.
"""

from datetime import datetime
from typing import Any

import msgspec

from app.application.record_disposition import DispositionRecorder
from app.domain.disposition import Action, Disposition
from app.interfaces.cds_hooks.cards import finding_id
from app.interfaces.cds_hooks.contracts import Answered, Fatigue
from app.interfaces.cds_hooks.override_reasons import REASONS
from app.interfaces.cds_hooks.request import UNREADABLE
from app.interfaces.cds_hooks.suggestions import LABELS, ways_of
from app.interfaces.errors import Problem, decode_problem

_ACTIONS = {"accepted": Action.REVISE, "overridden": Action.PROCEED}
_LONGEST = 4000
_NEED = 'send {"feedback": [{"card": uuid, "outcome": "accepted" or "overridden", …}]}'


class FeedbackService:
    def __init__(self, recorder: DispositionRecorder, fatigue: Fatigue) -> None:
        self._recorder, self._fatigue = recorder, fatigue

    async def take(self, body: bytes, hook: str, caller: str) -> None:
        """Record all of a message, durably, or none. Raises Problem (400), and NotRecorded.

        A card that is not known here, and one that is answered again, are no faults of the client: both are recorded.
        """
        entries = [(finding_id(_text(entry["card"])), entry) for entry in _read(body)]
        members = await self._fatigue.members(list(dict.fromkeys(card for card, _ in entries)))
        answers = [
            _answered(finding, card, entry) for card, entry in entries for finding in members.get(card) or (card,)
        ]
        await self._recorder.record([one.disposition for one in answers], caller=caller)
        await self._fatigue.answered(answers, hook, caller)


def _read(body: bytes) -> list[dict[str, Any]]:
    try:
        message = msgspec.json.decode(body)
    except UNREADABLE as error:
        raise decode_problem(error) from None
    found = message.get("feedback") if isinstance(message, dict) else None
    entries = [found] if isinstance(found, dict) else found
    if not isinstance(entries, list):
        raise Problem(400, "invalid-feedback", "The body holds no feedback", _NEED)
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict) or not _text(entry.get("card")) or _text(entry.get("outcome")) not in _ACTIONS:
            told = f"entry {number} lacks a card, or an outcome that is known; {_NEED}. Nothing was recorded."
            raise Problem(400, "invalid-feedback", "The feedback cannot be understood", told)
    return entries


def _answered(finding: str, card: str, entry: dict[str, Any]) -> Answered:
    action = _ACTIONS[_text(entry["outcome"])]
    override = _part(entry, "overrideReason")
    coding = _part(override, "reason")
    code, comment = _text(coding.get("code"))[:64], _text(override.get("userComment"))
    if action is Action.REVISE:
        reason = _accepted(card, entry)
    else:
        told = REASONS.get(code) or _text(coding.get("display")) or code
        reason = "：".join(filter(None, (told, comment)))
    disposition = Disposition(finding=finding, action=action, reason=reason[:_LONGEST])
    return Answered(disposition, code, comment[:_LONGEST], _when(entry.get("outcomeTimestamp")))


def _accepted(card: str, entry: dict[str, Any]) -> str:
    """Which suggestions were taken, by their labels: their ids were made from the card's finding."""
    told = entry.get("acceptedSuggestions")
    ids = {_text(one.get("id")) for one in (told if isinstance(told, list) else [told]) if isinstance(one, dict)}
    taken = [LABELS[way].format(text="可支付的项目") for way in ways_of(card, ids)]
    return f"采纳建议：{'、'.join(taken)}" if taken else ""


def _when(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(_text(value))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _part(value: dict[str, Any], name: str) -> dict[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}

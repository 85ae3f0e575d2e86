"""What is found in a message, without a service around it."""

from datetime import datetime
from functools import cache
from typing import Any

from app.application.load_ruleset import load_ruleset
from app.domain.case import Case
from app.domain.decision import Stage
from app.engine.ruleset import Ruleset
from app.interfaces.nhsa.message import decode_message, text_of
from app.interfaces.nhsa.profiles import Profile
from app.interfaces.nhsa.translate import Asked, data_of, read_head, read_requests
from tests.interfaces.nhsa.caller import RULES

NOW = datetime.fromisoformat("2026-03-02T09:30:00")
STAGES = {"3102": Stage.SETTLING, "3661": Stage.SETTLING}


@cache
def rules() -> Ruleset:
    return load_ruleset(RULES)


def asked_in(body: bytes, profile: Profile | None = None) -> list[Asked]:
    message = decode_message(text_of(body)[0])
    head = read_head(message, data_of(message)[1], NOW)
    return read_requests(message, STAGES.get(str(message.infno), Stage.ORDERING), profile or Profile(), head, str)


def findings_in(body: bytes, profile: Profile | None = None) -> set[tuple[Any, ...]]:
    """Rule, point, the orders at fault, the orders concerned, amount, whether it is shown at all."""
    found = set()
    for asked in asked_in(body, profile):
        case = Case(asked.request.encounter, asked.request.stage, asked.request.history)
        for one in rules().audit(case).findings:
            lines, related = (frozenset(asked.rx_ids[id] for id in ids) for ids in (one.lines, one.related_lines))
            found.add((asked.patient_id, one.rule, one.point, lines, related, one.amount_at_issue, one.is_current))
    return found

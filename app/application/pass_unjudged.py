"""Pass unjudged (过载放行): the answer to a check for which there is no room, where nothing can remember it either.

It is made of the least that an answer needs: to read all of a request only to refuse it would take the time of those
that are served.
"""

from datetime import datetime

import msgspec
from msgspec import Struct

from app.application.authorise import Place, check_place
from app.application.ids import time_ordered_id
from app.application.judge_encounter import OVERLOAD, UNJUDGED
from app.domain.access import Caller
from app.domain.audit import Audit
from app.domain.decision import Decision, Stage
from app.domain.line import Code, Id

UNRECORDED = "unrecorded"  # it stands nowhere but in its answer


class _Facility(Struct, frozen=True, gc=False):
    id: Id


class _Practitioner(Struct, frozen=True, gc=False):
    id: Code = ""


class _Encounter(Struct):
    id: Id
    facility: _Facility
    campus: Code = ""
    department: Code = ""
    practitioner: _Practitioner = _Practitioner()


class _Asked(Struct):
    encounter: _Encounter
    stage: Stage


_decode = msgspec.json.Decoder(_Asked).decode


def passed(body: bytes, caller: Caller, ruleset: str, at: datetime) -> Audit | None:
    """None where it cannot be read, for others to say why. Raises OutOfScope."""
    try:
        asked = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    about = asked.encounter
    check_place(caller, Place(about.facility.id, about.campus, about.department, about.practitioner.id))
    return Audit(
        id=time_ordered_id(at),
        audited_at=at,
        stage=asked.stage,
        encounter=about.id,
        ruleset=ruleset,
        decision=Decision.PASS,
        findings=(),
        not_evaluated=UNJUDGED,
        data_issues=(),
        lines_without_rules=(),
        degraded=(OVERLOAD, UNRECORDED),
    )

"""The page behind a card (弹窗页): what the card told, with room for a reason, for an EMR that opens an address."""

from collections.abc import Collection, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec

from app.application.alert_fatigue import AlertFatigue
from app.application.record_disposition import DispositionRecorder
from app.domain.audit import Audit
from app.domain.decision import Decision
from app.domain.disposition import Disposition
from app.interfaces.nhsa.popup import Popup
from app.interfaces.nhsa.tickets import Tickets
from app.store.alerts import AlertStore
from app.store.audit_log import AuditLog, NotRecorded, StoredAudit

PATH = "/popup"
_LABEL = "查看提示并填写理由"
_decode = msgspec.json.Decoder(Audit).decode


class _Answer(NamedTuple):
    disposition: Disposition
    reason_code: str = ""
    answered_at: datetime | None = None


def popup_page(
    secret: bytes,
    log: AuditLog,
    recorder: DispositionRecorder,
    alerts: AlertStore,
    fatigue: AlertFatigue,
    origins: Collection[str],
) -> tuple[Tickets, Popup]:
    """Its tickets, which open no other page, and the page. `origins`: of pages it leads back to, or is framed by."""

    async def told(stored: StoredAudit) -> set[str]:
        audit = _decode(stored.audit)
        if shown := await alerts.shown(stored.facility, audit.encounter, audit.id):
            return set(shown)
        return {one.id for one in audit.findings if one.decision is not Decision.PASS}

    async def note(dispositions: Sequence[Disposition], caller: str) -> None:
        try:
            await fatigue.answered([_Answer(one) for one in dispositions], "popup", caller)
        except NotRecorded:
            return  # the answers themselves are safe

    tickets = Tickets(sha256(b"card tickets" + secret).digest(), PATH)
    return tickets, Popup(tickets, log, recorder, PATH, told=told, note=note, origins=origins, frames=origins)


def card_link(base: str, ticket: str) -> dict[str, Any]:
    return {"label": _LABEL, "url": f"{base.rstrip('/')}{PATH}/{ticket}", "type": "absolute"}

"""The services put together (组装), for the composition root."""

from datetime import timedelta
from typing import Any

from app.application.alert_fatigue import AlertFatigue
from app.application.audit_encounter import EncounterAuditor
from app.application.deadline import Deadlines
from app.application.record_disposition import DispositionRecorder
from app.application.unnumbered_visits import VisitOf
from app.domain.alert import TierPolicy
from app.interfaces.asgi import Application
from app.interfaces.authentication.machines import Machines
from app.interfaces.cds_hooks.client_auth import ClientAuth
from app.interfaces.cds_hooks.clients import read_clients
from app.interfaces.cds_hooks.cors import OriginList
from app.interfaces.cds_hooks.discovery import Discovery
from app.interfaces.cds_hooks.endpoint import BASE, CdsHooksEndpoint
from app.interfaces.cds_hooks.feedback import FeedbackService
from app.interfaces.cds_hooks.page import PATH, card_link, popup_page
from app.interfaces.cds_hooks.service import HookService
from app.interfaces.fhir.endpoint import PATH as CLAIM
from app.interfaces.fhir.endpoint import ClaimEndpoint
from app.settings import Settings
from app.store.alerts import AlertStore
from app.store.audit_log import AuditLog
from app.store.breaker import Breaker


class CdsHooks:
    """What the services keep while the process lives: their clients, and what is shown to whom."""

    def __init__(
        self,
        settings: Settings,
        alerts: AlertStore,
        machines: Machines,
        breaker: Breaker | None = None,
    ) -> None:
        """`machines`: the ways other than signed tokens by which a machine shows who it is. Raises ClientError where
        the file of clients is wrong.
        """
        self._settings, self._alerts = settings, alerts
        self._auth = ClientAuth(read_clients(settings.cds_clients), machines.authenticators, machines.replay)
        self._fatigue = AlertFatigue(
            alerts,
            TierPolicy(settings.cds_tiers),
            most_cards=settings.cds_most_cards,
            silence=timedelta(hours=settings.cds_silence_hours),
            breaker=breaker,
        )

    async def open(self) -> None:
        await self._auth.open()

    async def close(self) -> None:
        """The store is to be closed after."""
        await self._fatigue.close()

    def lanes(
        self,
        auditor: EncounterAuditor,
        recorder: DispositionRecorder,
        log: AuditLog,
        deadlines: Deadlines,
        ticket_secret: bytes,
        visit_of: VisitOf,
    ) -> dict[str, Application]:
        """The endpoint, the page, and the FHIR operation for the same clients, by the bases of their paths."""
        settings, fatigue = self._settings, self._fatigue
        tickets, page = popup_page(ticket_secret, log, recorder, self._alerts, fatigue, settings.cds_origins)

        def link(audit: str) -> dict[str, Any] | None:
            if not settings.cds_popup_base:
                return None
            return card_link(settings.cds_popup_base, tickets.issue([audit], settings.cds_popup_minutes / 60))

        endpoint = CdsHooksEndpoint(
            Discovery(lambda: auditor.ruleset(), settings.cds_most_cards),
            HookService(auditor, fatigue, visit_of, deadlines, popup=link),
            FeedbackService(recorder, fatigue),
            self._auth,
            settings.max_body_bytes,
            OriginList(settings.cds_origins),
            guards_discovery=not settings.cds_discovery_open,
        )
        claims = ClaimEndpoint(
            auditor, self._auth, visit_of, deadlines, settings.max_body_bytes, OriginList(settings.cds_origins)
        )
        return {BASE: endpoint, PATH: page, CLAIM: claims}

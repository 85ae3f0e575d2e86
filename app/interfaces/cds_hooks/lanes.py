"""The services put together (组装), for the composition root."""

from app.application.audit_encounter import EncounterAuditor
from app.application.deadline import Deadlines
from app.application.record_disposition import DispositionRecorder
from app.interfaces.asgi import Application, header
from app.interfaces.auth import KeyRing
from app.interfaces.cds_hooks.discovery import Discovery
from app.interfaces.cds_hooks.endpoint import BASE, CdsHooksEndpoint
from app.interfaces.cds_hooks.every_finding import EveryFinding
from app.interfaces.cds_hooks.feedback import FeedbackService
from app.interfaces.cds_hooks.service import HookService


def cds_hooks_lanes(
    auditor: EncounterAuditor, recorder: DispositionRecorder, keys: KeyRing, deadlines: Deadlines, max_body: int
) -> dict[str, Application]:
    """The endpoint by the base of its paths."""
    fatigue = EveryFinding()
    endpoint = CdsHooksEndpoint(
        Discovery(lambda: auditor.ruleset()),
        HookService(auditor, fatigue, deadlines),
        FeedbackService(recorder, fatigue),
        lambda scope: keys.caller_of(header(scope, b"authorization")),
        max_body,
    )
    return {BASE: endpoint}

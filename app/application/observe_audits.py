"""Observe audits (审核观测): what whoever watches the service is told of each audit, as it happens."""

from typing import Protocol

from app.application.deadline import Deadline
from app.application.patient_history import Gathered
from app.domain.audit import Audit, AuditRequest, Judgement
from app.domain.decision import Stage


class AuditObserver(Protocol):
    """Called between two steps of an audit: it must be quick, and must never raise."""

    def judged(
        self, asked: AuditRequest, gathered: Gathered, audit: Audit, judgement: Judgement, times: tuple[float, float]
    ) -> None:
        """`times`: seconds that fetching the past took, and seconds that judging took."""
        ...

    def recorded(self, audit: Audit, seconds: float, deadline: Deadline | None) -> None:
        """It is durable, and the answer can go out now."""
        ...

    def passed(self, stage: Stage) -> None:
        """One for which there was no room was answered unjudged, and nothing remembers it."""
        ...


class Unobserved:
    """Nobody watches."""

    def judged(
        self, asked: AuditRequest, gathered: Gathered, audit: Audit, judgement: Judgement, times: tuple[float, float]
    ) -> None: ...

    def recorded(self, audit: Audit, seconds: float, deadline: Deadline | None) -> None: ...

    def passed(self, stage: Stage) -> None: ...

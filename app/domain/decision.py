"""Decision (处理): what a finding asks of the person before the screen, by stage and severity."""

from collections.abc import Mapping
from enum import StrEnum

from app.domain.finding import Severity


class Stage(StrEnum):
    """事前、事中、事后."""

    ORDERING = "ordering"
    SETTLING = "settling"
    SETTLED = "settled"


class Decision(StrEnum):
    """From the mildest to the strictest."""

    PASS = "pass"
    INFORM = "inform"
    REQUIRE_REASON = "require_reason"
    BLOCK = "block"

    @property
    def strictness(self) -> int:
        return _STRICTNESS[self]


_STRICTNESS = {decision: rank for rank, decision in enumerate(Decision)}


class DecisionPolicy:
    """Which decision a shown finding calls for. What the hospital does not set stays at the safe default.

    The default never blocks an order (care must not stop), blocks the settlement only for what is certain, and only
    informs about what is settled already.
    """

    __slots__ = ("_table",)

    def __init__(self, changes: Mapping[Stage, Mapping[Severity, Decision]] | None = None) -> None:
        table = {(stage, severity): decision for stage, row in _DEFAULT.items() for severity, decision in row.items()}
        for stage, row in (changes or {}).items():
            table.update({(stage, severity): decision for severity, decision in row.items()})
        self._table = table

    def decide(self, stage: Stage, severity: Severity) -> Decision:
        return self._table[stage, severity]


_DEFAULT: Mapping[Stage, Mapping[Severity, Decision]] = {
    Stage.ORDERING: {
        Severity.DEFINITE: Decision.REQUIRE_REASON,
        Severity.HIGHLY_SUSPECT: Decision.INFORM,
        Severity.SLIGHTLY_SUSPECT: Decision.INFORM,
    },
    Stage.SETTLING: {
        Severity.DEFINITE: Decision.BLOCK,
        Severity.HIGHLY_SUSPECT: Decision.REQUIRE_REASON,
        Severity.SLIGHTLY_SUSPECT: Decision.INFORM,
    },
    Stage.SETTLED: dict.fromkeys(Severity, Decision.INFORM),
}

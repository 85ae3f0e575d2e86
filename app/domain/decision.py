"""Decision (处理): what a finding asks of the person before the screen, by stage and severity."""

from collections.abc import Mapping
from enum import StrEnum


class Severity(StrEnum):
    """严重程度: how sure the rule is that the charge is wrong."""

    DEFINITE = "definite"  # 明确违规
    HIGHLY_SUSPECT = "highly_suspect"  # 高度可疑
    SLIGHTLY_SUSPECT = "slightly_suspect"  # 轻度可疑


class Stage(StrEnum):
    """事前、事中、事后."""

    ORDERING = "ordering"
    SETTLING = "settling"
    SETTLED = "settled"


class Decision(StrEnum):
    """From the mildest to the strictest."""

    PASS = "pass"  # noqa: S105
    INFORM = "inform"
    REQUIRE_REASON = "require_reason"
    BLOCK = "block"

    @property
    def strictness(self) -> int:
        return _STRICTNESS[self]


_STRICTNESS = {decision: rank for rank, decision in enumerate(Decision)}


class DecisionPolicy:
    """Which decision a shown finding calls for. What the hospital does not set stays at the safe default. Where it
    calls for a block that may not be given (block.py), a reason is asked for instead.

    The default never blocks an order (care must not stop), blocks the settlement only for what is certain, and only
    informs about what is settled already.
    """

    __slots__ = ("_table",)

    def __init__(self, changes: Mapping[Stage, Mapping[Severity, Decision]] | None = None) -> None:
        self._table = {stage: {**row, **(changes or {}).get(stage, {})} for stage, row in _DEFAULT.items()}

    def at(self, stage: Stage) -> Mapping[Severity, Decision]:
        """What each severity calls for at the stage."""
        return self._table[stage]


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

SAFE_POLICY = DecisionPolicy()

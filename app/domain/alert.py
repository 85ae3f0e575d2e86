"""Alert (提醒): how loudly a finding speaks to the doctor, and what became of it."""

from collections.abc import Mapping
from enum import StrEnum

from app.domain.decision import Decision, Severity
from app.domain.finding import Finding


class Tier(StrEnum):
    """From the quietest to the loudest."""

    SILENT = "silent"  # 静默: recorded only
    PASSIVE = "passive"  # 提示: to be read, nothing is asked
    POPUP = "popup"  # 弹窗: interrupts, and asks for a reason
    BLOCK = "block"  # 拦截: the order may not go on without a reason

    @property
    def loudness(self) -> int:
        return _LOUDNESS[self]


_LOUDNESS = {tier: rank for rank, tier in enumerate(Tier)}
_OF_DECISION = {
    Decision.PASS: Tier.SILENT,
    Decision.INFORM: Tier.PASSIVE,
    Decision.REQUIRE_REASON: Tier.POPUP,
    Decision.BLOCK: Tier.BLOCK,
}


class TierPolicy:
    """Which tier a finding has: by the decision, which comes of severity and stage, and never louder than the hospital
    lets its rule be. While the doctor still chooses (`is_choosing`), what is only slightly suspect is silent.
    """

    def __init__(self, most: Mapping[str, Tier] | None = None) -> None:
        """`most`: by rule, its loudest tier. A clear violation is heard all the same, if only passively."""
        self._most = dict(most or {})

    def tier_of(self, finding: Finding, *, is_choosing: bool = False) -> Tier:
        tier = _OF_DECISION[finding.decision]
        if is_choosing and finding.severity is Severity.SLIGHTLY_SUSPECT:
            return Tier.SILENT
        most = self._most.get(finding.rule, tier)
        if finding.severity is Severity.DEFINITE and most is Tier.SILENT:
            most = Tier.PASSIVE
        return min(tier, most, key=lambda one: one.loudness)


class AlertOutcome(StrEnum):
    """What became of a finding when cards were chosen."""

    SHOWN = "shown"
    SILENT = "silent"  # its tier gets no card
    REPEATED = "repeated"  # answered with a reason before, in this encounter, and nothing has changed
    LIMIT = "limit"  # there were more cards than the doctor is to be shown at once


class Answer(StrEnum):
    ACCEPTED = "accepted"
    OVERRIDDEN = "overridden"


def may_be_kept_back(finding: Finding, tier: Tier) -> bool:
    """Whether an earlier answer, or too many cards, may keep it from the doctor: never a clear violation, nor what
    blocks.
    """
    return finding.severity is not Severity.DEFINITE and tier is not Tier.BLOCK

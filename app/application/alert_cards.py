"""Cards out of findings (提醒归并): what speaks, merged by cause, and no more of them than a doctor can read."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from app.domain.alert import AlertOutcome, Tier, TierPolicy, may_be_kept_back
from app.domain.decision import Severity
from app.domain.finding import Finding

Indicator = Literal["info", "warning", "critical"]
_INDICATORS: dict[Tier, Indicator] = {Tier.PASSIVE: "info", Tier.POPUP: "warning", Tier.BLOCK: "critical"}
_SEVERITIES = {severity: rank for rank, severity in enumerate(Severity)}


class Ranked(NamedTuple):
    finding: Finding
    tier: Tier

    @property
    def may_be_kept_back(self) -> bool:
        return may_be_kept_back(self.finding, self.tier)


class Kept(NamedTuple):
    """A finding that the doctor is not shown, and why."""

    finding: Finding
    tier: Tier
    outcome: AlertOutcome


class Card(NamedTuple):
    """Findings of one cause; the first leads."""

    findings: tuple[Finding, ...]
    tier: Tier
    may_be_kept_back: bool

    @property
    def indicator(self) -> Indicator:
        return _INDICATORS[self.tier]


def ranked(findings: Sequence[Finding], policy: TierPolicy, *, is_choosing: bool) -> tuple[list[Ranked], list[Kept]]:
    """Those that speak, and those that are silent."""
    every = [Ranked(one, policy.tier_of(one, is_choosing=is_choosing)) for one in findings]
    speaking = [one for one in every if one.tier is not Tier.SILENT]
    return speaking, [Kept(*one, AlertOutcome.SILENT) for one in every if one.tier is Tier.SILENT]


def merged(speaking: Sequence[Ranked]) -> list[Card]:
    """One card for each rule and tier, the most pressing first."""
    causes: dict[tuple[str, Tier], list[Ranked]] = {}
    for one in speaking:
        causes.setdefault((one.finding.rule, one.tier), []).append(one)
    cards = [
        Card(tuple([one.finding for one in some]), tier, all([one.may_be_kept_back for one in some]))
        for (_, tier), some in causes.items()
    ]
    return sorted(cards, key=_urgency)


def limited(cards: Sequence[Card], most: int) -> tuple[list[Card], list[Card]]:
    """The cards to show, `most` at most, and those beyond. What may not be kept back shares a card where there is no
    room, unless there is room for none.
    """
    if most <= 0:
        return [], list(cards)
    needed = [card for card in cards if not card.may_be_kept_back]
    if len(needed) > most:
        last = needed[most - 1 :]
        together = tuple([one for card in last for one in card.findings])
        needed = [*needed[: most - 1], Card(together, last[0].tier, may_be_kept_back=False)]
    optional = [card for card in cards if card.may_be_kept_back]
    room = most - len(needed)
    return sorted([*needed, *optional[:room]], key=_urgency), optional[room:]


def _urgency(card: Card) -> tuple[int, int]:
    return -card.tier.loudness, _SEVERITIES[card.findings[0].severity]

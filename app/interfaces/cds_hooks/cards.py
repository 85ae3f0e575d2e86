"""Cards (提醒卡片): findings as a doctor reads them. Text only: no tables, which one of the known clients shows raw."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from app.application.suggest_remedies import suggest_remedies
from app.domain.encounter import Encounter
from app.domain.finding import Finding
from app.domain.line import Line
from app.engine.ruleset import Ruleset
from app.interfaces.cds_hooks.bundles import Held
from app.interfaces.cds_hooks.contracts import ShownCard
from app.interfaces.cds_hooks.links import links_of
from app.interfaces.cds_hooks.override_reasons import reasons_for
from app.interfaces.cds_hooks.suggestions import suggestions_of
from app.interfaces.cds_hooks.topics import coding, topic_of

LONGEST_SUMMARY = 139  # characters, as the browser counts them
SOURCE = "医保智能审核（明鉴）"
_MARKUP = re.compile(r"([\\`*{}\[\]<>#]|(?<!\w)_|_(?!\w))")
_NAMED = 5  # lines


def card_id(finding: str) -> str:
    """A finding's id is 128 bits in hex: the same number, written as a UUID."""
    return f"{finding[:8]}-{finding[8:12]}-{finding[12:16]}-{finding[16:20]}-{finding[20:]}"


def finding_id(card: str) -> str:
    """The finding of a card; what is no UUID stays as it was sent, and is unknown here."""
    try:
        return UUID(card.strip().removeprefix("urn:uuid:")).hex
    except ValueError:
        return card.strip()[:64]


class CardMaker:
    """Makes the cards of one answer. `orders`: the resources that the client sent and may change, by line id."""

    def __init__(
        self,
        ruleset: Ruleset,
        encounter: Encounter,
        orders: Mapping[str, Held],
        names: Mapping[str, str],
        *,
        is_strict: bool,
    ) -> None:
        self._ruleset, self._encounter, self._orders, self._names = ruleset, encounter, orders, names
        self._lines: dict[str, Line] = {line.id: line for line in encounter.order_lines if line.id in orders}
        self._is_strict = is_strict

    def make(self, shown: ShownCard) -> dict[str, Any]:
        lead = shown.findings[0]
        head = self._ruleset.rules.get(lead.rule)
        card: dict[str, Any] = {
            "uuid": card_id(lead.id),
            "summary": _summary(lead, len(shown.findings)),
            "indicator": shown.indicator,
            "detail": self._detail(shown.findings),
            "source": {"label": SOURCE, "topic": coding(topic_of(head))},
            "overrideReasons": reasons_for(head),
        }
        if suggestions := self._suggestions(shown.findings):
            card["suggestions"] = suggestions
            card["selectionBehavior"] = "at-most-one"
        if links := links_of(lead.references):
            card["links"] = links
        if named := self._associated(shown.findings):
            card["extension"] = {"davinci-crd.associated-resource": named}
        return card

    def _suggestions(self, findings: Sequence[Finding]) -> list[dict[str, Any]]:
        """A card of several findings settles them one way: only what a single one needs is suggested."""
        if len(findings) > 1:
            return []
        lead = findings[0]
        remedies = suggest_remedies(lead, self._ruleset, self._encounter, self._lines)
        return suggestions_of(lead.id, remedies, self._orders, self._names)

    def _associated(self, findings: Sequence[Finding]) -> list[Any]:
        lines = dict.fromkeys(line for one in findings for line in (*one.lines, *one.related_lines))
        told = [self._orders[line].reference for line in lines if line in self._orders and self._orders[line].id]
        return [{"reference": one} for one in told] if self._is_strict else list(told)

    def _detail(self, findings: Sequence[Finding]) -> str:
        lead = findings[0]
        parts = [f"**{_plain_of_rule(lead.title)}**"]
        if len(findings) == 1:
            parts.append(_plain(lead.message))
        else:
            parts.append("\n".join(f"- {_plain(one.message)}" for one in findings))
        if named := self._named(findings):
            parts.append(f"涉及医嘱：{named}")
        parts.append(f"处理建议：{_plain_of_rule(lead.remedy)}")
        basis = "；".join(filter(None, (lead.basis, *lead.references)))
        if basis:
            parts.append(f"依据：{_plain_of_rule(basis)}")
        return "\n\n".join(parts)

    def _named(self, findings: Sequence[Finding]) -> str:
        lines = list(dict.fromkeys(line for one in findings for line in one.lines if line in self._names))
        more = f"等 {len(lines)} 条" if len(lines) > _NAMED else ""
        return "、".join(_plain(self._names[line]) for line in lines[:_NAMED]) + more


def _plain(text: str) -> str:
    """No markup of the rules' own, and nothing that could be taken for a table or a break."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split())).replace("|", "｜")


_plain_of_rule = lru_cache(4096)(_plain)  # what a rule says is the same on each of its cards


def _summary(finding: Finding, count: int) -> str:
    more = f"（等 {count} 项）" if count > 1 else ""
    return cut(" ".join(finding.message.split()) or finding.title, LONGEST_SUMMARY - len(more)) + more


def cut(text: str, limit: int) -> str:
    """At most `limit` UTF-16 units, ending in an ellipsis where something is left out."""
    if (len(text) <= limit and text.isascii()) or len(text.encode("utf-16-le")) // 2 <= limit:
        return text
    return text.encode("utf-16-le")[: (limit - 1) * 2].decode("utf-16-le", "ignore") + "…"

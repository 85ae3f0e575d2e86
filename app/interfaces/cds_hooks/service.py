"""One call of a service (一次调用): judge what it asks about, choose the cards, record the answer, give it back."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from app.application.assert_coverage import assert_coverage
from app.application.audit_encounter import EncounterAuditor, Judged
from app.application.authorise import check_place, place_of
from app.application.deadline import Deadlines
from app.application.unnumbered_visits import VisitOf
from app.domain.access import Caller
from app.domain.audit import Audit
from app.domain.decision import Decision
from app.domain.finding import NotEvaluated
from app.interfaces.cds_hooks.cards import CardMaker
from app.interfaces.cds_hooks.configuration import Configuration, read_configuration
from app.interfaces.cds_hooks.contracts import Fatigue, Shown
from app.interfaces.cds_hooks.request import Call, Why
from app.interfaces.cds_hooks.system_actions import Actions
from app.interfaces.cds_hooks.topics import COVERAGE, topic_of
from app.interfaces.cds_hooks.translate import Asked, translate
from app.interfaces.errors import Problem

EXTENSION = "mingjian.audit"
_TOLD_ABOVE = frozenset({"not_prefetched", "item_code_not_national"})
_NAMED = 20  # orders without a national code that are named
_encode = msgspec.json.Encoder(decimal_format="number").encode


class HookService:
    def __init__(
        self,
        auditor: EncounterAuditor,
        fatigue: Fatigue,
        visit_of: VisitOf,
        deadlines: Deadlines | None = None,
        now: Callable[[], datetime] = datetime.now,
        popup: Callable[[str], dict[str, Any] | None] = lambda _: None,
    ) -> None:
        """`popup`: a link to the page of an audit, by its id."""
        self._popup, self._visit_of = popup, visit_of
        self._auditor, self._fatigue, self._now = auditor, fatigue, now
        self._deadlines = deadlines or Deadlines()

    async def answer(self, call: Call, hook: str, caller: Caller, started: float, asked_ms: int | None) -> bytes:
        """Raises Problem (412, 422), OutOfScope, and NotRecorded where the audit could not be made durable."""
        configuration = read_configuration(call.extension, hook)
        asked = translate(call, hook, caller.id, self._now(), self._visit_of)
        check_place(caller, place_of(asked.request.encounter))
        if hook == "order-dispatch" and not asked.orders and any(gap.why is Why.NOT_SENT for gap in asked.gaps):
            told = "none of the dispatched orders was sent; prefetch them: this service calls no FHIR server"
            raise Problem(412, "data-unobtainable", "What is to be judged was not sent", told)
        deadline = self._deadlines.of(asked.request.stage, started, asked_ms)
        judged = await self._auditor.judge(asked.request, asked.issues, is_body=False, deadline=deadline)
        wanted, orders = _wanted(judged, configuration), frozenset(asked.orders)
        shown = await self._fatigue.choose(wanted, hook, orders, configuration.most_cards, deadline)

        def encode(audit: Audit) -> bytes:
            return self._encode(judged._replace(audit=audit), asked, shown, configuration)

        answer, _ = await self._auditor.record(
            judged, call.kept, caller=caller.id, sent=encode(judged.audit), deadline=deadline,
            passing=_passing(judged, hook, asked), told=encode,
        )  # fmt: skip
        return answer

    def _encode(self, judged: Judged, asked: Asked, shown: Shown, configuration: Configuration) -> bytes:
        encounter, ruleset, strict = asked.request.encounter, judged.ruleset, configuration.is_strict
        names = {line.id: line.name for line in encounter.order_lines}
        cards = []
        if shown.cards:
            maker = CardMaker(ruleset, encounter, asked.orders, names, is_strict=strict)
            cards = [maker.make(card) for card in shown.cards]
        if judged.audit.decision is not Decision.BLOCK:  # it may have turned out after they were chosen
            cards = [{**card, "indicator": "warning"} if card["indicator"] == "critical" else card for card in cards]
        if cards and (link := self._popup(judged.audit.id)) is not None:
            cards = [{**card, "links": [*card.get("links", ()), link]} for card in cards]
        answer: dict[str, Any] = {"cards": cards}
        if configuration.wants(COVERAGE) and asked.orders:
            lines = [line for line in encounter.order_lines if line.id in asked.orders]
            assertions = assert_coverage(judged.audit, ruleset, encounter, lines)
            day = self._now().date().isoformat()
            actions = Actions(asked.coverage, day, is_strict=strict).of(asked.orders, assertions, names)
            if actions:
                answer["systemActions"] = actions
        answer["extension"] = {EXTENSION: _told(judged, asked)}
        return _encode(answer)


def _passing(judged: Judged, hook: str, asked: Asked) -> frozenset[str]:
    """Drafts that the doctor may yet take back: all that are only selected, and those to which a rule objects.

    Kept as history they would go on to be counted: who removed a duplicate would be reminded of it again.
    """
    lines = asked.request.encounter.order_lines
    if hook == "order-select":
        return frozenset([line.id for line in lines])
    if hook in ("order-sign", "appointment-book"):
        return frozenset([one for found in judged.audit.findings for one in (*found.lines, *found.related_lines)])
    return frozenset()


def _wanted(judged: Judged, configuration: Configuration) -> Judged:
    """Without what the client turned off."""
    findings, rules = judged.audit.findings, judged.ruleset.rules
    kept = tuple([one for one in findings if configuration.wants(topic_of(rules.get(one.rule)))])
    return judged if len(kept) == len(findings) else judged._replace(audit=replace(judged.audit, findings=kept))


def _told(judged: Judged, asked: Asked) -> dict[str, Any]:
    """What a card has no place for: which audit this is, and what could not be judged."""
    audit = judged.audit
    told: dict[str, Any] = {"id": audit.id, "ruleset": audit.ruleset, "decision": audit.decision}
    if audit.override:
        told["override"] = audit.override
    if audit.degraded:
        told["degraded"] = audit.degraded
    open_points = [*_gaps(asked), *_uncoded(asked), *_grouped(audit.not_evaluated, asked)]
    if open_points:
        told["not_evaluated"] = open_points
    issues = [{"code": one.code, "message": one.message} for one in audit.data_issues if one.code not in _TOLD_ABOVE]
    return {**told, "data_issues": issues} if issues else told


def _gaps(asked: Asked) -> list[dict[str, Any]]:
    return [{"missing": gap.what, "why": gap.why, "message": gap.message} for gap in asked.gaps]


def _uncoded(asked: Asked) -> list[dict[str, Any]]:
    lines = [line for line in asked.request.encounter.order_lines if line.id in asked.orders and not line.item_code]
    if not lines:
        return []
    named = "、".join(line.name for line in lines[:_NAMED])
    message = f"没有国家医保编码，未能按项目审核：{named}"
    return [{"missing": "line.item_code", "why": "unmapped", "message": message, "lines": [one.id for one in lines]}]


def _grouped(not_evaluated: tuple[NotEvaluated, ...], asked: Asked) -> list[dict[str, Any]]:
    """By the fact that was missing: the rules that asked for it, and the orders of this call."""
    found: dict[str, dict[str, Any]] = {}
    for one in not_evaluated:
        lines = [line for line in one.lines if line in asked.orders]
        if one.lines and not lines:
            continue
        group = found.setdefault(
            one.missing, {"missing": one.missing, "message": one.message, "rules": [], "lines": {}}
        )
        group["rules"].append(one.rule)
        group["lines"].update(dict.fromkeys(lines))
    for group in found.values():
        group["lines"] = list(group["lines"])
    return [{name: value for name, value in group.items() if value} for group in found.values()]

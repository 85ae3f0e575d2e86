"""Discovery (服务发现): GET /cds-services, made from the rules in force; its ETag changes with them."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec

from app.engine.compiled import RuleHead
from app.engine.ruleset import Ruleset
from app.interfaces.cds_hooks.configuration import VERSIONS, options_for
from app.interfaces.cds_hooks.topics import topics_of
from app.interfaces.cds_hooks.translate import stage_of
from app.knowledge.rule import Status

_SERVICE = "mingjian-"  # an id of its own for each hook: clients key services by it
_TITLES = {
    "order-select": ("开立时医保提醒", "医师选择医嘱时，只审核所选医嘱"),
    "order-sign": ("签署时医保审核", "医师签署医嘱前，审核全部待签医嘱"),
    "appointment-book": ("预约时医保审核", "预约检查、治疗时审核"),
    "encounter-start": ("就诊开始时医保审核", "就诊开始时，审核随请求提供的医嘱"),
    "encounter-discharge": ("出院前医保预审", "出院时，按结算的要求审核整个就诊"),
    "order-dispatch": ("医嘱派发时医保审核", "医嘱派发给执行者时审核"),
}
HOOKS = tuple(_TITLES)
SERVICES = {f"{_SERVICE}{hook}": hook for hook in HOOKS}
_PREFETCH = {
    "patient": "Patient/{{context.patientId}}",
    "encounter": "Encounter/{{context.encounterId}}",
    "coverage": "Coverage?patient={{context.patientId}}&status=active",
    "conditions": "Condition?patient={{context.patientId}}&clinical-status=active",
}
_OF_ENCOUNTER = {
    "medicationRequests": "MedicationRequest?encounter={{context.encounterId}}",
    "serviceRequests": "ServiceRequest?encounter={{context.encounterId}}",
    "deviceRequests": "DeviceRequest?encounter={{context.encounterId}}",
}
_OF_PATIENT = {
    "medicationRequests": "MedicationRequest?patient={{context.patientId}}&status=draft,active",
    "serviceRequests": "ServiceRequest?patient={{context.patientId}}&status=draft,active",
    "deviceRequests": "DeviceRequest?patient={{context.patientId}}&status=draft,active",
}
_OWN = {
    "appointment-book": _OF_PATIENT,
    "order-dispatch": {name: one for name, one in (*_PREFETCH.items(), *_OF_PATIENT.items()) if name != "encounter"},
    "encounter-start": _OF_ENCOUNTER,
    "encounter-discharge": _OF_ENCOUNTER,
}
_REQUIREMENTS = (
    "请在 prefetch 中提供患者、就诊、参保、诊断（键名不限，按资源类型识别）；本服务不回调 FHIR 服务器。"
    "医嘱编码使用国家医保编码。"
)


class Discovered(NamedTuple):
    revision: str
    body: bytes
    etag: str


class Discovery:
    """Made once for each revision of the rules."""

    def __init__(self, ruleset: Callable[[], Ruleset], most_cards: int) -> None:
        self._ruleset, self._most_cards = ruleset, most_cards
        self._made = Discovered("", b"", "")

    def current(self) -> Discovered:
        ruleset = self._ruleset()
        if self._made.revision != ruleset.revision or not self._made.body:
            body = msgspec.json.encode({"services": services(ruleset, self._most_cards)})
            self._made = Discovered(ruleset.revision, body, f'"{sha256(body).hexdigest()[:32]}"')
        return self._made


def services(ruleset: Ruleset, most_cards: int) -> list[dict[str, Any]]:
    """A service for each hook at whose stage there are rules."""
    found = []
    for hook in HOOKS:
        heads = [head for head in ruleset.rules.values() if stage_of(hook) in head.stages]
        heads = [head for head in heads if head.status is not Status.TRIAL]
        if heads:
            found.append(_service(hook, heads, ruleset.revision, most_cards))
    return found


def _service(hook: str, heads: list[RuleHead], revision: str, most_cards: int) -> dict[str, Any]:
    title, described = _TITLES[hook]
    prefetch = _OWN[hook] if hook == "order-dispatch" else {**_PREFETCH, **_OWN.get(hook, {})}
    return {
        "hook": hook,
        "id": f"{_SERVICE}{hook}",
        "title": title,
        "description": f"{described}。现行规则 {len(heads)} 条。",
        "version": revision[:32],
        "prefetch": prefetch,
        "usageRequirements": _REQUIREMENTS,
        "extension": {
            "davinci-crd.version": list(VERSIONS),
            "davinci-crd.configuration-options": options_for(topics_of(heads), hook, most_cards),
        },
    }

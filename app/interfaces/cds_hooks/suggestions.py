"""Suggestions (处理建议): remedies as actions on the very order resources that the client sent."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import msgspec

from app.application.suggest_remedies import Remedy, Way
from app.domain.money import plain
from app.interfaces.cds_hooks.bundles import Held
from app.interfaces.cds_hooks.own_extensions import CONSENT, SELF_PAID

_OURS = UUID("6d696e67-6a69-516e-8000-636473686f6f")  # a namespace of our own
LABELS = {
    Way.ALTERNATIVE: "改用{text}",
    Way.REDUCE: "减至规定数量",
    Way.REMOVE: "删除重复的医嘱",
    Way.ADD_INDICATION: "补充指征（由医师填写诊断）",
    Way.SELF_PAY: "告知患者并取得同意，改为自费",
}
_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_any = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode
_CONCEPT = {  # where each type says what it orders
    "MedicationRequest": "medicationCodeableConcept",
    "DeviceRequest": "codeCodeableConcept",
    "ServiceRequest": "code",
}
_OTHERS = ("medicationReference", "medication", "codeReference", "product")
_LISTED = frozenset({"Appointment", "VisionPrescription"})  # types without a reason of their own to fill


def suggestion_id(finding: str, way: Way) -> str:
    """The same for the same finding and way, so that feedback about it tells both."""
    return str(uuid5(_OURS, f"{finding} {way}"))


def ways_of(finding: str, ids: set[str]) -> list[Way]:
    """Which ways of a finding the ids of accepted suggestions mean."""
    return [way for way in Way if suggestion_id(finding, way) in ids]


def suggestions_of(
    finding: str, remedies: list[Remedy], orders: Mapping[str, Held], names: Mapping[str, str]
) -> list[dict[str, Any]]:
    found = []
    for remedy in remedies:
        actions = [_action(remedy, orders[line], amount, names[line]) for line, amount in remedy.lines]
        if all(action is not None for action in actions):
            one = {
                "label": LABELS[remedy.way].format(text=remedy.text)[:80],
                "uuid": suggestion_id(finding, remedy.way),
            }
            found.append({**one, "actions": actions, **({"isRecommended": True} if remedy.is_recommended else {})})
    return found


def _action(remedy: Remedy, order: Held, quantity: Decimal | None, name: str) -> dict[str, Any] | None:
    """None where the resource has no place for the change."""
    if not order.id:
        return None
    way = remedy.way
    if way is Way.REMOVE or (way is Way.REDUCE and quantity is None):
        return {"type": "delete", "description": f"删除{name}", "resourceId": order.reference}
    if way is Way.REDUCE and quantity is not None:
        changed, told = _reduced(order, quantity), f"{name}减至 {plain(quantity)}"
    elif way is Way.ALTERNATIVE:
        changed, told = _replaced(order, remedy.text), f"将{name}改为{remedy.text}（请选择具体规格）"
    elif way is Way.ADD_INDICATION:
        changed, told = _with_reason(order, remedy.text), f"为{name}补充指征"
    else:
        changed, told = _self_paid(order), f"将{name}标记为自费，患者已知情同意"
    return None if changed is None else {"type": "update", "description": told, "resource": changed}


Changed = dict[str, Any] | None


def _reduced(order: Held, quantity: Decimal) -> Changed:
    members = _decode(order.raw)
    if order.type == "MedicationRequest" and "dispenseRequest" in members:
        dispense = _decode_any(members["dispenseRequest"])
        if isinstance(dispense, dict) and isinstance(dispense.get("quantity"), dict):
            dispense["quantity"]["value"] = quantity
            return {**members, "dispenseRequest": msgspec.Raw(_encode(dispense))}
    elif order.type == "ServiceRequest" and "quantityQuantity" in members:
        told = _decode_any(members["quantityQuantity"])
        if isinstance(told, dict):
            return {**members, "quantityQuantity": msgspec.Raw(_encode({**told, "value": quantity}))}
    return None


def _replaced(order: Held, name: str) -> Changed:
    """The alternative is known by name only: which product it is, the doctor chooses."""
    concept = _CONCEPT.get(order.type)
    if concept is None:
        return None
    members = _decode(order.raw)
    kept = {key: value for key, value in members.items() if key not in _OTHERS and key != concept}
    return {**kept, concept: {"text": name}}


def _with_reason(order: Held, diagnoses: str) -> Changed:
    if order.type in _LISTED or order.type == "NutritionOrder":
        return None
    members = _decode(order.raw)
    reasons = _decode_any(members["reasonCode"]) if "reasonCode" in members else []
    kept = reasons if isinstance(reasons, list) else [reasons]
    asked = {"text": f"待医师补充：符合支付范围的诊断（{diagnoses}）"}
    return {**members, "reasonCode": msgspec.Raw(_encode([*kept, asked]))}


def _self_paid(order: Held) -> Changed:
    members = _decode(order.raw)
    found = _decode_any(members["extension"]) if "extension" in members else []
    kept = (
        [one for one in found if not (isinstance(one, dict) and one.get("url") in (SELF_PAID, CONSENT))]
        if (isinstance(found, list))
        else []
    )
    flags = [{"url": url, "valueBoolean": True} for url in (SELF_PAID, CONSENT)]
    return {**members, "extension": msgspec.Raw(_encode([*kept, *flags]))}

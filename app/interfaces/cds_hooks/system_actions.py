"""System actions (系统动作): what the audit says of each order's payment, written onto the order itself.

Nothing but the coverage-information extension of the order is touched: its other bytes go back as they came.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from hashlib import blake2b
from typing import Any

import msgspec

from app.application.assert_coverage import Assertion, Cover, Ground
from app.interfaces.cds_hooks.bundles import Held
from app.interfaces.cds_hooks.fhir import target_of
from app.interfaces.cds_hooks.topics import SYSTEM

URL = "http://hl7.org/fhir/us/davinci-crd/StructureDefinition/ext-coverage-information"
_NO_COVERAGE = {"type": "Coverage", "display": "请求未提供参保信息"}
_COVER_NAMES = {
    Cover.COVERED: "未见异常",
    Cover.NOT_COVERED: "不予支付",
    Cover.CONDITIONAL: "有条件支付",
    Cover.INDETERMINATE: "未能判断",
}
_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_any = msgspec.json.Decoder(float_hook=Decimal).decode


class Actions:
    """Makes the actions of one answer. `is_strict`: as CRD 2.1 and later want them."""

    def __init__(self, coverage: Held | None, day: str, *, is_strict: bool) -> None:
        self._coverage, self._day, self._is_strict = coverage, day, is_strict

    def of(
        self, orders: Mapping[str, Held], assertions: Mapping[str, Assertion], names: Mapping[str, str]
    ) -> Iterator[dict[str, Any]]:
        for line_id, order in orders.items():
            assertion = assertions[line_id]
            reference = self._reference(order)
            assertion_id = _assertion_id(order, reference, assertion)
            if self._is_strict and _carries(order, assertion_id):
                continue
            told = self._extension(assertion, reference, assertion_id)
            yield {
                "type": "update",
                "description": f"{names[line_id]}：{_COVER_NAMES[assertion.cover]}",
                "resource": _with_extension(order, told),
            }

    def _reference(self, order: Held) -> dict[str, Any]:
        for insurance in order.order.insurance:
            if insurance.reference and target_of(insurance)[0] in ("Coverage", ""):
                return {"reference": insurance.reference}
        if self._coverage is not None and self._coverage.id:
            return {"reference": self._coverage.reference}
        return _NO_COVERAGE

    def _extension(self, assertion: Assertion, coverage: dict[str, Any], assertion_id: str) -> dict[str, Any]:
        cover = assertion.cover
        if cover is Cover.INDETERMINATE and not self._is_strict:
            cover = Cover.CONDITIONAL  # CRD 2.0 has no word for it
        parts: list[dict[str, Any]] = [
            {"url": "coverage", "valueReference": coverage},
            {"url": "covered", "valueCode": cover},
        ]
        if cover is not Cover.NOT_COVERED:
            needed = "indeterminate" if cover is Cover.INDETERMINATE else "no-auth"
            parts.append({"url": "pa-needed", "valueCode": needed})
        if cover is Cover.CONDITIONAL and self._is_strict:
            what = "detail-code" if assertion.ground is Ground.UNCODED else "OTH"
            parts.append({"url": "info-needed", "valueCode": what})
        return {
            "url": URL,
            "extension": [
                *parts,
                {"url": "reason", "valueCodeableConcept": self._reason(assertion)},
                {"url": "date", "valueDate": self._day},
                {"url": "coverage-assertion-id", "valueString": assertion_id},
            ],
        }

    def _reason(self, assertion: Assertion) -> dict[str, Any]:
        code = ""
        if assertion.ground is Ground.UNCODED and not self._is_strict:
            code = "detail-code"
        elif assertion.ground is Ground.HISTORY and self._is_strict:
            code = "technical"
        elif assertion.ground is Ground.NOT_INSURED and self._is_strict:
            code = "no-active-coverage"
        coding = {"coding": [{"system": SYSTEM, "code": code}]} if code else {}
        return {**coding, "text": assertion.reason}


def _assertion_id(order: Held, coverage: dict[str, Any], assertion: Assertion) -> str:
    """The same as long as nothing new is said of the order under this coverage."""
    told = "\x1f".join([order.reference, str(coverage.get("reference")), assertion.cover, assertion.ground,
                        assertion.reason, *sorted(assertion.findings)])  # fmt: skip
    return blake2b(told.encode(), digest_size=16).hexdigest()


def _carries(order: Held, assertion_id: str) -> bool:
    told = (part for one in order.order.extension if one.url == URL for part in one.extension)
    return any(part.url == "coverage-assertion-id" and part.value_string == assertion_id for part in told)


def _with_extension(order: Held, told: dict[str, Any]) -> msgspec.Raw | dict[str, Any]:
    """What was asserted before under the same coverage is replaced; that of other coverages stays."""
    sent = bytes(order.raw)
    if not order.order.extension and b'"extension"' not in sent:
        return msgspec.Raw(b'{"extension":[' + _encode(told) + b"]," + sent[1:])
    members = _decode(order.raw)
    found = _decode_any(members["extension"]) if "extension" in members else []
    coverage = _coverage_of(told)
    kept = [
        one
        for one in (found if isinstance(found, list) else [])
        if not (isinstance(one, dict) and one.get("url") == URL and _coverage_of(one) == coverage)
    ]
    return {**members, "extension": msgspec.Raw(_encode([*kept, told]))}


def _coverage_of(extension: dict[str, Any]) -> Any:
    parts = extension.get("extension")
    for part in parts if isinstance(parts, list) else []:
        if isinstance(part, dict) and part.get("url") == "coverage":
            reference = part.get("valueReference")
            return reference.get("reference") if isinstance(reference, dict) else None
    return None

"""System actions (系统动作): what the audit says of each order's payment, written onto the order itself.

Nothing but the coverage-information extension of the order is touched: its other bytes go back as they came.
"""

from collections.abc import Mapping
from decimal import Decimal
from hashlib import blake2b
from typing import Any, NamedTuple

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
_ID_PART = {"url": "coverage-assertion-id", "valueString": ""}
_END = b'"}]}'  # behind the value of that part
_HASH = blake2b(digest_size=16)  # a copy of one is made sooner than a new one
_COVERAGE_TYPES = ("Coverage", "")
_START = b'{"type":"update","description":'
_RESOURCE = b',"resource":'
_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_any = msgspec.json.Decoder(float_hook=Decimal).decode


class _Told(NamedTuple):
    """What is the same for all orders of one coverage and assertion."""

    assertion: Assertion
    parts: bytes  # the extension up to the value of its last part
    identity: bytes  # what the id of the assertion is made of, behind the order
    name: str  # behind that of the order


class Actions:
    """Makes the actions of one answer. `is_strict`: as CRD 2.1 and later want them."""

    def __init__(self, coverage: Held | None, day: str, *, is_strict: bool) -> None:
        self._day, self._is_strict = day, is_strict
        self._known = coverage.reference if coverage is not None and coverage.id else ""
        self._told: dict[tuple[str, int], _Told] = {}  # by the assertion's place in memory: to hash it costs more

    def of(
        self, orders: Mapping[str, Held], assertions: Mapping[str, Assertion], names: Mapping[str, str]
    ) -> list[msgspec.Raw]:
        found = []
        for line_id, order in orders.items():
            assertion = assertions[line_id]
            coverage = self._coverage_of(order)
            told = self._told.get((coverage, id(assertion))) or self._tell(coverage, assertion)
            hashed = _HASH.copy()
            hashed.update(f"{order.type}/{order.id}".encode())
            hashed.update(told.identity)
            assertion_id = hashed.hexdigest()
            if self._is_strict and _carries(order, assertion_id):
                continue
            extension = b"".join((told.parts, assertion_id.encode(), _END))
            description, resource = _encode(names[line_id] + told.name), _with_extension(order, coverage, extension)
            found.append(msgspec.Raw(b"".join((_START, description, _RESOURCE, *resource, b"}"))))
        return found

    def _coverage_of(self, order: Held) -> str:
        """The reference of the coverage; blank where the client told of none."""
        for insurance in order.order.insurance:
            if insurance.reference and target_of(insurance)[0] in _COVERAGE_TYPES:
                return insurance.reference
        return self._known

    def _tell(self, coverage: str, assertion: Assertion) -> _Told:
        """Most orders of an answer share it."""
        findings = "|".join(sorted(assertion.findings))
        said = f"\x1f{coverage}\x1f{assertion.cover}\x1f{assertion.ground}\x1f{assertion.reason}\x1f{findings}"
        whole = _encode({"url": URL, "extension": [*self._listed(coverage, assertion), _ID_PART]})
        name = f"：{_COVER_NAMES[assertion.cover]}"
        told = self._told[coverage, id(assertion)] = _Told(assertion, whole.removesuffix(_END), said.encode(), name)
        return told

    def _listed(self, coverage: str, assertion: Assertion) -> list[dict[str, Any]]:
        cover = assertion.cover
        if cover is Cover.INDETERMINATE and not self._is_strict:
            cover = Cover.CONDITIONAL  # CRD 2.0 has no word for it
        parts: list[dict[str, Any]] = [
            {"url": "coverage", "valueReference": {"reference": coverage} if coverage else _NO_COVERAGE},
            {"url": "covered", "valueCode": cover},
        ]
        if cover is not Cover.NOT_COVERED:
            needed = "indeterminate" if cover is Cover.INDETERMINATE else "no-auth"
            parts.append({"url": "pa-needed", "valueCode": needed})
        if cover is Cover.CONDITIONAL and self._is_strict:
            what = "detail-code" if assertion.ground is Ground.UNCODED else "OTH"
            parts.append({"url": "info-needed", "valueCode": what})
        return [
            *parts,
            {"url": "reason", "valueCodeableConcept": self._reason(assertion)},
            {"url": "date", "valueDate": self._day},
        ]

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


def _carries(order: Held, assertion_id: str) -> bool:
    told = (part for one in order.order.extension if one.url == URL for part in one.extension)
    return any(part.url == "coverage-assertion-id" and part.value_string == assertion_id for part in told)


def _with_extension(order: Held, coverage: str, told: bytes) -> tuple[bytes, ...]:
    """The order, in parts. What was asserted before under the coverage is replaced; that of other coverages stays."""
    sent = bytes(order.raw)
    if not order.order.extension and b'"extension"' not in sent:
        return b'{"extension":[', told, b"],", sent[1:]
    members = _decode(order.raw)
    found = _decode_any(members["extension"]) if "extension" in members else []
    kept = [_encode(one) for one in (found if isinstance(found, list) else []) if not _says(one, coverage)]
    return (_encode({**members, "extension": msgspec.Raw(b"[" + b",".join([*kept, told]) + b"]")}),)


def _says(extension: Any, coverage: str) -> bool:
    """Whether it is an assertion of ours under the coverage."""
    if not isinstance(extension, dict) or extension.get("url") != URL:
        return False
    parts = extension.get("extension")
    for part in parts if isinstance(parts, list) else []:
        if isinstance(part, dict) and part.get("url") == "coverage":
            reference = part.get("valueReference")
            return (reference.get("reference", "") if isinstance(reference, dict) else "") == coverage
    return True

"""Answers (返回报文): the one shape that most clients accept, and what a profile wants otherwise.

Lengths are those of the official table, counted in GBK bytes, as clients store them in columns of that size. Only
characters that GBK has are sent.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any

import msgspec

from app.domain.encounter import Encounter
from app.domain.finding import Finding
from app.domain.line import Line
from app.domain.money import ZERO, cents
from app.interfaces.nhsa.dictionaries import SEVERITY_CODE
from app.interfaces.nhsa.profiles import Profile
from app.interfaces.nhsa.translate import Asked

_encode = msgspec.json.Encoder(decimal_format="number").encode
_STRICTEST_FIRST = {"1": 0, "2": 1, "3": 2}


def cut(text: str, limit: int) -> str:
    """At most `limit` bytes in GBK, whole characters, and none that GBK does not have."""
    if text.isascii():
        return text[:limit]
    return text.encode("gbk", "replace")[:limit].decode("gbk", "ignore")


class Envelope:
    """The frame of one answer. `reference` is the number under which the log speaks of it, too."""

    def __init__(self, profile: Profile, area: str, received_at: datetime, serial: int) -> None:
        digits = area if len(area) == 6 and area.isdigit() else "000000"
        self._profile, self._received_at = profile, received_at
        self.reference = f"{digits}{received_at:%Y%m%d%H%M%S}{serial % 10**10:010d}"

    def success(self, output: Any, answered_at: datetime, extra: dict[str, Any] | None = None) -> bytes:
        return self._frame(0, "", output, answered_at, extra)

    def failure(self, text: str, answered_at: datetime) -> bytes:
        """`err_msg` is never empty: one client calls a method of it on every failure."""
        return self._frame(-1, cut(text, 200) or "处理失败", None, answered_at, None)

    def _frame(
        self, infcode: int, err_msg: str, output: Any, answered_at: datetime, extra: dict[str, Any] | None
    ) -> bytes:
        return _encode(
            {
                "infcode": str(infcode) if self._profile.infcode_as_text else infcode,
                "inf_refmsgid": self.reference,
                "refmsg_time": _stamp(self._received_at),
                "respond_time": _stamp(answered_at),
                "enctype": "",
                "signtype": "",
                "err_msg": err_msg,
                "warn_msg": "",
                "cainfo": "",
                "output": output,
                **(extra or {}),
            }
        )


def _stamp(at: datetime) -> str:
    return f"{at:%Y%m%d%H%M%S}{at.microsecond // 1000:03d}"


def result_of(
    findings: Iterable[tuple[Finding, Asked]], profile: Profile, task_id: str, code_of: Callable[[str], str]
) -> Any:
    """`output.result`: a list, the strictest first, each finding once; one object (or null) where the profile asks.

    `code_of` gives a rule's national code, or its id where it has none.
    """
    found: dict[str, dict[str, Any]] = {}
    for finding, asked in findings:
        if finding.severity in profile.severities and finding.id not in found:
            found[finding.id] = _violation(finding, asked, task_id, code_of(finding.rule))
    result = sorted(found.values(), key=lambda one: _STRICTEST_FIRST[one["sev_deg"]])
    if profile.result_as_object:
        return result[0] if result else None
    return result


def _violation(finding: Finding, asked: Asked, task_id: str, rule_code: str) -> dict[str, Any]:
    amount = finding.amount_at_issue
    patient_id, visit_id = cut(asked.patient_id, 50) or "-", cut(asked.visit_id, 50)
    severity = SEVERITY_CODE[finding.severity]
    return {
        "jr_id": finding.id,
        "rule_id": cut(rule_code, 50),
        "rule_name": cut(finding.title, 200),
        "vola_cont": cut(finding.message, 500),
        "patn_id": patient_id,
        "mdtrt_id": visit_id,
        "judge_result_detail_dtos": _details(finding, asked, patient_id, visit_id),
        "vola_amt": amount or ZERO,
        "vola_amt_stas": "0" if amount is None else "1",
        "sev_deg": severity,
        "vola_evid": cut("；".join(filter(None, (finding.basis, *finding.references))), 500),
        "vola_bhvr_type": severity,
        "task_id": cut(task_id, 64),
    }


def _details(finding: Finding, asked: Asked, patient_id: str, visit_id: str) -> list[dict[str, Any]]:
    """The lines at fault (1 违规项) and those concerned (2 涉及项); lines of other visits have no order to point at."""
    lines = _lines_by_id(asked.request.encounter)
    found = []
    for kind, ids in (("1", finding.lines), ("2", finding.related_lines)):
        for line_id in ids:
            line = lines.get(line_id)
            if line is not None:
                found.append(
                    {
                        "jrd_id": blake2b(f"{finding.id} {kind} {line_id}".encode(), digest_size=16).hexdigest(),
                        "patn_id": patient_id,
                        "mdtrt_id": visit_id,
                        "rx_id": cut(asked.rx_ids.get(line_id, ""), 50),
                        "vola_item_type": kind,
                        "vola_amt": _amount(line, finding) if kind == "1" else ZERO,
                    }
                )
    return found


def _amount(line: Line, finding: Finding) -> Decimal:
    """The line's part: all of the amount at issue where it is the only one at fault, else what it claims."""
    if len(finding.lines) == 1:
        return finding.amount_at_issue or ZERO
    return cents(line.claimed_amount or ZERO)


def _lines_by_id(encounter: Encounter) -> dict[str, Line]:
    return {line.id: line for line in (*encounter.order_lines, *encounter.charge_lines)}

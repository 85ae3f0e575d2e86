"""Answers (返回报文): the one shape that most clients accept, and what a profile wants otherwise.

Lengths are those of the official table, counted in GBK bytes, as clients store them in columns of that size. Only
characters that GBK has are sent.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import msgspec

from app.domain.finding import Finding
from app.domain.line import Line
from app.domain.money import ZERO, cents
from app.interfaces.nhsa.dictionaries import SEVERITY_CODE
from app.interfaces.nhsa.profiles import Profile
from app.interfaces.nhsa.translate import Asked

LARGEST_ANSWER = 900_000  # bytes; the buffer of one client holds 1 MiB
_LARGEST_AMOUNT = Decimal("99999999999999.99")  # 16 digits, 2 of them decimals
_encode = msgspec.json.Encoder(decimal_format="number").encode


@lru_cache(8192)
def cut(text: str, limit: int) -> str:
    """At most `limit` bytes in GBK, whole characters, and none that GBK does not have."""
    if text.isascii():
        return text[:limit]
    return text.encode("gbk", "replace")[:limit].decode("gbk", "ignore")


class Envelope:
    """The frame of one answer. `reference` is the number under which the log speaks of it, too."""

    def __init__(self, profile: Profile, area: str, received_at: datetime, serial: int) -> None:
        digits = area if len(area) == 6 and area.isascii() and area.isdigit() else "000000"
        self._profile, self._received_at = profile, received_at
        self.reference = f"{digits}{received_at:%Y%m%d%H%M%S}{serial % 10**10:010d}"

    def success(
        self, output: Any, answered_at: datetime, extra: dict[str, Any] | None = None, warning: str = ""
    ) -> bytes:
        return self._frame(0, "", output, answered_at, {**(extra or {}), "warn_msg": cut(warning, 200)})

    def failure(self, text: str, answered_at: datetime) -> bytes:
        """`err_msg` is never empty: one client calls a method of it on every failure."""
        return self._frame(-1, cut(text, 200) or "处理失败", None, answered_at, {})

    def _frame(self, infcode: int, err_msg: str, output: Any, answered_at: datetime, extra: dict[str, Any]) -> bytes:
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
                **extra,
            }
        )


def _stamp(at: datetime) -> str:
    return f"{at:%Y%m%d%H%M%S}{at.microsecond // 1000:03d}"


def result_of(
    findings: Iterable[tuple[Finding, Asked]], profile: Profile, task_id: str, code_of: Callable[[str], str]
) -> tuple[list[dict[str, Any]], int]:
    """The list for `output.result`: the strictest first, each finding once; and how many there was no room for.

    `code_of` gives a rule's national code, or its id where it has none.
    """
    echoes: dict[int, _Echo] = {}
    found: dict[str, dict[str, Any]] = {}
    for finding, asked in findings:
        if finding.severity in profile.severities and finding.id not in found:
            echo = echoes.get(id(asked)) or echoes.setdefault(id(asked), _Echo(asked, task_id))
            found[finding.id] = echo.violation(finding, code_of(finding.rule))
    result = sorted(found.values(), key=lambda one: str(one["sev_deg"]))
    fitting = _fitting(result)
    return fitting, len(result) - len(fitting)


def _fitting(result: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As many as fit into an answer; of the lines of one that alone is too long, as many as fit."""
    if sum(3000 + 300 * len(one["judge_result_detail_dtos"]) for one in result) <= LARGEST_ANSWER:
        return result
    kept: list[dict[str, Any]] = []
    size = 0
    for one in result:
        details = one["judge_result_detail_dtos"]
        size += len(_encode(one))
        if size > LARGEST_ANSWER and not kept:
            one["judge_result_detail_dtos"] = details[: len(details) * LARGEST_ANSWER // (size + 1)]
        elif size > LARGEST_ANSWER:
            break
        kept.append(one)
    return kept


class _Echo:
    """What the answers about one patient share."""

    def __init__(self, asked: Asked, task_id: str) -> None:
        encounter = asked.request.encounter
        self._task_id, self._rx_ids = cut(task_id, 64), asked.rx_ids
        self._patient_id, self._visit_id = cut(asked.patient_id, 50) or "-", cut(asked.visit_id, 50)
        self._lines: dict[str, Line] = {line.id: line for line in (*encounter.order_lines, *encounter.charge_lines)}

    def violation(self, finding: Finding, rule_code: str) -> dict[str, Any]:
        amount = finding.amount_at_issue
        severity = SEVERITY_CODE[finding.severity]
        return {
            "jr_id": finding.id,
            "rule_id": cut(rule_code, 50),
            "rule_name": cut(finding.title, 200),
            "vola_cont": cut(finding.message, 500) or cut(finding.title, 200),
            "patn_id": self._patient_id,
            "mdtrt_id": self._visit_id,
            "judge_result_detail_dtos": self._details(finding),
            "vola_amt": min(amount or ZERO, _LARGEST_AMOUNT),
            "vola_amt_stas": "0" if amount is None else "1",
            "sev_deg": severity,
            "vola_evid": cut("；".join(filter(None, (finding.basis, *finding.references))), 500),
            "vola_bhvr_type": severity,
            "task_id": self._task_id,
        }

    def _details(self, finding: Finding) -> list[dict[str, Any]]:
        """The lines at fault (1 违规项) and those concerned (2 涉及项); lines of other visits have no order to name."""
        return [
            {
                "jrd_id": blake2b(f"{finding.id} {kind} {line_id}".encode(), digest_size=16).hexdigest(),
                "patn_id": self._patient_id,
                "mdtrt_id": self._visit_id,
                "rx_id": cut(self._rx_ids.get(line_id, ""), 50),
                "vola_item_type": kind,
                "vola_amt": _amount(line, finding) if kind == "1" else ZERO,
            }
            for kind, ids in (("1", finding.lines), ("2", finding.related_lines))
            for line_id, line in self._named(ids)
        ]

    def _named(self, ids: Sequence[str]) -> Iterable[tuple[str, Line]]:
        return [(line_id, self._lines[line_id]) for line_id in ids if line_id in self._lines]


def _amount(line: Line, finding: Finding) -> Decimal:
    """The line's part: all of the amount at issue where it is the only one at fault, else what it claims."""
    if len(finding.lines) == 1:
        return min(finding.amount_at_issue or ZERO, _LARGEST_AMOUNT)
    return cents(line.claimed_amount or ZERO)

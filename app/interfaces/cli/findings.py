"""The findings of audits as text (审核结果): one line a finding, then what could not be judged and odd data."""

from collections.abc import Iterator, Sequence

from app.domain.audit import Audit
from app.domain.finding import Finding
from app.interfaces.cli.table import table
from app.interfaces.words import word

HEADER = ("就诊", "明细", "规则", "严重程度", "处理", "金额", "说明")


def report(audits: Sequence[Audit]) -> Iterator[str]:
    """The lines to print for all audits together."""
    rows = [_cells(audit, finding) for audit in audits for finding in audit.findings]
    if rows:
        yield from table(HEADER, rows, right=("金额",))
    open_points = [
        (audit.encounter, _lines(one.lines), one.rule, one.message) for audit in audits for one in audit.not_evaluated
    ]
    if open_points:
        yield from ("", "未能判断：")
        yield from table(("就诊", "明细", "规则", "原因"), open_points)
    issues = [(audit.encounter, _lines(one.lines), one.message) for audit in audits for one in audit.data_issues]
    if issues:
        yield from ("", "数据问题：")
        yield from table(("就诊", "明细", "问题"), issues)
    if rows or open_points or issues:
        yield ""
    yield (
        f"审核{len(audits)}次就诊：疑点{len(rows)}条，未能判断{len(open_points)}项，数据问题{len(issues)}项"
        f"（规则库版本 {audits[0].ruleset}）"
    )


def _cells(audit: Audit, finding: Finding) -> tuple[str, ...]:
    amount = "" if finding.amount_at_issue is None else f"{finding.amount_at_issue:.2f}"
    severity, decision = word(finding.severity), word(finding.decision)
    return audit.encounter, _lines(finding.lines), finding.title, severity, decision, amount, finding.message


def _lines(lines: tuple[str, ...]) -> str:
    return "、".join(lines) or "—"

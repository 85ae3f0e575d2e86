"""What the pages for looking at the whole need (分析页面的权限), for the table of the gate."""

from app.domain.access import Permission as P
from app.interfaces.need import Need

ANALYSIS_OPERATIONS: dict[str, Need] = {
    "GET /console/dashboard": P.STATISTICS_READ,
    "GET /console/dashboard/fees": P.STATISTICS_READ,
    "GET /console/rules": P.RULE_READ,
    "GET /console/rules/{rule_id}": P.RULE_READ,
    "GET /console/rules/{rule_id}/points": P.RULE_READ,
    "GET /console/try": P.AUDIT_SUBMIT,
    "POST /console/try": P.AUDIT_SUBMIT,
    "GET /console/try/items": P.AUDIT_SUBMIT,
    "GET /console/stays": P.FINDING_READ,
    "POST /console/stays/find": P.FINDING_READ,
    "GET /console/stay": P.FINDING_READ,
    "POST /console/stay/audit": P.AUDIT_SUBMIT,
    "GET /console/reminders": P.FINDING_READ,
    "GET /v1/statistics/overview": P.STATISTICS_READ,
}

"""What the work on findings needs (疑点办理的权限), for the table of the gate."""

from app.domain.access import Permission as P
from app.interfaces.need import Need

FINDING_OPERATIONS: dict[str, Need] = {
    "GET /v1/findings": P.FINDING_READ,
    "POST /v1/findings/search": P.FINDING_READ,
    "GET /v1/findings/export": P.FINDING_EXPORT,
    "GET /v1/findings/{finding_id}": P.FINDING_READ,
    # The least that any step needs; app/domain/review_table.py tells what each action asks for besides.
    "POST /v1/findings/{finding_id}/steps": P.FINDING_READ,
    "POST /v1/findings/steps": P.FINDING_READ,
    "POST /v1/findings/{finding_id}/attachments": P.FINDING_READ,  # and finding.review or finding.answer
    "GET /v1/findings/{finding_id}/attachments/{attachment_id}": P.FINDING_READ,
    "POST /v1/worklists/assign": P.FINDING_REVIEW,
    "GET /v1/worklists/mine": P.FINDING_READ,
    "GET /v1/views": P.FINDING_READ,
    "PUT /v1/views/{view_id}": P.FINDING_READ,
    "DELETE /v1/views/{view_id}": P.FINDING_READ,
    "GET /v1/departments": P.FINDING_READ,
    "PUT /v1/departments": P.FEED_WRITE,
    "GET /v1/staff": P.FINDING_READ,
    "PUT /v1/staff": P.FEED_WRITE,
}

"""What webhooks need (通知订阅的权限), for the table of the gate."""

from app.domain.access import Permission as P
from app.interfaces.need import Need

NOTICE_OPERATIONS: dict[str, Need] = {
    "GET /v1/webhooks": P.SYSTEM_READ,
    "POST /v1/webhooks": P.KEY_MANAGE,
    "DELETE /v1/webhooks/{webhook_id}": P.KEY_MANAGE,
    "GET /v1/webhooks/{webhook_id}/deliveries": P.SYSTEM_READ,
    "POST /v1/webhooks/{webhook_id}/redeliver": P.KEY_MANAGE,
}

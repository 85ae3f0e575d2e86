"""What the pages for running it need, and the event stream (系统管理页面与实时通知的权限), for the table of the gate.

Who reads the accounts may post changes: whether they may make one is told by the use case, as for REST.
"""

from app.domain.access import Permission as P
from app.interfaces.need import Need

SYSTEM_OPERATIONS: dict[str, Need] = {
    "GET /console/trail": P.TRAIL_READ,
    "POST /console/trail/verify": P.TRAIL_READ,
    "GET /console/trail/entries/{seq}/proof": P.TRAIL_READ,
    "GET /console/accounts": P.SYSTEM_READ,
    "GET /console/accounts/{account_id}": P.SYSTEM_READ,
    "POST /console/accounts": P.USER_MANAGE,
    "POST /console/accounts/{account_id}/change": P.USER_MANAGE,
    "POST /console/accounts/{account_id}/rights": P.RIGHT_GRANT,
    "POST /console/accounts/{account_id}/password": P.USER_MANAGE,
    "POST /console/accounts/{account_id}/otp": P.RIGHT_GRANT,
    "POST /console/accounts/{account_id}/sessions": P.USER_MANAGE,
    "GET /console/keys": P.KEY_MANAGE,
    "POST /console/keys": P.KEY_MANAGE,
    "POST /console/keys/{key_id}/rotate": P.KEY_MANAGE,
    "POST /console/keys/{key_id}/revoke": P.KEY_MANAGE,
    "GET /console/profiles": P.SYSTEM_READ,
    "GET /console/webhooks/{webhook_id}": P.SYSTEM_READ,
    "POST /console/webhooks": P.KEY_MANAGE,
    "POST /console/webhooks/{webhook_id}/remove": P.KEY_MANAGE,
    "POST /console/webhooks/{webhook_id}/redeliver": P.KEY_MANAGE,
    "GET /v1/events": P.FINDING_READ,  # a stream, which no OpenAPI document describes; docs/webhooks.md does
}

"""What signing in and accounts need (登录与账号的权限), for the table of the gate."""

from app.domain.access import Permission
from app.interfaces.need import Entrance, Need

STAFF_OPERATIONS: dict[str, Need] = {
    "POST /v1/session": Entrance.OPEN,
    "GET /v1/session": Entrance.SIGNED_IN,
    "DELETE /v1/session": Entrance.SIGNED_IN,
    "POST /v1/session/password": Entrance.SIGNED_IN,
    "POST /v1/session/totp": Entrance.SIGNED_IN,
    "POST /v1/session/totp/confirm": Entrance.SIGNED_IN,
    "GET /v1/session/sessions": Entrance.SIGNED_IN,
    "DELETE /v1/session/sessions/{session_id}": Entrance.SIGNED_IN,
    "POST /v1/session/ticket": Entrance.OPEN,
    "GET /v1/session/oidc": Entrance.OPEN,
    "GET /v1/session/oidc/callback": Entrance.OPEN,
    "POST /v1/tickets": Permission.AUDIT_SUBMIT,
    "GET /v1/accounts": Permission.SYSTEM_READ,
    "POST /v1/accounts": Permission.USER_MANAGE,
    "PATCH /v1/accounts/{account_id}": Permission.USER_MANAGE,
    "PUT /v1/accounts/{account_id}/rights": Permission.RIGHT_GRANT,
    "POST /v1/accounts/{account_id}/password": Permission.USER_MANAGE,
    "DELETE /v1/accounts/{account_id}/totp": Permission.RIGHT_GRANT,
    "DELETE /v1/accounts/{account_id}/sessions": Permission.USER_MANAGE,
}

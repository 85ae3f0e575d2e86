"""/v1/keys (密钥管理): the keys by which machines call. A secret is told once, in the answer that made it."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel

from app.application.manage_keys import ChangedMeanwhile, Issued, KeyDesk, KeyEnded, KeyRequest, UnknownKey
from app.domain.access import Role, Scope
from app.domain.api_key import BadKey
from app.interfaces.caller import SignedIn
from app.interfaces.errors import Problem, database_unavailable, not_found
from app.interfaces.rest.bodies import PROBLEM, body_of, read
from app.interfaces.rest.limits import limits_of
from app.store.api_keys import StoredKey
from app.store.audit_log import NotRecorded
from app.store.history import Unavailable

MachineRole = Literal["his_client", "rule_editor", "finance", "management", "log_auditor"]
_BYTE = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_LENGTH = "(/(12[0-8]|1[01][0-9]|[1-9]?[0-9]))?"
_NETWORK = (
    rf"^({_BYTE}\.){{3}}{_BYTE}(/(3[0-2]|[12]?[0-9]))?$"
    rf"|^([0-9a-f]{{1,4}}:){{7}}[0-9a-f]{{1,4}}{_LENGTH}$|^([0-9a-f]{{1,4}}:){{1,6}}:{_LENGTH}$"
)
_CERTIFICATE = "^(sha256:[0-9a-f]{64}|subject:.{1,500})$"
_LONGEST = 64 * 1024  # bytes of a body
_OF_BODY: dict[int | str, dict[str, Any]] = {
    400: {"description": "The body is not JSON", **PROBLEM},
    413: {"description": "The body is too large", **PROBLEM},
    422: {"description": "The body is no valid request", **PROBLEM},
}
_REFUSALS: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no such key, or it lies outside the caller's scope", **PROBLEM},
    409: {"description": "The key was revoked, or changed by somebody else at the same moment", **PROBLEM},
    503: {"description": "The database does not answer, and nothing was changed", **PROBLEM},
}
_ID = Annotated[str, Path(max_length=32)]

Code = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Codes = Annotated[list[Code], msgspec.Meta(min_length=1, max_length=200)]


class NewKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A level that is left out (`facilities`, `campuses`, `departments`) has no limit. `days`: how long the key is
    good, from `starts_in_days` on.
    """

    name: Annotated[str, msgspec.Meta(pattern=r"\S", max_length=100)]
    roles: Annotated[tuple[MachineRole, ...], msgspec.Meta(min_length=1, max_length=10)] = ("his_client",)
    facilities: Codes | None = None
    campuses: Codes | None = None
    departments: Codes | None = None
    networks: Annotated[list[Annotated[str, msgspec.Meta(pattern=_NETWORK)]], msgspec.Meta(max_length=200)] = []
    certificates: Annotated[list[Annotated[str, msgspec.Meta(pattern=_CERTIFICATE)]], msgspec.Meta(max_length=20)] = []
    days: Annotated[int, msgspec.Meta(ge=1, le=1095)] | None = None
    starts_in_days: Annotated[int, msgspec.Meta(ge=0, le=366)] = 0
    reason: Annotated[str, msgspec.Meta(max_length=500)] = ""


class Rotation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`overlap_days`: how long the earlier secret goes on; 0 ends it now."""

    overlap_days: Annotated[int, msgspec.Meta(ge=0, le=90)] | None = None
    reason: Annotated[str, msgspec.Meta(max_length=500)] = ""


class KeyView(BaseModel):
    """A key without its secret. `last_used_at` is true to a minute or two."""

    id: str
    name: str
    roles: list[Role]
    facilities: list[str] | None
    campuses: list[str] | None
    departments: list[str] | None
    networks: list[str]
    certificates: list[str]
    not_before: datetime
    expires_at: datetime
    earlier_until: datetime | None
    issued_at: datetime
    issued_by: str
    rotated_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class KeyList(BaseModel):
    """The latest issued first; revoked ones too."""

    keys: list[KeyView]


class IssuedKey(KeyView):
    """`token` is what the machine sends as `Authorization: Bearer …`; nobody can tell it again."""

    token: str


def key_router(desk: KeyDesk) -> APIRouter:
    routes = APIRouter()
    _add_keys(routes, desk)
    _add_key(routes, desk)
    return routes


def _add_keys(routes: APIRouter, desk: KeyDesk) -> None:
    @routes.get("/v1/keys", summary="The keys by which machines call", responses={503: _REFUSALS[503]})
    async def list_keys(caller: SignedIn) -> KeyList:
        return KeyList(keys=[KeyView(**_told(one)) for one in await desk.keys(caller)])

    @routes.post(
        "/v1/keys",
        status_code=201,
        summary="Issue a key",
        responses={**_OF_BODY, 503: _REFUSALS[503]},
        openapi_extra=body_of(NewKey),
    )
    async def issue_key(request: Request, response: Response, caller: SignedIn) -> IssuedKey:
        asked = await read(request, NewKey, _LONGEST)
        try:
            issued = await desk.issue(_request_of(asked), caller)
        except BadKey as error:
            raise _bad_key(error) from None
        except (ChangedMeanwhile, NotRecorded, Unavailable):
            raise database_unavailable() from None
        response.headers["location"] = f"/v1/keys/{issued.key.id}"
        return _issued(issued, response)


def _add_key(routes: APIRouter, desk: KeyDesk) -> None:
    @routes.post(
        "/v1/keys/{key_id}/rotate",
        summary="Give a key a new secret; the earlier one goes on for a while",
        responses={**_OF_BODY, **_REFUSALS},
        openapi_extra=body_of(Rotation, is_required=False),
    )
    async def rotate_key(key_id: _ID, request: Request, response: Response, caller: SignedIn) -> IssuedKey:
        asked = await read(request, Rotation, _LONGEST, blank=b"{}")
        overlap = None if asked.overlap_days is None else timedelta(days=asked.overlap_days)
        try:
            issued = await desk.rotate(key_id, caller, overlap, asked.reason.strip())
        except (UnknownKey, KeyEnded, ChangedMeanwhile, NotRecorded, Unavailable) as error:
            raise _refusal(error, key_id) from None
        return _issued(issued, response)

    @routes.delete(
        "/v1/keys/{key_id}", summary="Revoke a key, in every worker within five seconds", responses=_REFUSALS
    )
    async def revoke_key(key_id: _ID, caller: SignedIn) -> KeyView:
        try:
            return KeyView(**_told(StoredKey(await desk.revoke(key_id, caller), 0)))
        except (UnknownKey, KeyEnded, ChangedMeanwhile, NotRecorded, Unavailable) as error:
            raise _refusal(error, key_id) from None


def _request_of(asked: NewKey) -> KeyRequest:
    begins = datetime.now(UTC) + timedelta(days=asked.starts_in_days)
    levels = {"facilities": asked.facilities, "campuses": asked.campuses, "departments": asked.departments}
    limits: dict[str, Any] = {name: frozenset(codes) for name, codes in levels.items() if codes is not None}
    return KeyRequest(
        name=asked.name,
        roles=frozenset(Role(one) for one in asked.roles),
        scope=Scope(**limits),
        networks=tuple(asked.networks),
        certificates=tuple(asked.certificates),
        not_before=begins if asked.starts_in_days else None,
        expires_at=begins + timedelta(days=asked.days) if asked.days is not None else None,
        reason=asked.reason.strip(),
    )


def _told(stored: StoredKey) -> dict[str, Any]:
    key, used = stored.key, stored.last_used_at
    plain = ("id", "name", "not_before", "expires_at", "earlier_until", "issued_at", "issued_by", "rotated_at")
    return {
        **{name: getattr(key, name) for name in plain},
        **limits_of(key.scope),
        "roles": sorted(key.roles),
        "networks": list(key.networks),
        "certificates": list(key.certificates),
        "revoked_at": key.revoked_at,
        "last_used_at": None if used is None else datetime.fromtimestamp(used / 1e6, UTC),
    }


def _issued(issued: Issued, response: Response) -> IssuedKey:
    response.headers["cache-control"] = "no-store"
    return IssuedKey(**_told(StoredKey(issued.key, 0)), token=issued.token)


def _bad_key(error: BadKey) -> Problem:
    return Problem(422, "invalid-key", "No such key can be issued", f"{error}. Nothing was issued.")


def _refusal(error: Exception, key_id: str) -> Problem:
    if isinstance(error, UnknownKey):
        return not_found("key", key_id)
    if isinstance(error, KeyEnded):
        return Problem(409, "key-revoked", "The key was revoked", "It cannot be used again; issue a new one.")
    if isinstance(error, ChangedMeanwhile):
        detail = "Somebody else changed it at the same moment, and nothing was done; look at it, then send this again."
        return Problem(409, "key-changed", "The key was changed meanwhile", detail)
    return database_unavailable()

"""Signing in by OpenID Connect (统一身份认证登录): out to the provider, and back with a code."""

import logging
import secrets
import time
from collections.abc import Callable

import msgspec
from fastapi import APIRouter, Request, Response

from app.application.join_oidc import NotWelcome, OidcAccounts, Person
from app.application.staff_keys import BadSeal, StaffKeys
from app.interfaces.errors import Problem, not_found
from app.interfaces.rest.bodies import refusals
from app.interfaces.session.cookies import (
    PublicAddress,
    kept_for_minutes,
    session_token,
    set_for_minutes,
    set_session,
    whence,
)
from app.interfaces.session.csrf import check_safe
from app.interfaces.session.local_path import local_path
from app.interfaces.session.oidc_provider import OidcProvider, OidcRefused, OidcUnavailable
from app.interfaces.session.refusing import refusing

CALLBACK = "/v1/session/oidc/callback"
_COOKIE, _PURPOSE, _MINUTES = "mj-oidc", "oidc", 10
log = logging.getLogger("mingjian")


class Outing(msgspec.Struct, frozen=True):
    """What the browser carries, sealed, while it is at the provider."""

    state: str
    nonce: str
    verifier: str
    next: str
    until: float


class OidcClaims(msgspec.Struct, frozen=True):
    """The names of the claims that are looked at besides those of the standard."""

    groups: str = "groups"
    practitioner: str = ""


class OidcSignIn:
    def __init__(
        self,
        provider: OidcProvider,
        accounts: OidcAccounts,
        keys: StaffKeys,
        public: PublicAddress,
        claims: OidcClaims,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.provider, self._accounts, self._keys = provider, accounts, keys
        self._public, self._claims, self._clock = public, claims, clock

    async def leave(self, request: Request, then: str) -> Response:
        scope = request.scope
        check_safe(scope, self._public)
        state, nonce, verifier = (secrets.token_urlsafe(size) for size in (24, 24, 48))
        outing = Outing(state, nonce, verifier, local_path(then), self._clock() + _MINUTES * 60)
        try:
            address = await self.provider.address(self._redirect_uri(request), state, nonce, verifier)
        except OidcUnavailable as error:
            raise _unavailable(error) from None
        sealed = self._keys.seal(_PURPOSE, msgspec.json.encode(outing)).hex()
        headers = {
            "location": address,
            "set-cookie": set_for_minutes(scope, self._public, _COOKIE, sealed, _MINUTES),
            "cache-control": "no-store",
        }
        return Response(None, 303, headers)

    async def come_back(self, request: Request, code: str, state: str) -> Response:
        scope = request.scope
        outing = self._outing(request)
        if outing is None or not code or not secrets.compare_digest(outing.state.encode(), state.encode()):
            raise _refused()
        try:
            told = await self.provider.claims(code, self._redirect_uri(request), outing.nonce, outing.verifier)
            person = self._person(told)
            with refusing():
                opened = await self._accounts.enter(
                    person, whence(scope), instead_of=session_token(scope, self._public)
                )
        except OidcUnavailable as error:
            raise _unavailable(error) from None
        except (OidcRefused, NotWelcome) as error:
            log.warning("sign-in by OpenID Connect refused: %s", error)
            raise _refused() from None
        response = Response(None, 303, {"location": outing.next, "cache-control": "no-store"})
        response.headers.append("set-cookie", set_session(scope, self._public, opened.token))
        response.headers.append("set-cookie", set_for_minutes(scope, self._public, _COOKIE, "", 0))
        return response

    def _outing(self, request: Request) -> Outing | None:
        sealed = kept_for_minutes(request.scope, self._public, _COOKIE)
        try:
            outing = msgspec.json.decode(self._keys.open(_PURPOSE, bytes.fromhex(sealed)), type=Outing)
        except (BadSeal, ValueError):
            return None
        return outing if self._clock() < outing.until else None

    def _person(self, told: dict[str, object]) -> Person:
        groups = told.get(self._claims.groups)
        values = [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
        return Person(
            subject=f"{told['iss']} {told['sub']}",
            login=_text(told.get("preferred_username")),
            name=_text(told.get("name"))[:100],
            values=[one for one in values if isinstance(one, str)],
            practitioner=_text(told.get(self._claims.practitioner)) if self._claims.practitioner else "",
        )

    def _redirect_uri(self, request: Request) -> str:
        return self._public.origin(request.scope) + CALLBACK


def oidc_router(sign_in: OidcSignIn | None) -> APIRouter:
    routes = APIRouter(tags=["session"])

    @routes.get(
        "/v1/session/oidc",
        summary="Sign in at the hospital's identity provider; `next`: where to go then",
        status_code=303,
        responses={303: {"description": "On to the provider"}, **refusals(403, 404, 503)},
    )
    async def leave(request: Request, next: str = "") -> Response:
        return await _of(sign_in).leave(request, next)

    @routes.get(
        CALLBACK,
        summary="Where the identity provider sends the browser back to",
        status_code=303,
        responses={303: {"description": "Signed in"}, **refusals(401, 404, 503)},
    )
    async def come_back(request: Request, code: str = "", state: str = "") -> Response:
        return await _of(sign_in).come_back(request, code, state)

    return routes


def _of(sign_in: OidcSignIn | None) -> OidcSignIn:
    if sign_in is None:
        raise not_found("identity provider", "OIDC")
    return sign_in


def _text(claim: object) -> str:
    return claim if isinstance(claim, str) and claim.isprintable() else ""


def _refused() -> Problem:
    return Problem(
        401, "oidc-refused", "The identity provider's answer opens nothing here",
        "Sign in again from the beginning; if it stays so, an administrator has to grant you rights.",
    )  # fmt: skip


def _unavailable(error: Exception) -> Problem:
    log.warning("the identity provider is of no use: %s", error)
    return Problem(
        503, "oidc-unavailable", "The identity provider does not answer",
        "Try again, or sign in with a password; who is signed in stays so.",
    )  # fmt: skip

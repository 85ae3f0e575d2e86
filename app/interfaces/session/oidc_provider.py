"""An OpenID provider (统一身份认证): what it tells of itself, and whom it vouches for."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri  # type: ignore[import-untyped]
from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from app.application.bounded_answer import bounded

_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
_HOLD = 3600.0  # seconds that what it tells of itself is held
_SELDOM = 30.0  # seconds between two looks for a key that is not known
_LARGEST, _PATIENCE = 256 * 1024, 10.0  # bytes of an answer, seconds for it
_LEEWAY = 30


class OidcUnavailable(Exception):
    """The provider does not answer, or not as a provider does."""


class OidcRefused(Exception):
    """What came back proves nothing; the text is for the log."""


class OidcClient(NamedTuple):
    issuer: str
    client_id: str
    client_secret: str
    scope: str = "openid profile"


class Metadata(NamedTuple):
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class OidcProvider:
    def __init__(self, client: OidcClient, clock: Callable[[], float] = time.time) -> None:
        """Raises ValueError for an issuer that is not reached over TLS."""
        parts = urlsplit(client.issuer)
        if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
            raise ValueError("MINGJIAN_OIDC_ISSUER begins with https://")
        self.client, self._clock = client, clock
        self._http = httpx.AsyncClient(timeout=5.0, follow_redirects=False, trust_env=False)
        self._metadata: tuple[float, Metadata] | None = None
        self._keys: tuple[float, KeySet] | None = None

    async def close(self) -> None:
        await self._http.aclose()

    async def address(self, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
        """Where the browser is sent to sign in. Raises OidcUnavailable."""
        metadata = await self._told()
        address: str = prepare_grant_uri(
            metadata.authorization_endpoint, client_id=self.client.client_id, response_type="code",
            redirect_uri=redirect_uri, scope=self.client.scope, state=state, nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier), code_challenge_method="S256",
        )  # fmt: skip
        return address

    async def claims(self, code: str, redirect_uri: str, nonce: str, verifier: str) -> dict[str, Any]:
        """What the provider vouches for. Raises OidcUnavailable, OidcRefused."""
        metadata = await self._told()
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri,
            "code_verifier": verifier, "client_id": self.client.client_id,
        }  # fmt: skip
        auth = httpx.BasicAuth(self.client.client_id, self.client.client_secret)
        try:
            answer = await self._ask("POST", metadata.token_endpoint, data=form, auth=auth)
        except httpx.HTTPError as error:
            raise OidcUnavailable(type(error).__name__) from error
        if answer.status_code >= 500:
            raise OidcUnavailable(f"the token endpoint answers {answer.status_code}")
        tokens = _object(answer) if answer.status_code == 200 else {}
        if not isinstance(tokens.get("id_token"), str):
            raise OidcRefused("the code was not taken")
        return await self._verified(tokens["id_token"], tokens.get("access_token"), nonce)

    async def _verified(self, id_token: str, access_token: object, nonce: str) -> dict[str, Any]:
        try:
            key_id = jws.extract_compact(id_token.encode()).headers().get("kid")
            found = jwt.decode(id_token, await self._key_set(str(key_id)), algorithms=_ALGORITHMS)
            claims = CodeIDToken(
                found.claims,
                found.header,
                {"iss": {"essential": True, "value": self.client.issuer},
                 "aud": {"essential": True, "value": self.client.client_id},
                 "nonce": {"essential": True}},
                {"nonce": nonce, "client_id": self.client.client_id, "access_token": access_token},
            )  # fmt: skip
            claims.validate(int(self._clock()), _LEEWAY)
        except (JoseError, ValueError, TypeError) as error:
            raise OidcRefused(f"the ID token: {type(error).__name__}") from error
        return dict(found.claims)

    async def _told(self) -> Metadata:
        if self._metadata is None or self._clock() - self._metadata[0] > _HOLD:
            found = await self._get(f"{self.client.issuer.rstrip('/')}/.well-known/openid-configuration")
            if found.get("issuer") != self.client.issuer:
                raise OidcUnavailable("its configuration is another issuer's")
            told = [found.get(name) for name in Metadata._fields]
            self._metadata = self._clock(), Metadata(*[self._reachable(one) for one in told])
        return self._metadata[1]

    def _reachable(self, address: object) -> str:
        """Endpoints are as safe to call as the issuer."""
        scheme = urlsplit(self.client.issuer).scheme
        if not isinstance(address, str) or urlsplit(address).scheme not in ("https", scheme):
            raise OidcUnavailable("its configuration lacks an endpoint")
        return address

    async def _key_set(self, key_id: str) -> KeySet:
        """Held; looked for anew when a token names a key that is not in it, but seldom."""
        now = self._clock()
        if self._keys is not None:
            at, keys = self._keys
            is_known = any(one.kid == key_id for one in keys.keys)
            if now - at < (_HOLD if is_known else _SELDOM):
                return keys
        try:
            found = KeySet.import_key_set(await self._get((await self._told()).jwks_uri))  # type: ignore[arg-type]
        except OidcUnavailable:
            if self._keys is None:
                raise
            return self._keys[1]
        self._keys = now, found
        return found

    async def _ask(self, method: str, address: str, **sent: Any) -> httpx.Response:
        return await bounded(self._http, method, address, most=_LARGEST, seconds=_PATIENCE, **sent)

    async def _get(self, address: str) -> dict[str, Any]:
        try:
            answer = await self._ask("GET", address)
        except httpx.HTTPError as error:
            raise OidcUnavailable(type(error).__name__) from error
        if answer.status_code != 200:
            raise OidcUnavailable(f"it answers {answer.status_code}")
        return _object(answer)


def _object(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise OidcUnavailable("it answers no JSON object")
    return found

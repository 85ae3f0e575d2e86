"""An issuer of access tokens, and what it issues."""

import asyncio
import json
from typing import Any

import jwt

from app.domain.access import Caller
from app.interfaces.authentication.oauth import AccessTokens
from app.interfaces.authentication.oauth_issuers import OAuthIssuer
from tests.interfaces.authentication.build import bearer, who
from tests.interfaces.cds_hooks.tokens import jwk, private_key

ISSUER, AUDIENCE = "https://login.example/his", "mingjian"
NOW = 1_800_000_000


def issuer(**changes: Any) -> OAuthIssuer:
    told: dict[str, Any] = {
        "issuer": ISSUER, "name": "login", "audience": AUDIENCE, "algorithms": ["ES256"],
        "keys": {"keys": [jwk(private_key("ES256"))]}, "clients": {"his": {"facilities": ["H1"]}},
    }  # fmt: skip
    return OAuthIssuer.model_validate({**told, **changes})


def claims(now: float = NOW, **changes: Any) -> dict[str, Any]:
    told = {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 900, "client_id": "his", **changes}
    return {name: value for name, value in told.items() if value is not None}


def token(told: Any = None, algorithm: str = "ES256", key: Any = None, **headers: Any) -> str:
    payload = json.dumps(claims() if told is None else told).encode()
    sent = {name: value for name, value in {"kid": "k1", **headers}.items() if value is not None}
    return jwt.api_jws.encode(payload, key or private_key(algorithm), algorithm, headers=sent)


def tokens(*issuers: OAuthIssuer, now: float = NOW) -> AccessTokens:
    return AccessTokens(issuers or (issuer(),), lambda: now)


def ask(one: AccessTokens, sent: str) -> Caller | None:
    return asyncio.run(who(one, bearer(sent)))

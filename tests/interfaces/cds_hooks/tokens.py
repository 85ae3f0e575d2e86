"""A client's keys and tokens, as an EMR makes them."""

import json
import time
from collections.abc import Mapping
from functools import cache
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

BASE = "https://audit.example"
PATH = "/cds-services/mingjian-order-sign"
ISSUER = "https://emr.example/fhir"


@cache
def private_key(algorithm: str, which: int = 0) -> Any:
    """`which` tells two keys of one algorithm apart."""
    if algorithm.startswith("RS"):
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP384R1() if algorithm == "ES384" else ec.SECP256R1())


def jwk(key: Any, kid: str = "k1", **more: Any) -> dict[str, Any]:
    public = key.public_key()
    maker = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    return {**json.loads(maker.to_jwk(public)), "kid": kid, **more}


def claims(now: float | None = None, **changes: Any) -> dict[str, Any]:
    """Of a good token; None leaves a claim out."""
    at = int(time.time() if now is None else now)
    told = {"iss": ISSUER, "aud": BASE + PATH, "iat": at, "exp": at + 300, "jti": str(uuid4()), **changes}
    return {name: value for name, value in told.items() if value is not None}


def token(told: Mapping[str, Any] | None = None, algorithm: str = "ES384", key: Any = None, **headers: Any) -> str:
    payload = json.dumps(dict(told or claims())).encode()
    return jwt.api_jws.encode(payload, key or private_key(algorithm), algorithm, headers={"kid": "k1", **headers})

"""A small real OpenID provider (测试用身份提供方): discovery, keys, codes with PKCE, tokens; on a port."""

import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlencode

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from tests.servers import free_port

CLIENT, SECRET = "mingjian", "secret-of-the-client"


class Provider:
    """`claims` is who is at the keyboard; the other fields are what a faulty provider would do."""

    def __init__(self) -> None:
        self.issuer = ""
        self.key = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})
        self.signer, self.algorithm = self.key, "RS256"
        self.claims: dict[str, Any] = {}
        self.wrong: dict[str, Any] = {}
        self.wrong_metadata: dict[str, str] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.asked = 0

    def app(self) -> FastAPI:
        app = FastAPI()
        self._tell_of_itself(app)
        self._sign_in(app)
        return app

    def _tell_of_itself(self, app: FastAPI) -> None:
        @app.get("/.well-known/openid-configuration")
        def configuration() -> dict[str, str]:
            return {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                **self.wrong_metadata,
            }

        @app.get("/keys")
        def keys() -> dict[str, Any]:
            self.asked += 1
            return KeySet([self.key]).as_dict(private=False)  # type: ignore[return-value]

    def _sign_in(self, app: FastAPI) -> None:
        @app.get("/authorize")
        def authorize(request: Request) -> Response:
            asked = dict(request.query_params)
            if asked["client_id"] != CLIENT or asked["code_challenge_method"] != "S256":
                return Response("wrong client", 400)
            code = secrets.token_urlsafe(16)
            self.codes[code] = asked
            back = urlencode({"code": code, "state": asked["state"]})
            return Response(None, 303, {"location": f"{asked['redirect_uri']}?{back}"})

        @app.post("/token")
        async def token(request: Request) -> Response:
            form = {name: one[0] for name, one in parse_qs((await request.body()).decode()).items()}
            asked = self.codes.pop(form.get("code", ""), None)
            basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            is_right = (
                asked is not None
                and request.headers.get("authorization") == f"Basic {basic}"
                and challenge == asked["code_challenge"]
                and form["redirect_uri"] == asked["redirect_uri"]
            )
            if not is_right or asked is None:
                return JSONResponse({"error": "invalid_grant"}, 400)
            now = int(time.time())
            told = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
            header = {"alg": self.algorithm, "kid": self.signer.kid}
            found = jwt.encode(header, {**told, **self.claims, **self.wrong}, self.signer, algorithms=[self.algorithm])
            return JSONResponse({"access_token": "a", "token_type": "Bearer", "id_token": found})


@contextmanager
def providing() -> Iterator[Provider]:
    provider, port = Provider(), free_port()
    provider.issuer = f"http://127.0.0.1:{port}"
    server = uvicorn.Server(uvicorn.Config(provider.app(), port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until = time.monotonic() + 20
        while not server.started and time.monotonic() < until:
            time.sleep(0.01)
        assert server.started
        yield provider
    finally:
        server.should_exit = True
        thread.join()

"""Clients that sign: whose token opens a service, whose does not, and that the log alone says why."""

import asyncio
import base64
import json
import logging
import time
import warnings
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from app.interfaces.auth import KeyRing
from app.interfaces.cds_hooks.client_auth import ClientAuth
from app.interfaces.cds_hooks.client_keys import BadKeys, PinnedKeys, keys_in
from app.interfaces.cds_hooks.clients import CdsClient, CdsClients, ClientError, read_clients
from app.interfaces.errors import Problem
from tests.interfaces.cds_hooks.tokens import BASE, ISSUER, PATH, claims, jwk, private_key, token

ALL = ("ES384", "RS384", "ES256", "RS256")


def client(**changes: Any) -> CdsClient:
    told: dict[str, Any] = {"issuer": ISSUER, "name": "emr", "keys": {"keys": [jwk(private_key("ES384"))]}}
    return CdsClient.model_validate({**told, **changes})


def door(*clients: CdsClient, bases: tuple[str, ...] = (BASE,), now: float | None = None) -> ClientAuth:
    clock = time.time if now is None else lambda: now
    return ClientAuth(CdsClients(bases=bases, clients=clients or (client(),)), KeyRing({"local": "the.api.key"}), clock)


def call(auth: ClientAuth, sent: str, path: str = PATH) -> str:
    return auth({"path": path, "headers": [(b"authorization", f"Bearer {sent}".encode())]})


def refused(auth: ClientAuth, sent: str, caplog: pytest.LogCaptureFixture, path: str = PATH) -> str:
    """Why, as the log says it."""
    caplog.clear()
    with caplog.at_level(logging.WARNING), pytest.raises(Problem) as found:
        call(auth, sent, path)
    assert found.value.status == 401
    (entry,) = caplog.messages
    assert sent not in entry
    assert sent.rpartition(".")[2] not in entry or not sent.rpartition(".")[2]
    return entry


@pytest.mark.parametrize("algorithm", ALL)
def test_each_algorithm_that_its_client_may_use(algorithm: str, caplog: pytest.LogCaptureFixture) -> None:
    keys = {"keys": [jwk(private_key(algorithm))]}
    assert call(door(client(keys=keys, algorithms=(algorithm,))), token(algorithm=algorithm)) == "cds:emr"
    others = tuple(one for one in ALL if one != algorithm)
    assert "not allowed" in refused(door(client(keys=keys, algorithms=others)), token(algorithm=algorithm), caplog)


def test_the_weaker_two_are_not_taken_unless_a_client_is_listed_so(caplog: pytest.LogCaptureFixture) -> None:
    for algorithm in ("ES256", "RS256"):
        auth = door(client(keys={"keys": [jwk(private_key(algorithm))]}))
        assert "not allowed" in refused(auth, token(algorithm=algorithm), caplog)


def unsigned() -> str:
    parts = [{"alg": "none", "typ": "JWT"}, claims()]
    return ".".join([base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode() for one in parts]) + "."


def by_shared_secret() -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return jwt.encode(claims(), "secret" * 10, "HS384", headers={"kid": "k1"})


def changed() -> str:
    head, _, signature = token().split(".")
    body = base64.urlsafe_b64encode(json.dumps(claims()).encode()).rstrip(b"=").decode()
    return f"{head}.{body}.{signature}"


NOW = 1_800_000_000


def at(**changes: Any) -> str:
    return token(claims(NOW, **changes))


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (unsigned(), "'none' is not allowed"),
        (by_shared_secret(), "'HS384' is not allowed"),
        (changed(), "InvalidSignatureError"),
        (token(key=private_key("ES384", 1)), "InvalidSignatureError"),
        ("aaaa.bbbb.cccc", "no token"),
        ("." * 2, "no token"),
        ("x" * 9000 + ".y.z", "too long"),
        (token(kid="other"), "0 keys fit"),
    ],
)
def test_what_is_not_signed_as_it_should_be(sent: str, why: str, caplog: pytest.LogCaptureFixture) -> None:
    assert why in refused(door(), sent, caplog)


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (at(iss="https://else.example"), "is not listed"),
        (at(iss=None), "is not listed"),
        (at(iss=["x"]), "is not listed"),
        (at(aud="https://else.example" + PATH), "audience"),
        (at(aud=BASE), "audience"),
        (at(aud=BASE + PATH + "/"), "audience"),
        (at(aud=None), "audience"),
        (at(aud=[]), "audience"),
        (at(aud={"a": 1}), "audience"),
        (at(iat=None), "iat"),
        (at(exp=None), "exp"),
        (at(exp=True), "exp"),
        (at(iat=float("nan")), "iat"),
        (at(iat=float("inf")), "iat"),
        (at(iat="1"), "iat"),
        (at(iat=NOW - 400, exp=NOW - 100), "expired 100 seconds ago"),
        (at(iat=NOW + 100), "in the future"),
        (at(nbf=NOW + 100), "nbf"),
        (at(nbf="soon"), "nbf"),
        (at(exp=NOW + 301), "lives 301 seconds"),
        (at(iat=NOW + 10, exp=NOW + 5), "lives -5 seconds"),
        (at(jti=None), "jti"),
        (at(jti=""), "jti"),
        (at(jti=5), "jti"),
        (at(jti="x" * 201), "jti"),
    ],
)
def test_claims_that_open_nothing(sent: str, why: str, caplog: pytest.LogCaptureFixture) -> None:
    assert why in refused(door(now=NOW), sent, caplog)


def test_clocks_may_differ_a_little() -> None:
    for changes in ({"iat": NOW + 20}, {"iat": NOW - 320, "exp": NOW - 20}, {"nbf": NOW + 20}):
        assert call(door(now=NOW), at(**changes)) == "cds:emr"


def test_the_audience_is_the_very_address_or_an_alias_of_the_client() -> None:
    inside = "http://10.0.0.5:8000"
    auth = door(client(audiences=("sand_man",)), bases=(BASE + "/", inside))
    feedback = f"{PATH}/feedback"
    for told, path in [
        (inside + PATH, PATH), ("sand_man", PATH), (["x", BASE + PATH], PATH), (BASE + feedback, feedback),
    ]:  # fmt: skip
        assert call(auth, token(claims(aud=told)), path) == "cds:emr"
    with pytest.raises(Problem):
        call(auth, token(claims(aud=BASE + PATH)), feedback)


def test_a_token_is_taken_once_even_under_two_names(caplog: pytest.LogCaptureFixture) -> None:
    auth, sent = door(), token()
    assert call(auth, sent) == "cds:emr"
    assert "used before" in refused(auth, sent, caplog)
    again = token(claims(jti=jwt.decode(sent, options={"verify_signature": False})["jti"]))
    assert "used before" in refused(auth, again, caplog)


def test_a_refused_token_does_not_use_up_its_jti() -> None:
    auth = door()
    told = claims()
    with pytest.raises(Problem):
        call(auth, token(told, key=private_key("ES384", 1)))
    assert call(auth, token(told)) == "cds:emr"


def test_keys_of_this_service_still_open_it_whatever_they_look_like() -> None:
    assert call(door(), "the.api.key") == "local"
    with pytest.raises(Problem):
        call(door(), "another-key")


def test_a_key_is_chosen_by_its_id_and_by_what_it_can_verify(caplog: pytest.LogCaptureFixture) -> None:
    both = {"keys": [jwk(private_key("ES384")), jwk(private_key("RS384")), jwk(private_key("ES384", 1), kid="k2")]}
    auth = door(client(keys=both))
    assert call(auth, token()) == call(auth, token(algorithm="RS384")) == "cds:emr"
    assert call(auth, token(key=private_key("ES384", 1), kid="k2")) == "cds:emr"
    assert call(auth, token(algorithm="RS384", kid="")) == "cds:emr"
    assert "2 keys fit" in refused(auth, token(kid=""), caplog)


@pytest.mark.parametrize(
    "member",
    [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "k1"},
        jwk(private_key("ES384"), use="enc"),
        jwk(private_key("ES384"), alg="ES256"),
        {**jwk(private_key("ES384")), "x": "AAAA"},
        {**jwk(private_key("ES384")), "d": "AAAA"},
        jwk(rsa.generate_private_key(65537, 1024)),
        "text",
    ],
)
def test_keys_that_are_not_taken(member: Any) -> None:
    with pytest.raises(BadKeys):
        keys_in({"keys": [member]})


class Keys(BaseHTTPRequestHandler):
    answer: tuple[int, dict[str, str], bytes] = (200, {}, b"")
    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        status, headers, body = self.answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def emr() -> Iterator[type[Keys]]:
    """The web server of a client."""
    handler: Any = type("Handler", (Keys,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        handler.url = f"http://127.0.0.1:{server.server_port}/jwks.json"
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield handler
        server.shutdown()
        thread.join()


def jwks(*algorithms: str) -> bytes:
    return json.dumps({"keys": [jwk(private_key(one)) for one in algorithms]}).encode()


def test_keys_are_fetched_from_the_pinned_address_only(emr: Any, caplog: pytest.LogCaptureFixture) -> None:
    emr.answer = (200, {}, jwks("ES384"))

    async def steps() -> None:
        auth = door(client(keys=None, jku=emr.url))
        await auth.open()
        assert call(auth, token(jku=emr.url)) == call(auth, token()) == "cds:emr"
        assert "not the pinned one" in refused(auth, token(jku=emr.url + "?"), caplog)
        assert emr.asked == 1

    asyncio.run(steps())


def test_a_request_does_not_wait_for_keys(emr: Any, caplog: pytest.LogCaptureFixture) -> None:
    emr.answer = (200, {}, jwks("ES384"))

    async def steps() -> None:
        auth = door(client(keys=None, jku=emr.url))
        assert "0 keys fit" in refused(auth, token(), caplog)
        assert emr.asked == 0
        await auth.open()
        assert call(auth, token()) == "cds:emr"

    asyncio.run(steps())


@pytest.mark.parametrize(
    "answer",
    [
        (404, {}, b""),
        (302, {"location": "/else"}, b""),
        (200, {}, b"no JSON"),
        (200, {}, b"[" * 100_000),
        (200, {}, b'{"keys": []}'),
        (200, {}, b" " * 300_000),
    ],
)
def test_what_is_no_key_set_leaves_the_old_keys(answer: Any, emr: Any, caplog: pytest.LogCaptureFixture) -> None:
    seconds = 0.0

    async def steps() -> None:
        nonlocal seconds
        keys = PinnedKeys(emr.url, lambda: seconds)
        for sent in ((200, {}, jwks("ES384")), answer):
            emr.answer = sent
            assert keys.current() is not None
            await keys.wait()
            seconds += 4000
        assert emr.asked == 2
        assert list(keys.current()) == ["k1"]
        await keys.wait()

    asyncio.run(steps())
    assert "cannot be had" in caplog.text


def test_an_unknown_key_is_looked_for_but_not_by_every_token(emr: Any) -> None:
    emr.answer = (200, {}, jwks("ES384"))

    async def steps() -> None:
        auth = door(client(keys=None, jku=emr.url))
        await auth.open()
        for _ in range(20):
            with pytest.raises(Problem):
                call(auth, token(kid="unknown"))
        await auth.open()
        assert emr.asked == 1

    asyncio.run(steps())


GOOD = f"bases: [{BASE}]\nclients:\n- issuer: {ISSUER}\n  name: emr\n  jku: https://emr.example/jwks.json\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (GOOD.replace("https://emr.example/jwks", "http://emr.example/jwks"), "https://"),
        (GOOD.replace("https://emr.example/jwks", "http://localhost.evil/jwks"), "https://"),
        (GOOD.replace("  jku: https://emr.example/jwks.json\n", ""), "either jku or keys"),
        (GOOD + "  keys: {keys: []}\n", "either jku or keys"),
        (GOOD.replace("jku: https://emr.example/jwks.json", "keys: {keys: []}"), "no public key"),
        (GOOD + "  algorithms: [HS256]\n", "algorithms"),
        (GOOD + "  algorithms: [none]\n", "algorithms"),
        (GOOD + "  algorithms: []\n", "algorithms"),
        (GOOD + "  longest_seconds: 1000000\n", "longest_seconds"),
        (GOOD + GOOD.partition("clients:\n")[2], "stands twice"),
        (GOOD.replace(f"bases: [{BASE}]\n", ""), "audiences"),
        (GOOD + "unknown: 1\n", "unknown"),
        ("[]: {", "clients.yaml"),
        ("- 1", "clients.yaml"),
    ],
)
def test_a_file_that_is_wrong_says_so(text: str, why: str, tmp_path: Path) -> None:
    file = tmp_path / "clients.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(ClientError, match=why):
        read_clients(file)


def test_the_file_as_yaml_or_json(tmp_path: Path) -> None:
    file = tmp_path / "clients.yaml"
    file.write_text(GOOD + "  algorithms: [RS256]\n  longest_seconds: 86400\n", "utf-8")
    (found,) = read_clients(file).clients
    assert (found.algorithms, found.longest_seconds) == (("RS256",), 86400)
    whole = {"bases": [BASE], "clients": [{"issuer": "i", "name": "n", "keys": json.loads(jwks("ES384"))}]}
    file.write_text(json.dumps(whole), "utf-8")
    assert read_clients(file).clients[0].own_keys()
    assert read_clients(None).clients == ()

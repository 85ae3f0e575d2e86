"""Where the keys of clients come from: the file of clients, and the one address that is pinned."""

import asyncio
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from app.interfaces.authentication.jwks import BadKeys, PinnedKeys, keys_in
from app.interfaces.cds_hooks.clients import ClientError, read_clients
from app.interfaces.errors import Problem
from tests.interfaces.cds_hooks.door import call, client, door, refused
from tests.interfaces.cds_hooks.tokens import BASE, ISSUER, jwk, private_key, token


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

"""Where one request ends and the next begins: what can be read in two ways is refused, and the connection ends."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.main import create_app
from app.settings import Settings
from tests.service import KEY, ROOT, Service, serving

HIDDEN = b"GET /v1/rules HTTP/1.1\r\nhost: x\r\nauthorization: Bearer " + KEY.encode() + b"\r\n\r\n"
_SILENCE = 2.0  # seconds
RULES = ROOT / "tests" / "contracts" / "nhsa" / "rules"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    data: Path = tmp_path_factory.mktemp("boundaries")
    with serving(create_app(Settings(data_dir=data, rules_dir=RULES, api_key=SecretStr(KEY))), data) as one:
        yield one


def sent(service: Service, *heads: bytes, body: bytes = b"", path: bytes = b"/v1/audits") -> bytes:
    """All that comes back until the service ends the connection, or has no more to say."""
    content = b"\r\n".join([b"POST " + path + b" HTTP/1.1", b"host: x", *heads, b"", b""]) + body
    with socket.create_connection(("127.0.0.1", service.port), timeout=5) as connection:
        connection.sendall(content)
        connection.settimeout(_SILENCE)
        answer = b""
        with suppress(TimeoutError):
            while part := connection.recv(65536):
                answer += part
    return answer


CHUNKED = b"0\r\n\r\n" + HIDDEN
TWO_WAYS: list[tuple[tuple[bytes, ...], bytes]] = [
    ((b"content-length: %d" % len(CHUNKED), b"transfer-encoding: chunked"), CHUNKED),
    ((b"transfer-encoding: chunked", b"content-length: 4"), CHUNKED),
    ((b"content-length: 0", b"content-length: %d" % len(HIDDEN)), HIDDEN),
    ((b"content-length: 0, %d" % len(HIDDEN),), HIDDEN),
    ((b"content-length: +0",), HIDDEN),
    ((b"content-length: -1",), HIDDEN),
    ((b"content-length: 0x0",), HIDDEN),
    ((b"transfer-encoding: identity, chunked, identity",), CHUNKED),
    ((b"transfer-encoding : chunked",), CHUNKED),
    ((b"transfer-encoding: chunked",), b"zz\r\n\r\n" + HIDDEN),
]


@pytest.mark.parametrize(("heads", "body"), TWO_WAYS)
def test_nothing_is_smuggled(service: Service, heads: tuple[bytes, ...], body: bytes) -> None:
    answer = sent(service, *heads, body=body)
    assert b" 200 " not in answer
    assert answer.count(b"HTTP/1.1 ") <= 1, answer


def test_what_is_well_formed_is_answered_one_by_one(service: Service) -> None:
    """Else the tests above would show nothing."""
    answer = sent(service, b"content-length: 0", body=HIDDEN)
    assert answer.count(b"HTTP/1.1 ") == 2
    assert b"HTTP/1.1 401 " in answer
    assert b"HTTP/1.1 200 " in answer


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "DEBUG"])
def test_no_request_is_sent_back(service: Service, method: str) -> None:
    with socket.create_connection(("127.0.0.1", service.port), timeout=5) as connection:
        connection.sendall(
            f"{method} /v1/rules HTTP/1.1\r\nhost: x\r\nx-secret: tell-me\r\nconnection: close\r\n\r\n".encode()
        )
        answer = b""
        while part := connection.recv(65536):
            answer += part
    assert answer[9:12] in (b"400", b"404", b"405")
    assert b"tell-me" not in answer

"""Headers have to come in time: whoever sends them drop by drop, or never, does not keep a connection."""

import asyncio
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.interfaces.bounded_http import BoundedHttp
from tests.service import Service, serving

SECONDS = 0.6
HEAD = b"GET / HTTP/1.1\r\nhost: a\r\n"


async def slow_answer(scope: Any, receive: Any, send: Any) -> None:
    """Answers at once, but in three seconds below /slow, and before the body is there below /early."""
    if scope["type"] != "http":
        return
    if scope["path"] != "/early":
        while (await receive()).get("more_body"):
            pass
    if scope["path"] == "/slow":
        await asyncio.sleep(3 * SECONDS)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.setattr(BoundedHttp, "head_seconds", SECONDS)
    with serving(slow_answer, tmp_path) as service:
        yield service


@pytest.fixture
def line(service: Service) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as line:
        yield line


def rest(line: socket.socket) -> bytes:
    """All that comes until the other side hangs up."""
    found = b""
    while piece := line.recv(65536):
        found += piece
    return found


def drip(line: socket.socket, pieces: Iterator[bytes]) -> bytes:
    """Sends a piece each fifth of a second, until the other side hangs up; what it had said."""
    line.settimeout(0.2)
    found, until = b"", time.monotonic() + 10
    while time.monotonic() < until:
        try:
            line.sendall(next(pieces))
            if not (piece := line.recv(65536)):
                return found
            found += piece
        except TimeoutError:
            continue
        except ConnectionError:  # it hung up between two pieces
            return found
    raise AssertionError(f"the connection is kept: {found!r}")


def one_by_one(text: bytes) -> Iterator[bytes]:
    yield text[:20]
    while True:
        yield b"x"


def test_who_says_nothing_is_hung_up_on(line: socket.socket) -> None:
    began = time.monotonic()
    assert rest(line) == b""
    assert SECONDS - 0.1 < time.monotonic() - began < 5


def test_headers_that_come_drop_by_drop_are_refused(line: socket.socket) -> None:
    began = time.monotonic()
    assert drip(line, one_by_one(HEAD)).startswith(b"HTTP/1.1 408 ")
    assert SECONDS - 0.1 < time.monotonic() - began < 5


def test_so_are_those_of_a_second_request(line: socket.socket) -> None:
    line.sendall(HEAD + b"\r\n")
    assert line.recv(65536).startswith(b"HTTP/1.1 200 ")
    assert b" 408 " in drip(line, one_by_one(HEAD))


def test_empty_lines_keep_no_connection(line: socket.socket) -> None:
    line.sendall(HEAD + b"\r\n")
    assert line.recv(65536).startswith(b"HTTP/1.1 200 ")
    line.sendall(b"\r\n")
    assert rest(line) == b""


def test_nor_does_the_rest_of_a_body_that_was_answered(line: socket.socket) -> None:
    line.sendall(b"POST /early HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n")
    assert line.recv(65536).startswith(b"HTTP/1.1 200 ")
    drip(line, one_by_one(b"x"))


def test_a_connection_that_is_idle_after_an_answer_is_kept(line: socket.socket) -> None:
    for _ in range(3):
        line.sendall(HEAD + b"\r\n")
        assert line.recv(65536).startswith(b"HTTP/1.1 200 ")
        time.sleep(1.5 * SECONDS)


def test_a_slow_answer_and_a_slow_body_are_not_cut_off(line: socket.socket) -> None:
    line.sendall(b"POST /slow HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\n")
    for letter in (b"a", b"b", b"c"):
        time.sleep(0.8 * SECONDS)
        line.sendall(letter)
    assert line.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_half_a_request_behind_another_does_not_cut_off_its_answer(line: socket.socket) -> None:
    line.sendall(HEAD.replace(b"/ ", b"/slow ") + b"\r\n" + HEAD)
    told = rest(line)
    assert told.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 408 " in told

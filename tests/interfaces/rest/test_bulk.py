"""POST /v1/audits/bulk: a line in, a line out, in order, whatever the lines and whenever the client reads."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.service import KEY, Service, charge, check_problem, encoded, problem_of, request


def test_order_is_kept(service: Service) -> None:
    names = [f"E{number}" for number in range(300)]
    answers = service.bulk(*(request(id=name, sex="male" if number % 2 else "") for number, name in enumerate(names)))
    assert [answer["encounter"] for answer in answers] == names
    assert [bool(answer["findings"]) for answer in answers] == [bool(number % 2) for number in range(300)]


def test_answers_are_recorded(service: Service) -> None:
    answer = service.client.post("/v1/audits/bulk", content=encoded(request()))
    assert answer.headers["content-type"] == "application/x-ndjson"
    (line,) = answer.content.splitlines()
    assert service.client.get(f"/v1/audits/{json.loads(line)['id']}").content == line


@pytest.mark.parametrize(
    ("bad", "status", "name"),
    [
        (b"{", 400, "malformed-json"),
        (b"\xff", 400, "malformed-json"),
        (b"[]", 422, "invalid-request"),
        (encoded(request(id="")), 422, "invalid-request"),
        (encoded(request(ward="x" * 100_000)), 413, "too-large"),
        (b" " * 99_990 + encoded(request()), 413, "too-large"),
    ],
)
def test_bad_line_does_not_stop_the_others(service: Service, bad: bytes, status: int, name: str) -> None:
    first, refused, last = service.bulk(request(id="first"), bad, request(id="last"))
    assert (first["encounter"], last["encounter"]) == ("first", "last")
    check_problem(refused, status, name)


def test_line_far_over_the_limit_is_one_problem(service: Service) -> None:
    """It comes in many parts, and is told once; at the end it needs no line break."""
    long = b"[" * 3_000_000
    answers = service.bulk(long, request(id="E1"), long)
    assert [answer.get("status", answer.get("encounter")) for answer in answers] == [413, "E1", 413]


def test_line_at_the_limit_is_read(service: Service) -> None:
    body = encoded(request(id="E1"))
    (answer,) = service.bulk(body + b" " * (100_000 - len(body)))
    assert answer["encounter"] == "E1"


@pytest.mark.parametrize("body", [b"", b"\n", b"\r\n\r\n", b"  \n\t\n"])
def test_nothing_asked_nothing_answered(service: Service, body: bytes) -> None:
    answer = service.client.post("/v1/audits/bulk", content=body)
    assert (answer.status_code, answer.content) == (200, b"")


def test_blank_lines_and_crlf(service: Service) -> None:
    one, two = encoded(request(id="one")), encoded(request(id="two"))
    answer = service.client.post("/v1/audits/bulk", content=b"\r\n" + one + b"\r\n\r\n \n" + two + b"\r\n")
    assert [json.loads(line)["encounter"] for line in answer.content.splitlines()] == ["one", "two"]


def test_lines_cut_anywhere(service: Service) -> None:
    body = encoded(request(id="一")) + b"\n" + encoded(request(id="二")) + b"\n"

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(body), 7):
            yield body[start : start + 7]

    answer = service.client.post("/v1/audits/bulk", content=pieces())
    assert [json.loads(line)["encounter"] for line in answer.content.splitlines()] == ["一", "二"]


def test_client_that_sends_everything_before_it_reads(service: Service) -> None:
    """5,000 requests and their answers are more than all buffers between the two sides hold."""
    count, padding, lines = 5_000, b" " * 8_000, [charge("L1"), charge("L2"), charge("L3")]
    body = b"".join(encoded(request(*lines, id=f"E{number}")) + padding + b"\n" for number in range(count))
    head = (
        f"POST /v1/audits/bulk HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nConnection: close\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.socket() as connection:
        connection.settimeout(20)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        connection.connect(("127.0.0.1", service.port))
        connection.sendall(head.encode() + body)
        answer = bytearray()
        while part := connection.recv(1 << 20):
            answer += part
    encounters = [json.loads(line)["encounter"] for line in dechunked(bytes(answer)).splitlines()]
    assert encounters == [f"E{number}" for number in range(count)]


def dechunked(answer: bytes) -> bytes:
    head, _, rest = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"transfer-encoding: chunked" in head.lower()
    parts: list[bytes] = []
    while True:
        size, _, rest = rest.partition(b"\r\n")
        if not int(size, 16):
            return b"".join(parts)
        parts.append(rest[: int(size, 16)])
        rest = rest[int(size, 16) + 2 :]


def test_client_that_reads_as_it_sends(service: Service) -> None:
    """The first answers come before the last requests are sent."""
    head = (
        f"POST /v1/audits/bulk HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
        "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )

    def chunk(body: Any) -> bytes:
        line = encoded(body) + b"\n"
        return f"{len(line):x}\r\n".encode() + line + b"\r\n"

    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as connection:
        connection.sendall(head.encode() + b"".join(chunk(request(id=f"E{number}")) for number in range(100)))
        answer = bytearray()
        while b'"encounter":"E30"' not in answer:
            answer += connection.recv(1 << 20)
        connection.sendall(chunk(request(id="last")) + b"0\r\n\r\n")
        while part := connection.recv(1 << 20):
            answer += part
    assert len(dechunked(bytes(answer)).splitlines()) == 101


def test_behind_a_proxy_nothing_is_answered_before_all_is_sent(service: Service) -> None:
    """nginx passes nothing more of a request on whose answer has begun."""
    line = encoded(request(id="E1")) + b"\n"
    head = (
        f"POST /v1/audits/bulk HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nX-Forwarded-For: 192.0.2.1\r\n"
        f"Content-Length: {2 * len(line)}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", service.port), timeout=1) as connection:
        connection.sendall(head.encode() + line)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(20)
        connection.sendall(line)
        answer = b""
        while part := connection.recv(1 << 20):
            answer += part
    assert len(dechunked(answer).splitlines()) == 2


@pytest.mark.parametrize("more", ["", "X-Forwarded-For: 192.0.2.1\r\n"])
@pytest.mark.parametrize("reads", [False, True])
def test_client_that_hangs_up_midway(service: Service, reads: bool, more: str) -> None:
    line = encoded(request(id="gone")) + b"\n"
    head = (
        f"POST /v1/audits/bulk HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n{more}"
        "Content-Length: 99999999\r\n\r\n"
    )
    reads = reads and not more
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
            connection.sendall(head.encode() + line * 200 + line[:50])
            if reads:
                connection.recv(1000)
    assert len(service.bulk(*[request()] * 3)) == 3
    assert service.audit(request()).status_code == 200


def test_client_that_hangs_up_before_it_reads(service: Service) -> None:
    with httpx.Client(base_url=service.url, headers=service.client.headers, timeout=10, trust_env=False) as client:
        body = (encoded(request(id="gone")) + b"\n") * 500
        with client.stream("POST", "/v1/audits/bulk", content=body) as answer:
            assert answer.status_code == 200
    assert len(service.bulk(request())) == 1


def test_key_is_needed_before_anything_is_read(service: Service) -> None:
    answer = service.client.post("/v1/audits/bulk", content=encoded(request()), headers={"authorization": "Bearer x"})
    problem_of(answer, 401, "unauthorized")

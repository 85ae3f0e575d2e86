"""POST /v1/history and DELETE /v1/encounters/{encounter}/lines/{line}: the past comes in, and what was wrong goes."""

import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.interfaces.rest.history_service import encounter, is_told, keeping, take_in, withdraw
from tests.service import KEY, Service, encoded


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with keeping(tmp_path_factory.mktemp("history")) as running:
        yield running


def test_past_claims_are_counted(service: Service) -> None:
    assert not is_told(service, "P-counted")
    (kept,) = take_in(service, encounter("counted", patient="P-counted"))
    assert kept == {"facility": "F1", "encounter": "counted", "order_lines": 0, "charge_lines": 1}
    assert is_told(service, "P-counted")
    assert is_told(service, "P-counted", facility="F2")
    assert not is_told(service, "P-counted", facility="F3")


def test_what_comes_again_takes_its_own_place(service: Service) -> None:
    first = encounter("again", {"id": "L1"}, {"id": "L2"}, patient="P-again")
    take_in(service, first, first)
    take_in(
        service,
        encounter("again", {"id": "L1", "item_code": "other"}, {"id": "L2", "item_code": "other"}, patient="P-again"),
    )
    assert not is_told(service, "P-again")
    take_in(service, encounter("again", {"id": "L2"}, patient="P-again-corrected"))
    assert not is_told(service, "P-again")
    assert is_told(service, "P-again-corrected")


def test_a_withdrawn_line_counts_no_more_until_it_is_sent_again(service: Service) -> None:
    take_in(service, encounter("withdrawn", patient="P-withdrawn"))
    first = withdraw(service, "withdrawn", "L1")
    assert (first.status_code, first.content) == (204, b"")
    assert withdraw(service, "withdrawn", "L1").status_code == 204
    assert not is_told(service, "P-withdrawn")
    take_in(service, encounter("withdrawn", patient="P-withdrawn"))
    assert is_told(service, "P-withdrawn")


@pytest.mark.parametrize("name", ["a/b", "a b", "100%", "就诊?x=1&y", "..", "a+b", "lines", "%2F", '"'])
def test_ids_of_any_letters(service: Service, name: str) -> None:
    take_in(service, encounter(name, {"id": name}, patient=f"P-{name}"))
    assert withdraw(service, name, name + "x").status_code == 404
    if name == "..":  # which the client makes a path of
        return
    assert withdraw(service, name, name).status_code == 204
    assert not is_told(service, f"P-{name}")


def test_an_audit_leaves_its_lines_in_the_history(service: Service) -> None:
    body = {"encounter": encounter("audited", {"id": "L1"}, {"id": "L2", "item_code": "other"}, patient="P-audited")}
    assert service.audit(body).json()["findings"] == []
    assert is_told(service, "P-audited")
    assert withdraw(service, "audited", "L1").status_code == 204
    assert not is_told(service, "P-audited")


def test_a_client_that_waits_for_each_answer_gets_it(service: Service) -> None:
    """It sends the next encounter only when it has heard of the last."""
    head = (
        f"POST /v1/history HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
        "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
        connection.sendall(head.encode())
        heard = b""
        for number in range(3):
            line = encoded(encounter(f"waits-{number}")) + b"\n"
            connection.sendall(f"{len(line):x}\r\n".encode() + line + b"\r\n")
            while f'"encounter":"waits-{number}"'.encode() not in heard:
                heard += connection.recv(4096)
        connection.sendall(b"0\r\n\r\n")
        while part := connection.recv(4096):
            heard += part
    assert heard.endswith(b"0\r\n\r\n")


def test_ten_thousand_encounters_in_seconds(service: Service) -> None:
    lines = [{"id": f"L{number}", "item_code": f"C{number}"} for number in range(10)]
    past = [encounter(f"many-{number}", *lines, patient=f"P-many-{number % 500}") for number in range(10_000)]
    began = time.monotonic()
    answers = take_in(service, *past)
    assert time.monotonic() - began < 20
    assert [one["encounter"] for one in answers] == [one["id"] for one in past]
    with closing(sqlite3.connect(service.data_dir / "data" / "mingjian.sqlite3")) as connection:
        (stored,) = connection.execute("SELECT count(*) FROM history_lines WHERE encounter LIKE 'many-%'").fetchone()
    assert stored == 100_000

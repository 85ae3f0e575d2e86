"""X-Deadline-Ms: what is taken, and what is refused."""

import pytest

from tests.service import Service, encoded, problem_of, request


@pytest.mark.parametrize("sent", ["10", "150", "1000", "60000", "000000150"])
def test_taken(service: Service, sent: str) -> None:
    answer = service.client.post("/v1/audits", content=encoded(request()), headers={"x-deadline-ms": sent})
    assert answer.status_code == 200


@pytest.mark.parametrize("sent", ["", "0", "9", "-5", "1.5", "1e3", "soon", "1_000", "٣٠٠".encode(), "9" * 10])
def test_refused(service: Service, sent: str | bytes) -> None:
    answer = service.client.post("/v1/audits", content=encoded(request()), headers={b"x-deadline-ms": sent})  # type: ignore[dict-item]
    problem = problem_of(answer, 400, "bad-deadline")
    assert "whole milliseconds" in problem["detail"]


def test_sent_twice(service: Service) -> None:
    headers = [("x-deadline-ms", "100"), ("x-deadline-ms", "100")]
    problem_of(service.client.post("/v1/audits", content=encoded(request()), headers=headers), 400, "bad-deadline")

"""What is asked of findings about a place, for the matrix of access (疑点的数据范围)."""

import json
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from tests.service import Service

Place = tuple[str, str]  # facility and department


class Kept(NamedTuple):
    """A finding of a place, and an attachment of it."""

    finding: str
    attachment: str


def kept_at(service: Service, place: Place) -> Kept:
    """Once the findings of what was audited there are found."""
    until = time.monotonic() + 10
    while True:
        answer = service.client.get("/v1/findings", params={"facility": place[0]})
        assert answer.status_code == 200, answer.text
        if found := answer.json()["findings"]:
            break
        assert time.monotonic() < until, "no findings were made of the audit"
        time.sleep(0.05)
    name = found[0]["id"]
    made = service.client.post(f"/v1/findings/{name}/attachments", content=b"%PDF-1.7 proof")
    assert made.status_code == 201, made.text
    return Kept(name, made.json()["id"])


def _body(body: Any) -> dict[str, Any]:
    return {"content": json.dumps(body).encode()}


def _at(path: str) -> Callable[[Any, Place], dict[str, Any]]:
    def ask(desk: Any, place: Place) -> dict[str, Any]:
        kept = desk.findings[place[0]]
        return {"path": path.format(finding=kept.finding, attachment=kept.attachment)}

    return ask


def _step(desk: Any, place: Place) -> dict[str, Any]:
    return {
        **_at("/v1/findings/{finding}/steps")(desk, place),
        **_body({"action": "comment", "comment": "请核对", "version": 1}),
    }


def _attach(desk: Any, place: Place) -> dict[str, Any]:
    return {**_at("/v1/findings/{finding}/attachments")(desk, place), "content": b"%PDF-1.7 more"}


def _department(place: Place) -> dict[str, str]:
    return {"facility": place[0], "code": place[1], "name": "内科"}


def _physician(place: Place) -> dict[str, str]:
    return {"facility": place[0], "code": "D1", "name": "张医师"}


# `list` answers with those that the caller may see, be it none; the rest as in test_access_matrix.py.
ABOUT_FINDINGS: dict[str, tuple[str, Callable[[Any, Place], dict[str, Any]]]] = {
    "GET /v1/findings": ("list", lambda _, place: {"params": {"facility": place[0], "trial": "include"}}),
    "POST /v1/findings/search": ("list", lambda _, place: _body({"facility": [place[0]], "trial": "include"})),
    "GET /v1/findings/export": ("list", lambda _, place: {"params": {"facility": place[0], "format": "csv"}}),
    "GET /v1/statistics/overview": ("list", lambda _, place: {"params": {"facility": place[0]}}),
    "GET /v1/findings/{finding_id}/dossier": ("read", _at("/v1/findings/{finding}/dossier")),
    "GET /v1/findings/{finding_id}": ("read", _at("/v1/findings/{finding}")),
    "POST /v1/findings/{finding_id}/steps": ("write", _step),
    "POST /v1/findings/steps": (
        "list",
        lambda desk, place: _body(
            {"action": "comment", "comment": "请核对", "findings": [{"id": desk.findings[place[0]].finding}]}
        ),
    ),
    "POST /v1/findings/{finding_id}/attachments": ("write", _attach),
    "GET /v1/findings/{finding_id}/attachments/{attachment_id}": (
        "read",
        _at("/v1/findings/{finding}/attachments/{attachment}"),
    ),
    "POST /v1/worklists/assign": ("list", lambda _, place: _body({"filter": {"facility": [place[0]]}})),
    "GET /v1/departments": ("read", lambda _, place: {"params": {"facility": place[0]}}),
    "PUT /v1/departments": ("write", lambda _, place: _body({"departments": [_department(place)]})),
    "GET /v1/staff": ("read", lambda _, place: {"params": {"facility": place[0], "code": "D1"}}),
    "PUT /v1/staff": ("write", lambda _, place: _body({"staff": [_physician(place)]})),
}

# The caller's own worklist and views.
OF_THEIR_OWN = {
    "GET /v1/worklists/mine",
    "GET /v1/views",
    "PUT /v1/views/{view_id}",
    "DELETE /v1/views/{view_id}",
}

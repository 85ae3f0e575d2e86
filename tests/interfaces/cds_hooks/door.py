"""A door for tests that knows one client, and how one is refused at it."""

import logging
import time
from typing import Any

import pytest

from app.domain.access import Role
from app.interfaces.authentication.installation_key import InstallationKey
from app.interfaces.authentication.replay import SharedReplay
from app.interfaces.cds_hooks.client_auth import ClientAuth
from app.interfaces.cds_hooks.clients import CdsClient, CdsClients
from app.interfaces.errors import Problem
from tests.interfaces.cds_hooks.tokens import BASE, ISSUER, PATH, jwk, private_key


def client(**changes: Any) -> CdsClient:
    told: dict[str, Any] = {"issuer": ISSUER, "name": "emr", "keys": {"keys": [jwk(private_key("ES384"))]}}
    return CdsClient.model_validate({**told, **changes})


def door(*clients: CdsClient, bases: tuple[str, ...] = (BASE,), now: float | None = None) -> ClientAuth:
    clock = time.time if now is None else lambda: now
    machines = [InstallationKey("the.api.key", [Role.HIS_CLIENT])]
    return ClientAuth(CdsClients(bases=bases, clients=clients or (client(),)), machines, SharedReplay(None), clock)


def call(auth: ClientAuth, sent: str, path: str = PATH) -> str:
    """Who calls; nothing may wait for anything meanwhile."""
    asked = auth({"path": path, "headers": [(b"authorization", f"Bearer {sent}".encode())]})
    try:
        asked.send(None)
    except StopIteration as told:
        return str(told.value.id)
    raise AssertionError("it waited")


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

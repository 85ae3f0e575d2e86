"""Authenticators (认证方式): each knows one way to tell who calls; the gate asks them in turn."""

from typing import Protocol

from app.domain.access import Caller
from app.interfaces.asgi import Scope


class Authenticator(Protocol):
    def known(self, scope: Scope) -> Caller | None:
        """At once, from memory; None where that does not tell. Called for every request: it must be cheap."""
        ...

    async def find(self, scope: Scope) -> Caller | None:
        """As `known`, but it may ask a store or another service. None: what was sent is not of this way."""
        ...

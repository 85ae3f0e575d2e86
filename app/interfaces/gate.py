"""The gate (统一鉴权): every request of every interface passes here; who calls, and whether they may, is settled here.

Whose patients they may see is settled where the place of a thing is known (app/application/authorise.py).
"""

from collections.abc import Sequence
from urllib.parse import quote

from app.domain.access import Caller
from app.interfaces.asgi import Application, Receive, Scope, Send, respond, respond_problem
from app.interfaces.authenticator import Authenticator
from app.interfaces.caller import KEY
from app.interfaces.errors import Problem, forbidden, method_not_allowed, not_served, unauthorized
from app.interfaces.need import Entrance
from app.interfaces.operations import Operations


class Gate:
    def __init__(
        self,
        behind: Application,
        authenticators: Sequence[Authenticator],
        operations: Operations | None = None,
        sign_in: tuple[str, str] | None = None,
    ) -> None:
        """`sign_in`: below the first path, whoever is not known is led to the second."""
        self.behind, self._authenticators = behind, tuple(authenticators)
        self._operations, self._sign_in = operations or Operations(), sign_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.behind(scope, receive, send)
            return
        try:
            await self._admit(scope)
        except Problem as problem:
            if problem.status == 401 and (leads := self._elsewhere(scope)):
                await respond(send, 303, b"", extra=[(b"location", leads.encode()), (b"cache-control", b"no-store")])
                return
            await respond_problem(send, problem)
            return
        await self.behind(scope, receive, send)

    async def _admit(self, scope: Scope) -> None:
        method, path = scope["method"], scope["path"]
        need, methods = self._operations.find(method, path)
        if need is None:
            raise method_not_allowed(method, path, ", ".join(methods)) if methods else not_served(method, path)
        if need is Entrance.OPEN or need is Entrance.OWN:
            return
        scope[KEY] = caller = await self._caller_of(scope)  # the log tells who was refused, too
        if need is not Entrance.SIGNED_IN and not caller.may(need):
            raise forbidden(need)

    async def _caller_of(self, scope: Scope) -> Caller:
        for one in self._authenticators:
            if (caller := one.known(scope)) is not None:
                return caller
        for one in self._authenticators:
            if (caller := await one.find(scope)) is not None:
                return caller
        raise unauthorized()

    def _elsewhere(self, scope: Scope) -> str:
        if self._sign_in is None or scope["method"] != "GET":
            return ""
        base, page = self._sign_in
        path: str = scope["path"]
        if path != base and not path.startswith(base + "/"):
            return ""
        query = scope.get("query_string", b"").decode("latin-1")
        wanted = f"{path}?{query}" if query else path
        return page if wanted == base else f"{page}?next={quote(wanted, safe='/')}"

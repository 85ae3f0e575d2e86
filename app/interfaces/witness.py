"""The witness as a server (见证服务): POST /add-checkpoint, and nothing else; it knows neither rules nor database."""

import asyncio

import uvicorn

from app.interfaces.asgi import Receive, Scope, Send, read_body, respond
from app.interfaces.errors import Problem
from app.trail.witness import Witness

_LARGEST = 64 * 1024


class WitnessServer:
    def __init__(self, witness: Witness) -> None:
        self._witness = witness

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] != "/add-checkpoint":
            await respond(send, 404, b"not found\n", b"text/plain")
        elif scope["method"] != "POST":
            await respond(send, 405, b"POST it\n", b"text/plain", [(b"allow", b"POST")])
        else:
            try:
                body = (await read_body(scope, receive, _LARGEST)).decode("utf-8")
            except (Problem, UnicodeDecodeError):
                await respond(send, 400, b"not a request of tlog-witness\n", b"text/plain")
                return
            reply = await asyncio.to_thread(self._witness.add_checkpoint, body)
            await respond(send, reply.status, reply.body.encode(), reply.media_type.encode())


def serve_witness(witness: Witness, host: str, port: int) -> None:
    uvicorn.Server(
        uvicorn.Config(WitnessServer(witness), host=host, port=port, log_level="warning", lifespan="off")
    ).run()

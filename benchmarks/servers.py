"""The servers that benchmarks load (`benchmarks.servers NAME`): ours, ours without the trail, and one that decodes and
echoes.
"""

import os
import sys
from unittest.mock import patch

import msgspec
import uvicorn
from fastapi import FastAPI, Request, Response

from app.domain.audit import AuditRequest
from app.main import serve
from app.store.packing import pack
from app.trail.entry import Sealed


def echo() -> FastAPI:
    app = FastAPI()
    decode = msgspec.json.Decoder(AuditRequest).decode

    @app.post("/echo")
    async def echo_back(request: Request) -> Response:
        decoded = decode(await request.body())
        answer = {"encounter": decoded.encounter.id, "lines": len(decoded.encounter.charge_lines)}
        return Response(msgspec.json.encode(answer), media_type="application/json")

    return app


def without_trail() -> None:
    """Audits are stored as before there was a trail: nothing is sealed, nothing appended."""
    from app.store.sqlite import audit_log

    nothing = Sealed("", "", 0, b"")
    with patch.multiple(audit_log, seal_audit=lambda one: (pack(one), nothing), append_entries=lambda *_: None):
        serve()


def main() -> None:
    if sys.argv[1] == "echo":
        uvicorn.run(echo(), port=int(os.environ["PORT"]), log_level="warning", access_log=False)
    elif sys.argv[1] == "without_trail":
        without_trail()
    else:
        serve()


main()

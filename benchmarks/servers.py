"""The servers that benchmarks/http.py loads: ours, and one that decodes and echoes (`benchmarks.servers NAME`)."""

import os
import sys

import msgspec
import uvicorn
from fastapi import FastAPI, Request, Response

from app.domain.audit import AuditRequest


def echo() -> FastAPI:
    app = FastAPI()
    decode = msgspec.json.Decoder(AuditRequest).decode

    @app.post("/echo")
    async def echo_back(request: Request) -> Response:
        decoded = decode(await request.body())
        answer = {"encounter": decoded.encounter.id, "lines": len(decoded.encounter.charge_lines)}
        return Response(msgspec.json.encode(answer), media_type="application/json")

    return app


def main() -> None:
    if sys.argv[1] == "echo":
        uvicorn.run(echo(), port=int(os.environ["PORT"]), log_level="warning", access_log=False)
    else:
        from app.main import serve

        serve()


main()

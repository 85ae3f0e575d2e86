"""Static files (静态资源) of the console: read once, served from memory, kept by browsers under their digest."""

import mimetypes
from pathlib import Path

from app.interfaces.asgi import Receive, Scope, Send, respond, respond_problem
from app.interfaces.errors import method_not_allowed, not_served

_FOLDER = Path(__file__).parent / "static"
_SHIPPED = {".css", ".js", ".svg"}
_FOREVER = (b"cache-control", b"public, max-age=31536000, immutable")


class StaticFiles:
    def __init__(self, base: str) -> None:
        found = [one for one in _FOLDER.rglob("*") if one.suffix in _SHIPPED]
        self._files = {f"{base}/{one.relative_to(_FOLDER)}": (one.read_bytes(), _type_of(one)) for one in found}

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        method, path = scope["method"], scope["path"]
        if path not in self._files:
            await respond_problem(send, not_served(method, path))
        elif method != "GET":
            await respond_problem(send, method_not_allowed(method, path, "GET"))
        else:
            body, media_type = self._files[path]
            await respond(send, 200, body, media_type, [_FOREVER, (b"x-content-type-options", b"nosniff")])


def _type_of(file: Path) -> bytes:
    guessed = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return f"{guessed}; charset=utf-8".encode()

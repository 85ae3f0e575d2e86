"""A server that means no good (测试用恶意服务器): it redirects, trickles, never ends, or answers nonsense."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar

WAYS = ("redirect", "endless", "trickle", "html", "not-json", "deep", "empty", "status", "wrong-shape")
_PLAIN = {
    "html": b"<html><script>alert(1)</script>", "not-json": b"\xff\xfe{", "deep": b"[" * 50_000, "empty": b"",
    "wrong-shape": b'{"keys": {"a": 1}, "issuer": []}',
}  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    way: ClassVar[str] = "empty"
    asked: ClassVar[list[str]] = []
    sent: ClassVar[int] = 0

    def do_GET(self) -> None:
        kind = type(self)
        kind.asked.append(self.path)
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.send_response({"redirect": 307, "status": 500}.get(self.way, 200))
        if self.way == "redirect":
            self.send_header("location", "/elsewhere")
        if self.way not in ("endless", "trickle"):
            self.send_header("content-length", str(len(_PLAIN.get(self.way, b""))))
        self.end_headers()
        try:
            self._write(kind)
        except OSError:
            self.close_connection = True  # the other side has had enough

    do_POST = do_GET

    def _write(self, kind: Any) -> None:
        if self.way == "endless":
            while kind.sent < 256 * 1024 * 1024:
                self.wfile.write(b"9" * 65536)
                kind.sent += 65536
        elif self.way == "trickle":
            until = time.monotonic() + 60
            while time.monotonic() < until:
                self.wfile.write(b"9")
                time.sleep(0.05)
        else:
            self.wfile.write(_PLAIN.get(self.way, b""))

    def log_message(self, *_: Any) -> None:
        pass


class Foreign:
    def __init__(self, url: str, handler: Any) -> None:
        self.url, self._handler = url, handler

    @property
    def asked(self) -> list[str]:
        return list(self._handler.asked)

    @property
    def sent(self) -> int:
        return int(self._handler.sent)


@contextmanager
def foreign_server(way: str = "empty") -> Iterator[Foreign]:
    handler: Any = type("Handler", (_Handler,), {"way": way, "asked": [], "sent": 0})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield Foreign(f"http://127.0.0.1:{server.server_port}", handler)
        finally:
            server.shutdown()
            thread.join()

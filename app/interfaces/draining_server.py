"""A server that stops without a failed request (平稳停止): it is unready first, then deaf, and gone last.

Told to stop by SIGTERM it goes on to listen for a while, in which load balancers learn that it is not ready and clients
are asked, with every answer, to open a new connection next time. Only then does it close what is idle. A second
SIGTERM, or Ctrl-C, cuts the while short.
"""

import asyncio
import fcntl
import signal
import socket
import struct
import termios
import time
from types import FrameType

import uvicorn

from app.application.draining import DRAINING

_CLOSE = (b"connection", b"close")
_LAST_WORDS = 0.3  # seconds for what was sent while the door closed
_LONGEST = 2.0  # seconds for those whose request is still in the socket


class ServerConfig(uvicorn.Config):
    drain_seconds = 0.0


class DrainingServer(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._drain = config.drain_seconds if isinstance(config, ServerConfig) else 0.0
        self._until: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if sig == signal.SIGTERM and self.started and self._drain and self._until is None:
            self._captured_signals.append(sig)
            self._until = time.monotonic() + self._drain
            DRAINING.has_begun = True
        else:
            super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        is_over = await super().on_tick(counter)
        if self._until is None:
            return is_over
        if _CLOSE not in self.server_state.default_headers:
            self.server_state.default_headers.append(_CLOSE)
        return is_over or time.monotonic() >= self._until

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.stop_listening()
        if self._until is not None:
            await self._answer_the_last()
        await super().shutdown(sockets)

    def stop_listening(self) -> None:
        for server in self.servers:
            server.close()

    async def _answer_the_last(self) -> None:
        until = time.monotonic() + _LONGEST
        await asyncio.sleep(_LAST_WORDS)
        while time.monotonic() < until and any(_has_unread(one) for one in self.server_state.connections):
            await asyncio.sleep(0.01)


def _has_unread(connection: object) -> bool:
    """Whether something was sent that nobody has looked at yet."""
    transport = getattr(connection, "transport", None)
    found = None if transport is None else transport.get_extra_info("socket")
    if found is None or found.fileno() < 0:
        return False
    (size,) = struct.unpack("i", fcntl.ioctl(found.fileno(), termios.FIONREAD, b"\0\0\0\0"))
    return bool(size)

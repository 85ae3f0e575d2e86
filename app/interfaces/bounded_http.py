"""HTTP with bounded headers (请求头上限): uvicorn's parser takes headers without end, and waits for them for ever."""

import asyncio
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEADERS = 64 * 1024  # bytes of the request line and all headers, checked with every piece that arrives
_TOO_LATE = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class BoundedHttp(HttpToolsProtocol):
    head_seconds: ClassVar[float] = 20.0  # until the headers are whole, from the first of them or from the connection
    _is_in_head, _head = True, 0
    _limit: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._is_in_head:
            self._head += len(data)
            if self._head > MOST_HEADERS:
                self.send_400_response("The headers are too large.")
                return
        # Whoever sends empty lines, or goes on with a body that was answered already, is awaited by nothing else: with
        # the first byte uvicorn forgets its own limit for idle connections.
        if self._limit is None and (self._is_in_head or not self._is_answering):
            self._wait_for_head()

    def on_message_begin(self) -> None:
        self._is_in_head, self._head = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        self._stop_waiting()
        super().on_headers_complete()

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _wait_for_head(self) -> None:
        self._limit = self.loop.call_later(self.head_seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None

    def _give_up(self) -> None:
        self._limit = None
        if self.transport.is_closing():
            return
        if self._is_answering:  # half a request came after another one, which must not be cut off by it
            self._wait_for_head()
            return
        if self._is_in_head and self._head:
            self.transport.write(_TOO_LATE)
        self.transport.close()

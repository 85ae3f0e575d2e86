"""HTTP with bounded headers (请求头上限): uvicorn's parser takes headers without end, from whoever connects."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEADERS = 64 * 1024  # bytes of the request line and all headers, checked with every piece that arrives


class BoundedHttp(HttpToolsProtocol):
    _is_in_head, _head = True, 0

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._is_in_head:
            return
        self._head += len(data)
        if self._head > MOST_HEADERS and not self.transport.is_closing():
            self.send_400_response("The headers are too large.")

    def on_message_begin(self) -> None:
        self._is_in_head, self._head = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        super().on_headers_complete()

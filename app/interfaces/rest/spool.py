"""A spool between answers and a client that may read them only after it has sent everything.

Clients of many libraries do not read while they send; without a spool both sides would wait for each other for ever.
"""

import asyncio
import tempfile

from app.interfaces.asgi import Send

_IN_MEMORY = 4 * 1024 * 1024
_CHUNK = 256 * 1024


class Spool:
    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - drain() or close() does
        self._written = self._sent = 0
        self._news = asyncio.Event()
        self._finished = False

    def write(self, part: bytes) -> None:
        self._file.seek(self._written)
        self._file.write(part)
        self._written += len(part)
        self._news.set()

    def finish(self) -> None:
        """Nothing more will be written."""
        self._finished = True
        self._news.set()

    def close(self) -> None:
        """For whoever drains it no more."""
        self._file.close()

    async def drain(self, send: Send) -> None:
        """Send what is written, as it is written, until `finish`."""
        with self._file:
            while not (self._finished and self._sent == self._written):
                await self._news.wait()
                self._news.clear()
                while self._sent < self._written:
                    self._file.seek(self._sent)
                    part = self._file.read(min(_CHUNK, self._written - self._sent))
                    self._sent += len(part)
                    await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b""})

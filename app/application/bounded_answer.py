"""Answers of other servers (有界应答): read no further and waited for no longer than is said beforehand."""

import asyncio
from typing import Any

import httpx


async def bounded(
    client: httpx.AsyncClient, method: str, url: str, *, most: int, seconds: float, **sent: Any
) -> httpx.Response:
    """At most `most` bytes, all of them within `seconds`, however slowly they trickle. Raises httpx.HTTPError."""
    headers = {"accept-encoding": "identity", **sent.pop("headers", {})}
    body = bytearray()
    try:
        async with asyncio.timeout(seconds), client.stream(method, url, headers=headers, **sent) as answer:
            async for part in answer.aiter_raw():
                body += part
                if len(body) > most:
                    raise httpx.ReadError(f"it answers more than {most} bytes")
    except TimeoutError:
        raise httpx.ReadTimeout(f"no whole answer within {seconds} s") from None
    return httpx.Response(answer.status_code, content=bytes(body))

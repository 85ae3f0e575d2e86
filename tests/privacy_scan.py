"""A scanner (身份信息扫描): looks for invented people in everything that the service leaves anywhere."""

import base64
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import redis

# Nobody is called so, and no number like these is given to anybody.
CANARIES = {
    "name": "钟离镜澈",
    "identity number": "110101198802305713",  # there is no 30 February
    "phone": "19900000731",
    "address": "云梦泽路7731号",
    "card": "CARDCANARY9931",
    "patient of REST": "PATCANARY7731",
    "patient of the national interface": "PSNCANARY4471",
    "patient of FHIR": "FHIRCANARY5517",
    "birth date": "1931-02-27",
}


class Leak(NamedTuple):
    canary: str
    where: str


def forms(text: str) -> list[bytes]:
    """How a text may be written down."""
    plain = text.encode()
    found = [
        plain,
        text.encode("utf-16-le"),
        json.dumps(text)[1:-1].encode(),
        quote(text).encode(),
        plain.hex().encode(),
    ]
    if not text.isascii():
        found.append(text.encode("gb18030"))
    for shift in range(3):  # base64 looks different at each place; the ends depend on what stands beside it
        encoded = base64.b64encode(b"\0" * shift + plain)
        found.append(encoded[(0, 2, 3)[shift] :].rstrip(b"=")[:-1])
    return list(dict.fromkeys(found))


_FORMS = [(name, form) for name, text in CANARIES.items() for form in forms(text)]


def leaks(content: bytes, where: str) -> list[Leak]:
    return sorted({Leak(name, where) for name, form in _FORMS if form in content})


def leaks_in_files(folder: Path) -> list[Leak]:
    """In the bytes of every file, database and write-ahead log among them."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                continue  # it was removed meanwhile
            found += leaks(content, str(path.relative_to(folder)))
    return found


def keys_in_redis(url: str, pattern: str) -> list[bytes]:
    client: Any = redis.Redis.from_url(url)
    with client:
        return list(client.scan_iter(pattern))


def leaks_in_redis(url: str) -> list[Leak]:
    client: Any = redis.Redis.from_url(url)
    with client:
        return [leak for name in client.scan_iter() for leak in leaks(b"\0".join(_told(client, name)), repr(name))]


def _told(client: Any, name: bytes) -> Iterator[bytes]:
    yield name
    kind = client.type(name)
    if kind == b"string":
        yield client.get(name)
    elif kind == b"hash":
        for pair in client.hgetall(name).items():
            yield from pair
    elif kind == b"zset":
        yield from client.zrange(name, 0, -1)
    elif kind == b"set":
        yield from client.smembers(name)
    elif kind == b"list":
        yield from client.lrange(name, 0, -1)
    else:
        raise AssertionError(f"what is in a {kind!r} is not looked at")


def leaks_in_headers(headers: Iterable[tuple[str, str]]) -> list[Leak]:
    return [leak for name, value in headers for leak in leaks(value.encode(), f"header {name}")]

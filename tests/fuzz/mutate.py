"""Other inputs made of one (变异): JSON stays JSON, zip archives stay archives, text stays nearly text."""

import copy
import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

JUNK: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 3.25, -0.0, 1e300, 1e-300, 10**18, 10**30, -(10**30), "", " ", "\0", "\n", "x" * 700,
    "NaN", "Infinity", "-Infinity", "1e400", "1e-400", "1E+999999999", "0.1", "-5", "９９", "٣", "true", "null",
    "2026-03-01", "2026-02-30", "0001-01-01", "9999-12-31", "9999-12-31T23:59:59.999999", "2026-03-01T08:00:00+14:00",
    "0000-00-00", "2026-W01-1", "20260301", "药|表\n", "𠮷\u202e\ufeff", "../../etc/passwd", "%s%n{0}", "'; --",
    "urn:uuid:", "#", "/", [], {}, [[]], [None], [{}], ["x"] * 50, {"": ""}, {"a": {"b": {"c": []}}},
)  # fmt: skip
_PIECES = (
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\n\n", b"\r", b'"', b"''", b",", b"{", b"[", b"(", b")",
    b"&a", b"*a", b"!!", b"<<: *a", b"? ", b"- ", b": ", b"|", b">", b"%", b"-1", b"9" * 40, b"9" * 5000, b"1e999",
    b"0x10", "\u2028".encode(), "１".encode(), "²".encode(), "—".encode(),
)  # fmt: skip


def mutate_json(data: bytes, random: Random) -> bytes:
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        return mutate_text(data, random)
    if random.random() < 0.1 or not isinstance(body, dict | list) or not body:
        return mutate_text(data, random)
    for _ in range(random.choice((1, 1, 2, 3, 8))):
        if not (all_places := list(_places(body))):
            break
        _change(*random.choice(all_places), random)
    return json.dumps(body, ensure_ascii=random.random() < 0.2).encode("utf-8", "surrogatepass")


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container with each of its keys."""
    for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(inner, dict | list):
            yield from _places(inner)


def _change(container: Any, key: Any, random: Random) -> None:
    choice = random.random()
    if choice < 0.15 and isinstance(container, dict):
        del container[key]
    elif choice < 0.25:
        container[key] = [container[key]]
    elif choice < 0.35 and isinstance(container[key], list) and container[key]:
        container[key] = container[key] * random.choice((2, 3, 40))
    elif choice < 0.45:
        _, other = random.choice(list(_places(container)))
        if isinstance(container, list) or other in container:
            container[key] = copy.deepcopy(container[other]) if _has(container, other) else None
    elif choice < 0.55 and isinstance(container, dict):
        container[f"{key}{random.randrange(9)}"] = container[key]
    elif choice < 0.65 and isinstance(container[key], str):
        text = container[key]
        at = random.randrange(len(text) + 1)
        container[key] = text[:at] + random.choice(("", " ", "0", "-", "　", "\0", "9" * 30)) + text[at + 1 :]
    else:
        container[key] = copy.deepcopy(random.choice(JUNK))


def _has(container: Any, key: Any) -> bool:
    return key in container if isinstance(container, dict) else isinstance(key, int) and key < len(container)


def mutate_text(data: bytes, random: Random, pieces: Sequence[bytes] = ()) -> bytes:
    content = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 4))):
        at, end = sorted(random.randrange(len(content) + 1) for _ in range(2))
        choice = random.randrange(6)
        if choice == 0:
            del content[at : min(end, at + 40)]
        elif choice == 1:
            content[at:at] = content[at : min(end, at + 200)] * random.choice((1, 2, 30))
        elif choice == 2 and content:
            content[min(at, len(content) - 1)] = random.randrange(256)
        elif choice == 3:
            content[at:at] = random.choice(_PIECES) * random.choice((1, 1, 1, 2, 300))
        elif pieces:
            content[at:at] = random.choice(pieces)
        else:
            content[at : at + 1] = random.choice(_PIECES)
    return bytes(content)


def mutate_zip(data: bytes, random: Random) -> bytes:
    """A member changed and all put together again: else the checksums alone would refuse it."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {one: archive.read(one) for one in archive.namelist()}
    except Exception:  # what fuzzing made of an archive raises anything
        return mutate_text(data, random)
    if not members or random.random() < 0.1:
        return mutate_text(data, random)
    name = random.choice(list(members))
    members[name] = mutate_text(members[name], random)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for one, content in members.items():
            archive.writestr(one, content)
    return made.getvalue()

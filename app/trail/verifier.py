"""Checks proofs and exported logs offline: `python verifier.py PROOF-FILE-OR-FOLDER KEY`.

It stands alone (Python 3.11, nothing else). RFC 6962 tree; C2SP tlog-proof, signed-note, tlog-tiles; RFC 8032 Ed25519.
"""

import base64
import sys
from hashlib import sha256, sha512
from pathlib import Path

P, Q = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
Point = tuple[int, int, int, int]


class Refused(Exception):
    """What does not hold, in words."""


def require(holds: bool, problem: str) -> None:
    if not holds:
        raise Refused(problem)


def add(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar: int, point: Point) -> Point:
    result: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point, scalar = add(point, point), scalar >> 1
    return result


def decompress(encoded: bytes) -> Point:
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    require(y < P and (x * x - square) % P == 0 and not (x == 0 and sign), "the key is not a point of the curve")
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = decompress((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signs(public: bytes, text: bytes, signature: bytes) -> bool:
    """Whether the Ed25519 signature of the text is that of the key."""
    if len(signature) != 64 or (s := int.from_bytes(signature[32:], "little")) >= Q:
        return False
    h = int.from_bytes(sha512(signature[:32] + public + text).digest(), "little") % Q
    left, right = multiply(s, BASE), add(decompress(signature[:32]), multiply(h, decompress(public)))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


def check_signature(note: str, key: str) -> tuple[str, int, bytes]:
    """Origin, size and root of the checkpoint, which the key (name+id+base64) must have signed."""
    name, key_id, encoded = key.strip().split("+", 2)
    public = base64.b64decode(encoded)
    require(len(public) == 33 and public[0] == 1, "the key is not an Ed25519 key")
    require(sha256(name.encode() + b"\n" + public).digest()[:4].hex() == key_id, "the key was not copied whole")
    text, _, lines = note.rpartition("\n\n")
    for line in lines.splitlines():
        dash, signer, signature = line.split(" ")
        content = base64.b64decode(signature)
        if dash == "\u2014" and signer == name and content[:4].hex() == key_id:
            require(signs(public[1:], (text + "\n").encode(), content[4:]), "the signature is not valid")
            origin, size, root = text.split("\n")[:3]
            return origin, int(size), base64.b64decode(root)
    raise Refused("the checkpoint is not signed by this key")


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def root_of(leaf: bytes, index: int, size: int, proof: list[bytes]) -> bytes:
    """RFC 9162 section 2.1.3.2."""
    require(0 <= index < size, "the checkpoint is older than the entry")
    last = size - 1
    for other in proof:
        require(last > 0, "the proof is too long")
        if index & 1 or index == last:
            leaf = node(other, leaf)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            leaf = node(leaf, other)
        index, last = index >> 1, last >> 1
    require(last == 0, "the proof is too short")
    return leaf


def verify_proof(content: str, key: str) -> tuple[int, bytes, int]:
    """Number and bytes of the entry that is proved, and the size of the log then. Raises Refused."""
    head, _, note = content.partition("\n\n")
    kind, extra, place, *hashes = head.split("\n")
    require(kind == "c2sp.org/tlog-proof@v1" and extra.startswith("extra ") and place.startswith("index "), "no proof")
    entry, index = base64.b64decode(extra[6:]), int(place[6:])
    _, size, root = check_signature(note, key)
    found = root_of(sha256(b"\x00" + entry).digest(), index, size, [base64.b64decode(one) for one in hashes])
    require(found == root, "the entry does not lead to the root of the checkpoint: it was changed")
    return index, entry, size


def verify_folder(folder: Path, key: str) -> int:
    """How many entries of the export (C2SP tlog-tiles) lead to the root of its signed checkpoint. Raises Refused."""
    _, size, root = check_signature((folder / "checkpoint").read_text("utf-8"), key)
    peaks: list[tuple[int, bytes]] = []
    for number in range(-(-size // 256)):
        width = min(256, size - number * 256)
        digits = f"{number:0{-(-len(str(number)) // 3) * 3}d}"
        parts = [f"x{digits[at : at + 3]}" for at in range(0, len(digits), 3)]
        name = "tile/entries/" + "/".join([*parts[:-1], parts[-1][1:]]) + ("" if width == 256 else f".p/{width}")
        bundle, at = (folder / name).read_bytes(), 0
        for _ in range(width):
            end = at + 2 + int.from_bytes(bundle[at : at + 2])
            height, found = 0, sha256(b"\x00" + bundle[at + 2 : end]).digest()
            while peaks and peaks[-1][0] == height:
                height, found = height + 1, node(peaks.pop()[1], found)
            peaks.append((height, found))
            at = end
        require(at == len(bundle), f"{name} is cut off, or holds more than its entries")
    found = peaks.pop()[1] if peaks else sha256(b"").digest()
    while peaks:
        found = node(peaks.pop()[1], found)
    require(found == root, "the entries do not lead to the root of the checkpoint: they were changed")
    return size


if __name__ == "__main__":
    try:
        path, key = Path(sys.argv[1]), sys.argv[2]
        key = Path(key).read_text("utf-8") if Path(key).is_file() else key
        if path.is_dir():
            print(f"OK: all {verify_folder(path, key)} entries lead to the signed root")  # noqa: T201
        else:
            index, entry, size = verify_proof(path.read_text("utf-8"), key)
            print(f"OK: entry {index} of the signed log of {size} entries:\n{entry.decode('utf-8', 'replace')}")  # noqa: T201
    except (Refused, ValueError, OSError, IndexError) as error:
        sys.exit(f"REFUSED: {error}")

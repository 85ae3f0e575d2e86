"""The vault (加密存储): what identifies people is encrypted before it is stored, and patients are found by keyed hash.

`seal` binds a content to its table and row, so that no ciphertext can stand in another's place; `open` gives it back,
and whatever was stored before there was encryption as it is. `lookup` is what tables hold in the place of a patient's
id. What a table seals is named in app/store/sealed_columns.py, so that a change of keys reaches it.
"""

import base64
import binascii
import hmac
import secrets

import msgspec

from app.store.ciphers import NUMBERS, RowCipher, WrongSeal, derived
from app.store.data_keys import BadKeys, DataKey, KeyRing, UnknownKey
from app.store.history import Unavailable

MARK = b"\x00mjseal"  # how everything sealed begins; then the cipher's number, then the key's id
HEAD_SIZE = len(MARK) + 1 + 4
TEXT_HEAD = HEAD_SIZE // 3 * 4  # letters of sealed text that tell mark, cipher and key

Row = tuple[str | int, ...]
_MOST_LOOKED_UP = 1000
_encode = msgspec.msgpack.Encoder().encode


class LookedUp(str):
    """What stands for a patient already."""

    __slots__ = ()


class CannotOpen(Unavailable):
    """What is stored cannot be read here: its key is not at hand, or it was changed."""


class Changed(CannotOpen):
    """The bytes are not those that were sealed for this row."""


class Vault:
    """Without keys it encrypts nothing: for tests and measurements of what lies under it."""

    def __init__(self, ring: KeyRing | None) -> None:
        self.ring = ring
        self._ciphers: dict[tuple[bytes, str], RowCipher] = {}
        self._lookup_key: bytes | None = None
        self._looked_up: dict[str, str] = {}  # an audit asks twice: what it reads, and what it stores
        self._has_plain = False

    def seal(self, table: str, row: Row, content: bytes, *, is_steady: bool = False) -> bytes:
        """`is_steady`: the same content of the same row is the same bytes again. Raises CannotOpen without a key."""
        if self.ring is None or not content:
            return content
        try:
            key = self.ring.newest
        except (UnknownKey, BadKeys) as error:
            raise CannotOpen(str(error)) from error
        head = head_of(key, self.ring.cipher)
        cipher = self._cipher(head, table, key)
        return head + cipher.encrypt(content, head + _encode((table, *row)), is_steady=is_steady)

    def open(self, table: str, row: Row, content: bytes) -> bytes:
        """Raises CannotOpen."""
        if not content.startswith(MARK):
            return content
        head = content[:HEAD_SIZE]
        try:
            return self._cipher(head, table).decrypt(content[HEAD_SIZE:], head + _encode((table, *row)))
        except WrongSeal as error:
            raise Changed(f"{table}: {error}") from error
        except (UnknownKey, BadKeys) as error:
            raise CannotOpen(str(error)) from error

    def seal_text(self, table: str, row: Row, text: str) -> str:
        """Steady, in base64."""
        if self.ring is None or not text:
            return text
        sealed = self.seal(table, row, text.encode(), is_steady=True)
        return binascii.b2a_base64(sealed, newline=False).decode("ascii")

    def open_text(self, table: str, row: Row, text: str) -> str:
        """Raises CannotOpen."""
        if not is_sealed_text(text):
            return text
        try:
            return self.open(table, row, binascii.a2b_base64(text, strict_mode=True)).decode()
        except ValueError as error:
            raise Changed(f"{table}: the text is not what was sealed") from error

    def _cipher(self, head: bytes, table: str, key: DataKey | None = None) -> RowCipher:
        """Raises UnknownKey, WrongSeal."""
        if (found := self._ciphers.get((head, table))) is None:
            if self.ring is None:
                raise UnknownKey("this was encrypted, and no data key is given")
            key = key or self.ring.find(head[-4:])
            found = self._ciphers[head, table] = RowCipher(key.secret, head[len(MARK)], table)
        return found

    def tell(self, secret: bytes, *, has_plain: bool) -> None:
        """The secret that lookups are made with; `has_plain`: some patients are stored by their own ids yet."""
        self._lookup_key = derived(secret, "mingjian patient lookup")
        self._has_plain = has_plain
        self._looked_up.clear()

    def lookup(self, patient: str) -> str:
        """What stands for the patient in every table: HMAC-SHA-256, 64 letters."""
        if self.ring is None or isinstance(patient, LookedUp):
            return patient
        if self._lookup_key is None:
            raise RuntimeError("the store is not open")
        if (found := self._looked_up.get(patient)) is None:
            if len(self._looked_up) >= _MOST_LOOKED_UP:
                self._looked_up.clear()
            found = hmac.digest(self._lookup_key, patient.encode("utf-8", "surrogatepass"), "sha256").hex()
            self._looked_up[patient] = found
        return found

    def lookups(self, patient: str) -> list[str]:
        """Everything that may stand for the patient."""
        found = self.lookup(patient)
        return [found, patient] if self._has_plain and found != patient else [found]


def head_of(key: DataKey, cipher: str) -> bytes:
    """How everything begins that this key has sealed."""
    return MARK + bytes([NUMBERS[cipher]]) + key.id


def text_head_of(key: DataKey, cipher: str) -> str:
    return base64.b64encode(head_of(key, cipher)).decode("ascii")


def is_sealed_text(text: str) -> bool:
    return text.startswith(_TEXT_MARK)


def head_in(text: str) -> bytes:
    """How the bytes begin of which this is the first text; blank where it was not sealed."""
    return base64.b64decode(text) if is_sealed_text(text) and len(text) == TEXT_HEAD else b""


def new_lookup_secret() -> bytes:
    return secrets.token_bytes(32)


_TEXT_MARK = base64.b64encode(MARK).decode("ascii").rstrip("=")[:-1]  # the last letter holds bits of what follows
PLAIN = Vault(None)


def vault_of(connection: object) -> Vault:
    """The vault that the store gave to a connection when it opened it."""
    vault = getattr(connection, "vault", None)
    if not isinstance(vault, Vault):
        raise TypeError("this connection was opened past the store: what it writes would not be encrypted")
    return vault

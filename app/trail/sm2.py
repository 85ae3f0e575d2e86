"""SM2 signatures with SM3 (国密签名, GB/T 32918 and 35276), done by the OpenSSL of the system (1.1.1 or newer).

A call of its own for each signature takes some 10 ms: a checkpoint is signed every few seconds, so that is nothing, and
no library of ours ever holds the key. A hospital's signing machine (密码机) takes the same place behind `Signer`.
"""

import base64
import subprocess
import tempfile
from pathlib import Path

from app.trail.note import OTHER, BadNote, key_id_of

SM2 = b"mingjian sm2-sm3 v1"  # follows the byte OTHER, as signed-note recommends for types of one's own
_OPTIONS = ("-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678")  # the default id of GB/T 35276


class Sm2Signer:
    """Signs notes with the SM2 key in a PEM file, which only OpenSSL reads."""

    def __init__(self, name: str, key_file: Path) -> None:
        self.name, self._file = name, key_file
        self.public = _openssl("pkey", "-in", str(key_file), "-pubout", "-outform", "DER")
        self.key_id = key_id_of(name, bytes([OTHER]) + SM2, self.public)

    @property
    def verifier_key(self) -> str:
        encoded = base64.b64encode(bytes([OTHER]) + SM2 + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    def sign(self, text: bytes) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            content = Path(folder) / "text"
            content.write_bytes(text)
            return _openssl("pkeyutl", "-sign", "-inkey", str(self._file), "-in", str(content), *_OPTIONS)


class Sm2Verifier:
    def __init__(self, name: str, public: bytes) -> None:
        """`public` is the SubjectPublicKeyInfo in DER."""
        self.name, self._public = name, public
        self.key_id = key_id_of(name, bytes([OTHER]) + SM2, public)

    def verify(self, text: bytes, signature: bytes) -> bool:
        with tempfile.TemporaryDirectory() as folder:
            files = {"key": self._public, "text": text, "signature": signature}
            paths = {part: Path(folder) / part for part in files}
            for part, content in files.items():
                paths[part].write_bytes(content)
            try:
                _openssl(
                    "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", str(paths["key"]),
                    "-in", str(paths["text"]), "-sigfile", str(paths["signature"]), *_OPTIONS,
                )  # fmt: skip
            except BadNote:
                return False
        return True


def new_sm2_key(file: Path) -> None:
    """Make a key, readable by its owner only. Raises BadNote where OpenSSL cannot."""
    file.touch(0o600)
    _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2", "-out", str(file))


def _openssl(*arguments: str) -> bytes:
    try:
        done = subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=20)  # noqa: S603, S607
    except FileNotFoundError:
        raise BadNote("OpenSSL is not installed, which SM2 signatures need (apt-get install openssl)") from None
    except subprocess.CalledProcessError as error:
        raise BadNote(f"OpenSSL refused: {error.stderr.decode(errors='replace').strip()[:200]}") from None
    except subprocess.TimeoutExpired:
        raise BadNote("OpenSSL does not answer") from None
    return done.stdout

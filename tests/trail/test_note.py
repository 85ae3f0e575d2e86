"""Notes, checkpoints and keys: what is written is read again, what was touched is refused, unknown lines ignored."""

import base64
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.trail.keys import Cosigner, Ed25519Signer, Ed25519Verifier, read_verifier
from app.trail.note import (
    BadNote,
    Checkpoint,
    Note,
    Signature,
    read_checkpoint,
    read_note,
    read_signatures,
    sign,
    signature_line,
    verified_by,
)
from app.trail.sm2 import Sm2Signer, new_sm2_key

SIGNER = Ed25519Signer("mingjian.example/hospital-1", bytes(range(32)))
OTHER = Ed25519Signer("mingjian.example/hospital-2", bytes(32))
WITNESS = Cosigner("witness.example/office", bytes(range(1, 33)))
CHECKPOINT = Checkpoint("mingjian.example/hospital-1", 42, bytes(range(32)))

# Published with the format (C2SP tlog-cosignature): a checkpoint whose key is known.
TEXT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"


@given(st.integers(0, 2**60), st.binary(min_size=32, max_size=32))
def test_a_checkpoint_is_read_as_it_was_written(size: int, root: bytes) -> None:
    written = Checkpoint("a.example/b", size, root)
    assert read_checkpoint(written.encode()) == written
    note = sign(written.encode(), [SIGNER, OTHER])
    assert read_note(note.encode()) == note


def test_the_published_checkpoint_is_read() -> None:
    found = read_checkpoint(TEXT)
    assert (found.origin, found.size) == ("example.com/behind-the-sofa", 20852163)
    assert found.encode() == TEXT


def test_known_keys_verify_and_others_are_ignored() -> None:
    note = sign(CHECKPOINT.encode(), [OTHER, SIGNER])
    keys = [read_verifier(SIGNER.verifier_key)]
    assert verified_by(note, keys) == (SIGNER.name,)
    assert verified_by(note, []) == ()
    assert verified_by(Note(note.text, note.signatures[:1]), keys) == ()


def test_a_touched_note_is_refused() -> None:
    note = sign(CHECKPOINT.encode(), [SIGNER])
    key = read_verifier(SIGNER.verifier_key)
    for text in (note.text.replace("42", "43"), note.text + "more\n"):
        with pytest.raises(BadNote, match="not valid"):
            verified_by(Note(text, note.signatures), [key])


def test_a_cosignature_tells_its_time() -> None:
    text = CHECKPOINT.encode()
    signed = WITNESS.cosign(text, 1_700_000_000)
    key = read_verifier(WITNESS.verifier_key)
    assert key.verify(text.encode(), signed)
    assert not key.verify(text.encode(), (1_700_000_001).to_bytes(8) + signed[8:])
    assert not key.verify(text.encode(), signed[8:])
    assert key.key_id != Ed25519Verifier(WITNESS.name, WITNESS.public).key_id
    line = signature_line(Signature(WITNESS.name, WITNESS.key_id, signed))
    assert read_signatures(line) == (Signature(WITNESS.name, WITNESS.key_id, signed),)


@pytest.mark.parametrize(
    "content",
    [
        "", "text\n", "text\n\n", "text\n\nno line\n", "text\n\n— name\n", "text\n\n— name !!!!\n",
        "text\n\n— name AAAA\n",
        "text\n\n— na+me AAAAAAAAAA==\n", "te\x01xt\n\n— name AAAAAAAA\n", "text\n\n— name AAAAAAAA",
        "text\n\n— name AAAAAAB=\n",
    ],
)  # fmt: skip
def test_what_is_no_note(content: str) -> None:
    with pytest.raises(BadNote):
        read_note(content)


@pytest.mark.parametrize(
    "text",
    ["", "a\n", "a\n1\n", "a\n1\nAAAA\n", f"a\n01\n{base64.b64encode(bytes(32)).decode()}\n", "a\n-1\nAAAA\n",
     f"\n1\n{base64.b64encode(bytes(32)).decode()}\n", f"a\n1\n{base64.b64encode(bytes(32)).decode()}\n\n",
     f"a\n١\n{base64.b64encode(bytes(32)).decode()}\n"],
)  # fmt: skip
def test_what_is_no_checkpoint(text: str) -> None:
    with pytest.raises(BadNote):
        read_checkpoint(text)


@pytest.mark.parametrize(
    "key",
    ["", "name", "name+12", SIGNER.verifier_key[:-4], SIGNER.verifier_key.replace("hospital", "hospitaI"),
     f"name+00000000+{base64.b64encode(bytes(33)).decode()}", "na me+1+AAAA"],
)  # fmt: skip
def test_what_is_no_key(key: str) -> None:
    with pytest.raises(BadNote):
        read_verifier(key)


def test_a_key_needs_a_fit_name() -> None:
    for make in (Ed25519Signer, Cosigner):
        for name in ("", "two words", "a+b"):
            with pytest.raises(BadNote, match="cannot name"):
                make(name, bytes(32))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="SM2 is done by the OpenSSL of the system, which is absent")
def test_a_second_line_by_sm2(tmp_path: Path) -> None:
    new_sm2_key(tmp_path / "sm2.pem")
    assert (tmp_path / "sm2.pem").stat().st_mode & 0o077 == 0
    signer = Sm2Signer("mingjian.example/hospital-1", tmp_path / "sm2.pem")
    note = sign(CHECKPOINT.encode(), [SIGNER, signer])
    keys = [read_verifier(SIGNER.verifier_key), read_verifier(signer.verifier_key)]
    assert verified_by(note, keys) == (SIGNER.name, signer.name)
    assert verified_by(note, keys[:1]) == (SIGNER.name,)
    with pytest.raises(BadNote, match="not valid"):
        verified_by(Note(note.text.replace("42", "43"), note.signatures[1:]), keys)
    (tmp_path / "broken.pem").write_text("nothing")
    with pytest.raises(BadNote, match="OpenSSL refused"):
        Sm2Signer("a", tmp_path / "broken.pem")

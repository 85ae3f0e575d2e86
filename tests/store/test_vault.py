"""What is sealed is for its row only, for its keys only, and comes back as it was (加密存储)."""

import base64
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from app.store.ciphers import Sm4Gcm
from app.store.data_keys import BadKeys, KeyRing, KeySource, UnknownKey, read_keys
from app.store.vault import MARK, PLAIN, CannotOpen, Changed, LookedUp, Vault, vault_of

ONE, TWO = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))
ROWS = st.tuples(st.text(max_size=8), st.integers(0, 2**62))


def vault(*keys: str, cipher: str = "aes") -> Vault:
    made = Vault(KeyRing(KeySource(Path("no file"), ",".join(keys or (ONE,)), cipher)))
    made.tell(b"lookup secret", has_plain=False)
    return made


AES, SM4 = vault(), vault(cipher="sm4")
PLACES: list[Any] = [AES, SM4]


@pytest.mark.parametrize("one", PLACES)
@given(content=st.binary(min_size=1, max_size=300), row=ROWS, is_steady=st.booleans())
def test_it_comes_back(one: Vault, content: bytes, row: tuple[str, int], is_steady: bool) -> None:
    sealed = one.seal("audits", row, content, is_steady=is_steady)
    assert sealed.startswith(MARK)
    assert len(sealed) == len(content) + 12 + 12 + 16
    assert one.open("audits", row, sealed) == content
    assert vault(TWO, ONE).open("audits", row, sealed) == content  # any of several keys
    assert (one.seal("audits", row, content, is_steady=True) == sealed) is is_steady


@pytest.mark.parametrize("one", PLACES)
@given(content=st.binary(min_size=1, max_size=60), row=ROWS, other=ROWS, at=st.integers(0, 10_000))
def test_not_in_another_place_and_not_changed(
    one: Vault, content: bytes, row: tuple[str, int], other: tuple[str, int], at: int
) -> None:
    sealed = one.seal("audits", row, content)
    places = [("findings", row), ("audits", row[:1])] + ([("audits", other)] if other != row else [])
    for table, place in places:
        with pytest.raises(Changed):
            one.open(table, place, sealed)
    broken = bytearray(sealed)
    broken[12 + at % (len(sealed) - 12)] ^= 1
    with pytest.raises(Changed):
        one.open("audits", row, bytes(broken))
    with pytest.raises(Changed):
        one.open("audits", row, sealed[: 12 + at % (len(sealed) - 12)])


@pytest.mark.parametrize("at", range(7, 12))
def test_neither_cipher_nor_key_can_be_named_anew(at: int) -> None:
    broken = bytearray(vault(ONE, TWO).seal("audits", ("a",), b"told"))
    broken[at] ^= 3
    with pytest.raises(CannotOpen):
        vault(ONE, TWO).open("audits", ("a",), bytes(broken))


def test_rows_are_told_apart_by_all_of_their_parts() -> None:
    sealed = AES.seal("t", ("ab", "c"), b"told")
    with pytest.raises(Changed):
        AES.open("t", ("a", "bc"), sealed)
    with pytest.raises(Changed):
        AES.open("t", ("ab", "c", ""), sealed)


@given(text=st.text(max_size=80))
def test_text(text: str) -> None:
    text = "{" + text
    sealed = AES.seal_text("t", ("r",), text)
    assert sealed.isascii()
    assert AES.seal_text("t", ("r",), text) == sealed
    assert AES.open_text("t", ("r",), sealed) == text
    assert AES.open_text("t", ("r",), text) == text  # of before there was encryption
    with pytest.raises(Changed):
        AES.open_text("t", ("s",), sealed)


@pytest.mark.parametrize("content", [b"", b"{}", b"\x28\xb5\x2f\xfdx", bytes(16)])
def test_what_was_stored_before_is_read(content: bytes) -> None:
    assert AES.open("t", ("r",), content) == content
    assert AES.seal("t", ("r",), b"") == b""  # erased stays erased


def test_without_the_key() -> None:
    sealed = vault(ONE).seal("t", ("r",), b"told")
    for other in (vault(TWO), PLAIN):
        with pytest.raises(CannotOpen):
            other.open("t", ("r",), sealed)
    with pytest.raises(CannotOpen, match="no data key"):
        Vault(KeyRing(KeySource(Path("no file")))).seal("t", ("r",), b"told")


def test_lookups() -> None:
    found = AES.lookup("P1")
    assert (len(found), found) == (64, SM4.lookup("P1"))
    assert found not in {AES.lookup("P2"), AES.lookup("p1")}
    assert AES.lookup(LookedUp(found)) == found
    assert AES.lookups("P1") == [found]
    before = vault()
    before.tell(b"lookup secret", has_plain=True)
    assert before.lookups("P1") == [found, "P1"]
    before.tell(b"another secret", has_plain=False)
    assert before.lookup("P1") != found
    with pytest.raises(RuntimeError):
        Vault(KeyRing(KeySource(Path("no file"), ONE))).lookup("P1")


def test_a_connection_of_somebody_else_is_refused() -> None:
    with pytest.raises(TypeError, match="would not be encrypted"):
        vault_of(object())


def test_sm4_block_cipher_is_that_of_the_standard() -> None:
    """GB/T 32907-2016, A.1; the vector of SM4-GCM is RFC 8998, A.1."""
    key = bytes.fromhex("0123456789abcdeffedcba9876543210")
    block = Cipher(algorithms.SM4(key), modes.ECB()).encryptor()
    assert block.update(key).hex() == "681edf34d206965e86b3e94f536e4246"
    nonce, bound = bytes.fromhex("00001234567800000000abcd"), bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    told = bytes.fromhex(
        "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd"
        "eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa"
    )
    sealed = Sm4Gcm(key).encrypt(nonce, told, bound)
    assert sealed.hex() == (
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
        "83de3541e4c2b58177e065a9bf7b62ec"
    )
    assert Sm4Gcm(key).decrypt(nonce, sealed, bound) == told


@pytest.mark.parametrize("given", ["", "AAAA", "not base64!", base64.b64encode(b"1" * 31).decode()])
def test_what_is_no_key(given: str) -> None:
    if not given:
        assert read_keys(given, "x") == []
        return
    with pytest.raises(BadKeys) as error:
        KeyRing(KeySource(Path("no file"), f"{ONE},{given}"))
    assert given not in str(error.value)


def test_the_file(tmp_path: Path) -> None:
    source = KeySource(tmp_path / "below" / "data-keys")
    first, second = KeyRing(source), KeyRing(source)
    with pytest.raises(UnknownKey):
        _ = first.newest
    first.ensure()
    second.ensure()
    assert first.newest == second.newest
    assert source.file.stat().st_mode & 0o777 == 0o600
    new = first.add()
    assert second.find(new.id) == new  # looked for in the file again
    assert [one.id for one in second.keys] == [one.id for one in first.keys]
    with pytest.raises(BadKeys, match="newest"):
        first.drop(new.id)
    first.drop(first.keys[0].id)
    assert list(first.keys) == [new]
    assert [path.name for path in source.file.parent.iterdir()] == ["data-keys"]
    source.file.write_bytes(b"\xff")
    with pytest.raises(BadKeys, match="cannot be read"):
        KeyRing(source)


def test_keys_of_the_environment_are_not_changed_here(tmp_path: Path) -> None:
    ring = KeyRing(KeySource(tmp_path / "data-keys", ONE))
    ring.ensure()
    with pytest.raises(BadKeys):
        ring.add()
    with pytest.raises(BadKeys):
        ring.drop(ring.newest.id)
    assert list(tmp_path.iterdir()) == []

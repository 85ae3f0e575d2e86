"""Client certificates by way of a proxy: believed from it alone, and taken off every request."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from app.interfaces.authentication.machines import Machines
from app.interfaces.authentication.proxy import CERTIFICATE, ProxyDoor, behind_proxies, certificate_names
from app.settings import Settings
from tests.interfaces.authentication.build import issued, request, who, with_machines

HEADER = "X-Client-Cert"
DIGEST = "ab" * 32


def certificate() -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, "his"), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "H")]
    )
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return made.sign(key, hashes.SHA256())


def test_how_a_certificate_may_be_told() -> None:
    one = certificate()
    der = one.public_bytes(Encoding.DER)
    names = (f"sha256:{sha256(der).hexdigest()}", "subject:O=H,CN=his")
    assert certificate_names(b":" + base64.b64encode(der) + b":") == names
    assert certificate_names(quote(one.public_bytes(Encoding.PEM).decode()).encode()) == names
    assert certificate_names(DIGEST.upper().encode()) == (f"sha256:{DIGEST}",)
    colons = ":".join([DIGEST[at : at + 2] for at in range(0, 64, 2)])
    assert certificate_names(colons.encode()) == (f"sha256:{DIGEST}",)
    assert certificate_names(b"CN=his,O=H") == ("subject:CN=his,O=H",)


@pytest.mark.parametrize("value", [b"", b" ", b"his", b"ab" * 20, b":no base64:", b"::", b"-----BEGIN", b"x=" * 10_000])
def test_what_tells_no_certificate(value: bytes) -> None:
    assert certificate_names(value) == ()


def through(scope: dict[str, Any], trusted: str = "10.0.0.1", header: str = HEADER) -> dict[str, Any]:
    """The request as what stands behind the door sees it."""
    seen: list[Any] = []

    async def behind(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)

    async def nothing(*_: Any) -> Any:
        raise AssertionError

    asyncio.run(ProxyDoor(behind, trusted, header)(scope, nothing, nothing))
    found: dict[str, Any] = seen[0]
    return found


def told(*values: str, client: str | None = "10.0.0.1", **more: Any) -> dict[str, Any]:
    scope = request(client=client, **more)
    scope["headers"] += [(b"x-client-cert", value.encode()) for value in values]
    scope["headers"].append((b"x-forwarded-for", b"192.0.2.9"))
    scope["scheme"] = "http"
    return scope


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        (told(DIGEST), (f"sha256:{DIGEST}",)),
        (told(DIGEST, client="::ffff:10.0.0.1"), (f"sha256:{DIGEST}",)),
        (told(DIGEST, client="10.0.0.2"), None),
        (told(DIGEST, client=None), None),
        (told(DIGEST, DIGEST), None),
        (told(), None),
        (told("nonsense"), ()),
    ],
)
def test_who_is_believed_and_that_nobody_behind_sees_the_header(scope: Any, names: Any) -> None:
    seen = through(scope)
    assert seen.get(CERTIFICATE) == names
    assert not [name for name, _ in seen["headers"] if name == b"x-client-cert"]


def test_behind_the_door_the_client_is_whom_the_proxy_names() -> None:
    assert through(told(DIGEST))["client"][0] == "192.0.2.9"
    assert through(told(DIGEST, client="10.0.0.2"))["client"][0] == "10.0.0.2"
    assert through(told(DIGEST), "10.0.0.0/8")["client"][0] == "192.0.2.9"


def test_without_a_trusted_proxy_there_is_no_door() -> None:
    async def app(*_: Any) -> None: ...

    assert behind_proxies(app, Settings()) is app
    assert isinstance(behind_proxies(app, Settings(trusted_proxies="10.0.0.1")), ProxyDoor)
    with pytest.raises(ValueError, match="10"):
        behind_proxies(app, Settings(trusted_proxies="10.0.0.x"))


def test_a_certificate_opens_as_the_key_that_names_it(tmp_path: Path) -> None:
    async def steps(machines: Machines) -> None:
        one = await issued(machines, certificates=(f"sha256:{DIGEST}", "subject:CN=his"), networks=("192.0.2.0/24",))
        near = {"client": "192.0.2.9"}
        for names in ((f"sha256:{DIGEST}",), ("sha256:" + "0" * 64, "subject:CN=his")):
            caller = await who(machines, request(**near, **{CERTIFICATE: names}))
            assert caller is not None
            assert caller.id == f"key:{one.key.id}"
        assert await who(machines, request(**near, **{CERTIFICATE: ("subject:CN=other",)})) is None
        assert await who(machines, request(**{CERTIFICATE: ("subject:CN=his",)})) is None, "from elsewhere"
        assert await who(machines, told(DIGEST)) is None, "a header by itself says nothing"

    with_machines(tmp_path, steps, client_cert_header=HEADER)

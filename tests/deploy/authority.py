"""An authority of a hospital (测试用证书机构): certificates of services and machines, and who was revoked."""

import ssl
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


class Issued(NamedTuple):
    certificate: Path
    key: Path
    digest: str
    serial: int


class Authority:
    def __init__(self, folder: Path, name: str = "Machines of the hospital") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self._name, self._issued = _named(name), 0
        self._now = datetime.now(UTC) - timedelta(minutes=1)
        basic = x509.BasicConstraints(ca=True, path_length=0)
        made = self._builder(self._name, self._key.public_key()).add_extension(basic, critical=True)
        self.certificate = folder / "ca.crt"
        self.certificate.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM))

    def issue(self, name: str, address: str | None = None) -> Issued:
        """For the machine of that name, or with an address for whoever serves there."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(_named(name), key.public_key())
        if address is not None:
            names = [x509.DNSName(name), x509.IPAddress(ip_address(address))]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        made, self._issued = builder.sign(self._key, hashes.SHA256()), self._issued + 1
        certificate, private = (self._folder / f"{self._issued}.{end}" for end in ("crt", "key"))
        certificate.write_bytes(made.public_bytes(Encoding.PEM))
        private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return Issued(certificate, private, sha256(made.public_bytes(Encoding.DER)).hexdigest(), made.serial_number)

    def revoke(self, *some: Issued) -> Path:
        """The list of what was revoked."""
        builder = x509.CertificateRevocationListBuilder().issuer_name(self._name)
        builder = builder.last_update(self._now).next_update(self._now + timedelta(days=1))
        for one in some:
            revoked = x509.RevokedCertificateBuilder().serial_number(one.serial).revocation_date(self._now)
            builder = builder.add_revoked_certificate(revoked.build())
        file = self._folder / "revoked.crl"
        file.write_bytes(builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM))
        return file

    def _builder(self, name: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(self._name).public_key(key)
        builder = builder.serial_number(x509.random_serial_number())
        return builder.not_valid_before(self._now).not_valid_after(self._now + timedelta(days=1))


def trusting(authority: Authority, shown: Issued | None = None) -> ssl.SSLContext:
    """How a client calls that trusts the authority, and shows a certificate of its own or none."""
    context = ssl.create_default_context(cafile=str(authority.certificate))
    if shown is not None:
        context.load_cert_chain(shown.certificate, shown.key)
    return context


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])

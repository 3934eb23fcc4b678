"""Certificates of one run: an authority, and whom it vouches for."""

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
DAY = timedelta(days=1)


class Authority:
    """Signs; its files lie in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.file = folder / "authority.pem"
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority of a test")])
        made = self._builder(self.name, self.key, DAY).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        signed = made.sign(self.key, hashes.SHA256())
        self.file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))

    def issue(
        self,
        name: str,
        holds_for: timedelta = DAY,
        password: bytes = b"",
        key: Key | None = None,
    ) -> tuple[Path, Path]:
        """Write certificate and key of somebody at 127.0.0.1; return their files."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        names = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        made = self._builder(subject, key, holds_for).add_extension(
            x509.SubjectAlternativeName(names), critical=False
        )
        signed = made.sign(self.key, hashes.SHA256())
        cert_file, key_file = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        cert_file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        lock: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if password:
            lock = serialization.BestAvailableEncryption(password)
        key_file.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)
        )
        return cert_file, key_file

    def trusting(self, own: tuple[Path, Path] | None = None) -> ssl.SSLContext:
        """Return what a client needs that trusts this authority; `own`: its certificate and key."""
        context = ssl.create_default_context(cafile=self.file)
        if own:
            context.load_cert_chain(*own)
        return context

    def _builder(
        self, subject: x509.Name, key: Key, holds_for: timedelta
    ) -> x509.CertificateBuilder:
        until = datetime.now(UTC) + holds_for
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(until - 30 * DAY)
            .not_valid_after(until)
        )

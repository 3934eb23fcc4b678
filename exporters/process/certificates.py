"""Makes the server's TLS context of files, and says of a file that cannot be used what it is.

Raises ConfigurationError, whose text names the key of the web configuration.
"""

import ssl
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from cryptography import x509

from exporters.process.configuration import ConfigurationError

VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
NO_KEY = (None, "PEM_LIB", "NO_START_LINE")  # OpenSSL's words for it
CLIENTS = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}


class Tls(NamedTuple):
    """What `tls_server_config` says."""

    cert_file: Path
    key_file: Path
    client_ca_file: Path | None = None
    client_auth_type: str = "NoClientCert"
    min_version: str = "TLS12"
    max_version: str = "TLS13"


class Certificate(NamedTuple):
    """Whose certificate the server shows, and until when it holds."""

    subject: str
    until: datetime


def context(tls: Tls) -> ssl.SSLContext:
    """Return a context that serves with the files as they are now."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = VERSIONS[tls.min_version]
    made.maximum_version = VERSIONS[tls.max_version]
    made.options |= ssl.OP_NO_RENEGOTIATION  # costs a server more than who asks for it
    made.set_alpn_protocols(["http/1.1"])
    certificate(tls)
    _read("key_file", tls.key_file)
    try:
        made.load_cert_chain(tls.cert_file, tls.key_file, password=_refuse_a_locked_key)
    except OSError as error:
        raise _unusable("key_file", tls.key_file, _wrong_with_key(error)) from error
    if tls.client_ca_file is not None:
        _certificates("client_ca_file", tls.client_ca_file)
        try:
            made.load_verify_locations(tls.client_ca_file)
        except OSError as error:
            wrong = f"cannot be used ({error})"
            raise _unusable("client_ca_file", tls.client_ca_file, wrong) from error
    made.verify_mode = CLIENTS[tls.client_auth_type]
    return made


def certificate(tls: Tls) -> Certificate:
    """Return what the certificate in `cert_file` says of itself."""
    first = _certificates("cert_file", tls.cert_file)[0]
    try:
        names = first.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        subject = ", ".join(str(name.value) for name in names)
    except (x509.ExtensionNotFound, ValueError):
        subject = first.subject.rfc4514_string()
    return Certificate(subject, first.not_valid_after_utc)


def _certificates(key: str, path: Path) -> list[x509.Certificate]:
    content = _read(key, path)
    try:
        return x509.load_pem_x509_certificates(content)
    except ValueError as error:
        raise _unusable(key, path, "holds no certificate in PEM") from error


def _wrong_with_key(error: OSError) -> str:
    reason = getattr(error, "reason", "")
    if reason == "KEY_VALUES_MISMATCH":
        return "belongs to another certificate than cert_file"
    return "holds no private key in PEM" if reason in NO_KEY else f"cannot be used ({error})"


def _read(key: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unusable(key, path, f"cannot be read ({error.strerror})") from error


def _refuse_a_locked_key() -> str:
    # Else OpenSSL would ask at the terminal, and wait.
    raise ConfigurationError(
        "tls_server_config.key_file: the key is locked with a password; accepted: one that is not"
    )


def _unusable(key: str, path: Path, wrong: str) -> ConfigurationError:
    return ConfigurationError(
        f"tls_server_config.{key}: {str(path)!r} {wrong}; accepted: a file in PEM that this process"
        " may read, relative to the web configuration"
    )

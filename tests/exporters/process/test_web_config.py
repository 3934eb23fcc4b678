"""The web configuration: what is accepted, and what a person reads otherwise."""

from datetime import timedelta
from pathlib import Path

import bcrypt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from exporters.process import certificates, web_config
from exporters.process.certificates import Tls
from exporters.process.configuration import ConfigurationError
from exporters.process.web_config import WebConfig
from tests.exporters.process.certificates import Authority

# A fixed salt: the hash stands in the names of tests, which are to be the same in every worker.
HASH = bcrypt.hashpw(b"secret of alice", b"$2b$04$" + b"." * 22).decode()
PAIR = "cert_file: a.crt, key_file: a.key"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "web.yml"


def refusal(file: Path, text: str | bytes) -> str:
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigurationError) as raised:
        web_config.read(file)
    said = str(raised.value)
    assert "\n" not in said
    assert said.startswith(f"WEB_CONFIG_FILE: {str(file)!r}: ")
    assert "; accepted: " in said
    assert HASH not in said
    return said


def test_the_example_of_prometheus_exporters_is_read(file: Path) -> None:
    file.write_text(
        "# TLS and basic authentication\n"
        "tls_server_config:\n"
        "  cert_file: server.crt\n"
        "  key_file: /etc/server.key\n"
        "basic_auth_users:\n"
        f"  alice: {HASH}\n"
        f"  'b o b': '{HASH.replace('$2b$', '$2y$')}'\n"
    )
    found = web_config.read(file)
    assert found.tls == Tls(file.parent / "server.crt", Path("/etc/server.key"))
    assert set(found.users) == {"alice", "b o b"}
    assert HASH not in repr(found)


def test_without_a_file_and_with_an_empty_one_nothing_is_asked_for(file: Path) -> None:
    file.write_text("# nothing\n")
    assert web_config.read(None) == web_config.read(file) == WebConfig()


REFUSED = [
    ("http_server_config: {http2: true}", "http_server_config: is not known"),
    ("rate_limit: {burst: 1}", "accepted: tls_server_config, basic_auth_users"),
    ("just a text", "is no mapping"),
    ("- a", "is no mapping"),
    ("a: b: c", "is no YAML in line 1"),
    ("a: 'b", "is no YAML in line"),
    (b"a: \xff", "is no YAML"),
    ("a: 2024-99-99", "is no YAML"),
    ("[" * 5000, "is no YAML"),
    ("#" * 1_100_000, "is too large"),
    ("basic_auth_users: {}\nbasic_auth_users: {}", "'basic_auth_users' stands twice"),
    ("tls_server_config: yes", "tls_server_config: is no mapping"),
    ("tls_server_config: {}", "tls_server_config.cert_file: is not set"),
    ("tls_server_config: {cert_file: a}", "tls_server_config.key_file: is not set"),
    ("tls_server_config: {cert_file: 1, key_file: b}", "tls_server_config.cert_file: is no text"),
    (f"tls_server_config: {{{PAIR}, cipher_suites: []}}", "cipher_suites: is not known"),
    (f"tls_server_config: {{{PAIR}, min_version: TLS11}}", "accepted: TLS12, TLS13"),
    (f"tls_server_config: {{{PAIR}, min_version: TLS13, max_version: TLS12}}", "is below"),
    (
        f"tls_server_config: {{{PAIR}, client_ca_file: c, client_auth_type: RequireAnyClientCert}}",
        "accepted: NoClientCert, VerifyClientCertIfGiven, RequireAndVerifyClientCert",
    ),
    (f"tls_server_config: {{{PAIR}, client_ca_file: c}}", "goes together with client_ca_file"),
    (
        f"tls_server_config: {{{PAIR}, client_auth_type: RequireAndVerifyClientCert}}",
        "goes together with client_ca_file",
    ),
    ("basic_auth_users: [alice]", "basic_auth_users: is no mapping"),
    ("basic_auth_users: {alice: plain}", "basic_auth_users.alice: is no bcrypt hash"),
    (f"basic_auth_users: {{12: '{HASH}'}}", "12 is no name"),
    (f"basic_auth_users: {{'a:b': '{HASH}'}}", "'a:b' is no name"),
    (f"basic_auth_users: {{a: '{HASH.replace('$04$', '$31$')}'}}", "of a cost from 4 to 15"),
]


@pytest.mark.parametrize(("text", "told"), REFUSED)
def test_what_cannot_be_used_is_named_with_what_is_accepted(
    file: Path, text: str | bytes, told: str
) -> None:
    assert told in refusal(file, text)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    for path, why in ((tmp_path / "none.yml", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(ConfigurationError, match=why):
            web_config.read(path)


def unusable(cert_file: Path, key_file: Path, client_ca_file: Path | None = None) -> str:
    kind = "RequireAndVerifyClientCert" if client_ca_file else "NoClientCert"
    with pytest.raises(ConfigurationError) as raised:
        certificates.context(Tls(cert_file, key_file, client_ca_file, kind))
    return str(raised.value)


def test_a_certificate_or_key_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    cert, key = authority.issue("one")
    other_cert, other_key = authority.issue("other")
    _cert, locked_key = authority.issue("locked", password=b"word")
    nonsense, absent = tmp_path / "nonsense", tmp_path / "absent"
    nonsense.write_text("nonsense")
    certificates.context(Tls(cert, key))
    for found, told in (
        (unusable(absent, key), "cert_file: '/"),
        (unusable(absent, key), "cannot be read (No such file or directory)"),
        (unusable(nonsense, key), "holds no certificate in PEM"),
        (unusable(key, key), "holds no certificate in PEM"),
        (unusable(cert, absent), "key_file: '/"),
        (unusable(cert, nonsense), "holds no private key in PEM"),
        (unusable(cert, other_key), "belongs to another certificate than cert_file"),
        (unusable(other_cert, locked_key), "locked with a password"),
        (unusable(cert, key, nonsense), "client_ca_file: '/"),
    ):
        assert told in found


def test_a_key_that_openssl_finds_too_weak_is_told_as_that(tmp_path: Path) -> None:
    short = rsa.generate_private_key(65537, 1024)  # noqa: S505 (too weak is what it has to be)
    cert, key = Authority(tmp_path).issue("weak", key=short)
    assert "KEY_TOO_SMALL" in unusable(cert, key)


def test_a_certificate_says_whose_it_is_and_until_when(tmp_path: Path) -> None:
    cert, key = Authority(tmp_path).issue("exporter.example", timedelta(days=3))
    shown = certificates.certificate(Tls(cert, key))
    assert shown.subject == "exporter.example, 127.0.0.1"
    assert shown.until.tzinfo is not None

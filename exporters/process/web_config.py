"""Reads --web.config.file: TLS and names with passwords, in the shape of Prometheus' exporters.

Raises ConfigurationError, one line that says which key, what is wrong and what is accepted; it
never repeats a hash. Source: docs/web-configuration.md of prometheus/exporter-toolkit.
"""

import re
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from exporters.process.certificates import CLIENTS, VERSIONS, Tls
from exporters.process.configuration import ConfigurationError

SIZE_LIMIT = 1024 * 1024  # bytes
COSTS = range(4, 16)  # beyond, one password takes seconds of a core
TOP = ("tls_server_config", "basic_auth_users")
HASH = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}")


@dataclass(frozen=True, slots=True)
class WebConfig:
    """How the pages are served, and to whom; `users` holds bcrypt hashes by name."""

    tls: Tls | None = None
    users: Mapping[str, bytes] = field(default_factory=dict, repr=False)


def read(path: Path | None) -> WebConfig:
    """Return what a file says; without a file: no TLS, nobody in particular."""
    if path is None:
        return WebConfig()
    try:
        found = _load(path) or {}
        _check_keys(found, "", TOP)
        tls = found.get("tls_server_config")
        return WebConfig(
            None if tls is None else _tls(tls, path.parent),
            _users(found.get("basic_auth_users") or {}),
        )
    except ConfigurationError as error:
        raise in_file(path, error) from error


def in_file(path: Path | None, error: ValueError) -> ConfigurationError:
    """Return an error that says in which file it is."""
    return ConfigurationError(f"WEB_CONFIG_FILE: {str(path)!r}: {error}")


class _Loader(yaml.SafeLoader):
    """Safe, and strict: of a key that stands twice one would silently be lost."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [child.value for child, _ in node.value if isinstance(child, yaml.ScalarNode)]
        for key in keys:
            if keys.count(key) > 1:
                raise ConfigurationError(f"the key {key!r} stands twice; accepted: once")
        return super().construct_mapping(node, deep)


def _load(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            content = file.read(SIZE_LIMIT + 1)
    except OSError as error:
        raise ConfigurationError(
            f"cannot be read ({error.strerror}); accepted: a YAML file"
        ) from error
    if len(content) > SIZE_LIMIT:
        raise ConfigurationError(f"is too large; accepted: up to {SIZE_LIMIT} bytes")
    try:
        return yaml.load(content, _Loader)  # noqa: S506 (derived from the safe one)
    except ConfigurationError:
        raise
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # Its own words would show the line, and a hash may stand there.
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise ConfigurationError(f"is no YAML{where}; accepted: a YAML file") from error


def _tls(told: Any, folder: Path) -> Tls:
    at = "tls_server_config"
    _check_keys(told, at, Tls._fields)
    for key, value in told.items():
        if not isinstance(value, str) or not value:
            raise ConfigurationError(f"{at}.{key}: is no text; accepted: a text")
    for key in ("cert_file", "key_file"):
        if key not in told:
            raise ConfigurationError(f"{at}.{key}: is not set; accepted: a file in PEM")
    versions = tuple(VERSIONS)
    for key, accepted in (
        ("client_auth_type", tuple(CLIENTS)),
        ("min_version", versions),
        ("max_version", versions),
    ):
        if key in told and told[key] not in accepted:
            raise ConfigurationError(
                f"{at}.{key}: {told[key]!r} cannot be used; accepted: {', '.join(accepted)}"
            )
    tls = Tls(**{key: folder / told[key] if key.endswith("_file") else told[key] for key in told})
    if tls.min_version > tls.max_version:
        raise ConfigurationError(f"{at}.max_version: is below min_version; accepted: TLS13")
    if (tls.client_auth_type == "NoClientCert") is (tls.client_ca_file is not None):
        raise ConfigurationError(
            f"{at}.client_auth_type: goes together with client_ca_file; accepted: both or neither"
        )
    return tls


def _users(told: Any) -> dict[str, bytes]:
    at = "basic_auth_users"
    if not isinstance(told, dict):
        raise ConfigurationError(f"{at}: is no mapping; accepted: names with bcrypt hashes")
    for name, hashed in told.items():
        if not isinstance(name, str) or not name or ":" in name:
            raise ConfigurationError(
                f"{at}: {name!r} is no name; accepted: a text without a colon, digits in quotes"
            )
        match = HASH.fullmatch(hashed) if isinstance(hashed, str) else None
        if match is None or int(match[1]) not in COSTS:
            raise ConfigurationError(
                f"{at}.{name}: is no bcrypt hash; accepted: what `htpasswd -nBC 10 {name}` prints"
                f" behind the colon, of a cost from {COSTS[0]} to {COSTS[-1]}"
            )
    return {name: hashed.encode() for name, hashed in told.items()}


def _check_keys(told: Any, at: str, accepted: Collection[str]) -> None:
    where = f"{at}: " if at else ""
    if not isinstance(told, dict):
        raise ConfigurationError(f"{where}is no mapping; accepted: {', '.join(accepted)}")
    for key in told:
        if key not in accepted:
            name = f"{at}.{key}" if at else str(key)
            raise ConfigurationError(f"{name}: is not known; accepted: {', '.join(accepted)}")

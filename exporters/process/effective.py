"""What the settings come to, by variable, for a person: --check-config prints it. No secret.

Reads files, touches no network.
"""

import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from exporters.process.configuration import (
    MAX_CONCURRENCY,
    POLL_INTERVAL,
    POLLS_UNTIL_OLD,
    TIMEOUT,
    Configuration,
    ConfigurationError,
)
from exporters.process.entrance import describe, prepare
from exporters.process.environment import Told
from exporters.process.pages import shown_address


def values(found: Configuration) -> dict[str, str]:
    """Return by variable what is used."""
    shown = {
        "REMOSA_API_URL": found.api_url,
        "REMOSA_API_TOKEN": "set",
        found.kind.address_variable: shown_address(found.address),
        "WEB_LISTEN_ADDRESS": f"{found.host}:{found.port}",
        "EXPORTER_PORT": str(found.port),
        "WEB_TELEMETRY_PATH": found.telemetry_path,
        "WEB_CONFIG_FILE": str(found.web_config_file or "none"),
        "METRICS_TOKEN": "set" if found.metrics_token else "not set",
        "CACHE_DB_FILE": str(found.cache_file),
        "POLL_INTERVAL": _or_the_admins(found.poll_interval, POLL_INTERVAL),
        "TIMEOUT": _or_the_admins(found.timeout, TIMEOUT),
        "MAX_CONCURRENCY": _or_the_admins(found.max_concurrency, MAX_CONCURRENCY),
        "MAX_DEVICES": str(found.max_devices),
        "MAX_AGE": f"{found.max_age:g}" if found.max_age else f"{POLLS_UNTIL_OLD} poll intervals",
        "PLATFORM_ID": str(found.platform_id or "all the token may see"),
        "SHARD": str(found.shard),
        "EXPORTER_INSTANCE": found.instance,
        "EXPORTER_ADVERTISE_HOST": found.advertise_host or "the address Remosa sees",
        "LEGACY_METRICS": "on" if found.legacy_metrics else "off",
        "DEBUG_MODE": "on" if found.debug_mode else "off",
        "LOG_LEVEL": found.log_level,
        "LOG_FORMAT": found.log_format,
    }
    shown.pop("", None)  # a kind whose vendors have no common address
    return shown


def differences(one: Configuration, other: Configuration) -> list[str]:
    """Return the variables in which two differ."""
    before, after = values(one), values(other)
    names = [name for name, value in after.items() if before.get(name) != value]
    return names + ["REMOSA_API_TOKEN"] * (one.api_token != other.api_token)


def report(found: Configuration, told: Mapping[str, Told]) -> Iterator[str]:
    """Yield a line for each value and where it is from. Raises ConfigurationError at a bad file."""
    lines = [(name, value, _origin(name, told)) for name, value in values(found).items()]
    widths = [max(len(line[column]) for line in lines) for column in (0, 1)]
    for name, value, origin in lines:
        yield f"{name:<{widths[0]}}  {value:<{widths[1]}}  {origin}"
    prepared = prepare(found)
    if prepared.certificate is not None:
        yield f"Served by HTTPS: {describe(prepared.certificate)}"
        if prepared.certificate.until <= datetime.now(UTC):
            raise ConfigurationError(
                f"WEB_CONFIG_FILE: {str(found.web_config_file)!r}: tls_server_config.cert_file:"
                f" has expired; accepted: a certificate that holds today"
            )
    if prepared.web.users:
        yield f"Names with a password: {', '.join(sorted(prepared.web.users))}"
    check_cache(found.cache_file)
    yield "The cache can be written."


def check_cache(path: Path) -> None:
    """Raise ConfigurationError unless the file could be made or written; leaves no trace."""
    try:
        if path.exists():
            with path.open("r+b"):
                pass
        folder = path.absolute().parent
        while not folder.exists():
            folder = folder.parent
        with tempfile.TemporaryFile(dir=folder):  # SQLite writes beside its file
            pass
    except OSError as error:
        raise ConfigurationError(
            f"CACHE_DB_FILE: {str(path)!r} cannot be written ({error.strerror});"
            " accepted: a file in a folder that this process may write to"
        ) from error


def _or_the_admins(value: float | None, default: float) -> str:
    return f"the admin's, else {default:g}" if value is None else f"{value:g}"


def _origin(name: str, told: Mapping[str, Told]) -> str:
    for variable in (f"{name}_FILE", name):
        if variable in told:
            by = told[variable].origin
            return by if variable == name else f"{by}: {variable}={told[variable].text.strip()}"
    return "default"

"""What the process is told: the command line over the environment over .env over defaults.

Each value is checked here, once; a bad one raises ConfigurationError, which says in one line
which variable it is, what is wrong with it and what is accepted.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from exporters.kinds.shape import Kind
from exporters.process import sharding
from exporters.process.environment import gather
from exporters.process.schedule import Settings
from exporters.process.sharding import WHOLE, Shard

POLL_INTERVAL, TIMEOUT, MAX_CONCURRENCY = 30.0, 10.0, 50
MAX_DEVICES = 100_000  # of one source
INTERVALS, TIMEOUTS, CONCURRENCIES = (1, 86400), (0.1, 300), (1, 1000)
EVERYWHERE = "0.0.0.0"  # noqa: S104 (Prometheus scrapes from elsewhere; --web.listen-address)
POLLS_UNTIL_OLD = 3
LEVELS, FORMATS = ("debug", "info", "warning", "error"), ("text", "json")
_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
_INSTANCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_HOST = re.compile(r"[A-Za-z0-9._:-]{1,255}")
_LISTEN = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]\s]*)):(\d{1,5})")

T = TypeVar("T")


class ConfigurationError(ValueError):
    """A value the process cannot start with."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """Checked settings. None: not set here, so the admin's value or the default holds."""

    kind: Kind
    api_url: str  # ends in /api/v1
    api_token: str = field(repr=False)
    address: str
    host: str
    port: int
    telemetry_path: str
    web_config_file: Path | None
    metrics_token: str = field(repr=False)  # empty: /metrics asks for none
    cache_file: Path
    poll_interval: float | None
    timeout: float | None
    max_concurrency: int | None
    max_age: float | None
    max_devices: int
    shard: Shard
    platform_id: int | None
    instance: str
    advertise_host: str
    legacy_metrics: bool
    debug_mode: bool
    log_level: str
    log_format: str

    def settings(self, told: Mapping[str, object]) -> Settings:
        """Return how to poll a source: the environment, else what Remosa told, else defaults."""
        interval = self.poll_interval or number(told.get("poll_interval"), INTERVALS)
        interval = interval or POLL_INTERVAL
        timeout = self.timeout or number(told.get("timeout"), TIMEOUTS) or TIMEOUT
        concurrency = self.max_concurrency or number(told.get("max_concurrency"), CONCURRENCIES)
        return Settings(
            interval,
            timeout,
            int(concurrency or MAX_CONCURRENCY),
            self.max_age or POLLS_UNTIL_OLD * interval,
        )


def number(value: object, limits: tuple[float, float]) -> float | None:
    """Return a number within the limits; None for anything else that Remosa may have sent."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if limits[0] <= value <= limits[1] else None


def read(
    kind: Kind, environment: Mapping[str, str], options: Mapping[str, str | None]
) -> Configuration:
    """Return the settings; `options` holds what stood on the command line, by variable name."""
    given = {name: told.text for name, told in gather(options, environment, ()).items()}
    host, port = _listen_address(given, kind.port)
    shard = _value(given, "SHARD", sharding.read, WHOLE)
    name = f"{kind.name}-{shard.number}"
    debug = _value(given, "DEBUG_MODE", _boolean, False)
    level = _value(given, "LOG_LEVEL", _one_of(LEVELS), "info")
    return Configuration(
        kind=kind,
        api_url=_api_url(given),
        api_token=_api_token(given),
        address=_value(given, kind.address_variable, _url, kind.default_address),
        host=host,
        port=port,
        telemetry_path=_value(given, "WEB_TELEMETRY_PATH", _path, "/metrics"),
        web_config_file=_optional_path(given.get("WEB_CONFIG_FILE")),
        metrics_token=_value(given, "METRICS_TOKEN", _token, "", is_secret=True),
        cache_file=Path(given.get("CACHE_DB_FILE", _cache_file(kind, shard))),
        poll_interval=_value(given, "POLL_INTERVAL", _seconds(*INTERVALS), None),
        timeout=_value(given, "TIMEOUT", _seconds(*TIMEOUTS), None),
        max_concurrency=_value(given, "MAX_CONCURRENCY", _whole(*CONCURRENCIES), None),
        max_age=_value(given, "MAX_AGE", _seconds(1, 604800), None),
        max_devices=_value(given, "MAX_DEVICES", _whole(1, 1_000_000), MAX_DEVICES),
        shard=shard,
        platform_id=_value(given, "PLATFORM_ID", _whole(1, 2**63 - 1), None),
        instance=_value(given, "EXPORTER_INSTANCE", _matching(_INSTANCE), name),
        advertise_host=_value(given, "EXPORTER_ADVERTISE_HOST", _matching(_HOST), ""),
        legacy_metrics=_value(given, "LEGACY_METRICS", _boolean, False),
        debug_mode=debug,
        log_level="debug" if debug else level,
        log_format=_value(given, "LOG_FORMAT", _one_of(FORMATS), "text"),
    )


def _value(
    given: Mapping[str, str],
    name: str,
    read_text: Callable[[str], T],
    default: T,
    is_secret: bool = False,
) -> T:
    """Return what NAME holds, or the file that NAME_FILE names; a secret is never repeated."""
    text = given.get(name)
    if f"{name}_FILE" in given:
        text = _content(f"{name}_FILE", given[f"{name}_FILE"].strip())
    if text is None:
        return default
    try:
        return read_text(text.strip())
    except ValueError as error:
        shown = "what is set" if is_secret else repr(text)
        raise ConfigurationError(f"{name}: {shown} cannot be used; {error}") from error


def _content(variable: str, file: str) -> str:
    try:
        text = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "not a text in UTF-8"
        raise ConfigurationError(
            f"{variable}: {file!r} cannot be read ({why}); accepted: a file with the value"
        ) from error
    if not text:  # as if not set, a token's door would stand open
        raise ConfigurationError(f"{variable}: {file!r} is empty; accepted: a file with the value")
    return text


def _api_url(given: Mapping[str, str]) -> str:
    base = _value(given, "REMOSA_API_URL", _url, "").rstrip("/")
    if not base:
        raise ConfigurationError(
            "REMOSA_API_URL: is not set; accepted: the base address of Remosa, "
            "for example http://127.0.0.1:8000"
        )
    if urlsplit(base).query:
        raise ConfigurationError("REMOSA_API_URL: has a query; accepted: a base address without")
    return base if base.endswith("/api/v1") else f"{base}/api/v1"


def _api_token(given: Mapping[str, str]) -> str:
    token = _value(given, "REMOSA_API_TOKEN", _token, "", is_secret=True)
    if not token:
        raise ConfigurationError(
            "REMOSA_API_TOKEN: is not set; accepted: a token of the kind `exporter` that a"
            " superadmin made, or its file in REMOSA_API_TOKEN_FILE"
        )
    return token


def _token(text: str) -> str:
    if not re.fullmatch(r"[\x21-\x7e]+", text):
        raise ValueError(
            "it has a space or a character that no token has; accepted: one token, unquoted"
        )
    return text


def _listen_address(given: Mapping[str, str], default_port: int) -> tuple[str, int]:
    port = _value(given, "EXPORTER_PORT", _whole(0, 65535), default_port)
    return _value(given, "WEB_LISTEN_ADDRESS", _listen, (EVERYWHERE, port))


def _listen(text: str) -> tuple[str, int]:
    match = _LISTEN.fullmatch(text)
    if match is None or int(match[3]) > 65535:
        raise ValueError("accepted: host:port, :port or [IPv6 address]:port")
    return match[1] or match[2] or EVERYWHERE, int(match[3])


def _cache_file(kind: Kind, shard: Shard) -> str:
    part = "" if shard.of == 1 else f"_{shard.number}"
    return f".remosa/{kind.name}_exporter{part}.sqlite3"


def _optional_path(text: str | None) -> Path | None:
    return Path(text.strip()) if text else None


def _url(text: str) -> str:
    accepted = "accepted: an address that starts with http:// or https://"
    if not re.fullmatch(r"[\x21-\x7e]+", text):
        raise ValueError(f"{accepted}, without spaces, other letters percent-encoded")
    parts = urlsplit(text)  # ValueError by itself for a bad IPv6 address
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError(accepted)
    if parts.username is not None or parts.fragment:
        raise ValueError(f"{accepted}, without user, password and #")
    return text


def _path(text: str) -> str:
    if not re.fullmatch(r"/[A-Za-z0-9._~/-]+", text) or text.startswith("/-/"):
        raise ValueError("accepted: a path such as /metrics, not / and not under /-/")
    return text


def _seconds(least: float, most: float) -> Callable[[str], float | None]:
    def read_text(text: str) -> float | None:
        if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", text) and least <= float(text) <= most:
            return float(text)
        raise ValueError(f"accepted: a number of seconds from {least:g} to {most:g}")

    return read_text


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read_text(text: str) -> int:
        if re.fullmatch(r"[0-9]{1,19}", text) and least <= int(text) <= most:
            return int(text)
        raise ValueError(f"accepted: a whole number from {least} to {most}")

    return read_text


def _one_of(words: tuple[str, ...]) -> Callable[[str], str]:
    def read_text(text: str) -> str:
        if text.lower() in words:
            return text.lower()
        raise ValueError(f"accepted: {', '.join(words)}")

    return read_text


def _matching(pattern: re.Pattern[str]) -> Callable[[str], str]:
    def read_text(text: str) -> str:
        if pattern.fullmatch(text):
            return text
        raise ValueError(f"accepted: what matches {pattern.pattern}")

    return read_text


def _boolean(text: str) -> bool:
    if text.lower() in _YES + _NO:
        return text.lower() in _YES
    raise ValueError(f"accepted: {', '.join(_YES + _NO)}")

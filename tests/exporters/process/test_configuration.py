"""Settings of the process: what is accepted, and what a person reads otherwise."""

from pathlib import Path

import pytest

from exporters.kinds import KINDS
from exporters.process import configuration
from exporters.process.configuration import Configuration, ConfigurationError
from exporters.process.schedule import Settings

CUBIC = KINDS["cubic"]
LEAST = {"REMOSA_API_URL": "http://127.0.0.1:8000", "REMOSA_API_TOKEN": "token"}


def read(**environment: str) -> Configuration:
    return configuration.read(CUBIC, {**LEAST, **environment}, {})


def refusal(**environment: str) -> str:
    with pytest.raises(ConfigurationError) as raised:
        read(**environment)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_with_the_least_that_must_be_set_the_defaults_hold() -> None:
    found = read()
    assert found.address == CUBIC.default_address
    assert (found.host, found.port, found.telemetry_path) == ("0.0.0.0", 19101, "/metrics")
    assert found.settings({}) == Settings(30, 10, 50, 90)
    assert found.instance == "cubic-1"
    assert (found.log_level, found.log_format, found.legacy_metrics) == ("info", "text", False)


@pytest.mark.parametrize(
    "text", ["http://h:1", "http://h:1/", "http://h:1/api/v1", "http://h:1/api/v1/"]
)
def test_the_address_of_remosa_may_have_its_path_or_not(text: str) -> None:
    assert read(REMOSA_API_URL=text).api_url == "http://h:1/api/v1"


def test_environment_wins_over_the_admin_and_the_admin_over_the_default() -> None:
    told = {"poll_interval": 60, "timeout": 5, "max_concurrency": None}
    assert read().settings(told) == Settings(60, 5, 50, 180)
    found = read(POLL_INTERVAL="10", TIMEOUT="2.5", MAX_CONCURRENCY="7", MAX_AGE="33")
    assert found.settings(told) == Settings(10, 2.5, 7, 33)


@pytest.mark.parametrize("value", [0, -5, True, "60", 1e9, float("nan"), None, [60]])
def test_what_the_admin_cannot_have_meant_is_as_if_not_set(value: object) -> None:
    assert read().settings({"poll_interval": value}).interval == 30


def test_an_empty_variable_is_one_that_is_not_set() -> None:
    assert read(POLL_INTERVAL="", PLATFORM_ID=" ").poll_interval is None


def test_the_command_line_wins_over_the_environment() -> None:
    environment = {"LOG_LEVEL": "error", "WEB_LISTEN_ADDRESS": "127.0.0.1:7", "EXPORTER_PORT": "8"}
    options = {"WEB_LISTEN_ADDRESS": "[::1]:9", "LOG_LEVEL": None}
    found = configuration.read(CUBIC, {**LEAST, **environment}, options)
    assert (found.host, found.port, found.log_level) == ("::1", 9, "error")


def test_debug_mode_is_the_level_debug() -> None:
    assert read(DEBUG_MODE="yes", LOG_LEVEL="error").log_level == "debug"


def test_a_token_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-a-file\n")
    found = configuration.read(
        CUBIC,
        {"REMOSA_API_URL": "http://h", "REMOSA_API_TOKEN_FILE": str(tmp_path / "token")},
        {},
    )
    assert found.api_token == "from-a-file"
    assert "from-a-file" not in repr(found)


REFUSED = [
    ("REMOSA_API_URL", "", "is not set"),
    ("REMOSA_API_URL", "127.0.0.1:8000", "starts with http:// or https://"),
    ("REMOSA_API_URL", "ftp://h", "starts with http:// or https://"),
    ("REMOSA_API_URL", "http://", "starts with http:// or https://"),
    ("REMOSA_API_URL", "http://[::1", "Invalid IPv6 URL"),
    ("REMOSA_API_URL", "http://h:99999", "out of range"),
    ("REMOSA_API_URL", "http://h/?a=b", "query"),
    ("REMOSA_API_URL", "http://name:word@h", "without user, password"),
    ("REMOSA_API_TOKEN", "", "is not set"),
    ("REMOSA_API_TOKEN", "two words", "one token"),
    ("REMOSA_API_TOKEN", "a\nHost: evil", "one token"),
    ("REMOSA_API_TOKEN_FILE", "/nowhere/token", "No such file or directory"),
    ("EXTERNAL_API_BASE_URL", "vendor", "starts with http:// or https://"),
    ("EXTERNAL_API_BASE_URL", "http://h/a b", "without spaces"),
    ("EXTERNAL_API_BASE_URL", "http://вендор/", "percent-encoded"),
    ("EXPORTER_PORT", "70000", "from 0 to 65535"),
    ("EXPORTER_PORT", "http", "from 0 to 65535"),
    ("WEB_LISTEN_ADDRESS", "127.0.0.1", "host:port"),
    ("WEB_LISTEN_ADDRESS", "::1:9100", "host:port"),
    ("WEB_LISTEN_ADDRESS", ":99999", "host:port"),
    ("WEB_TELEMETRY_PATH", "metrics", "path such as /metrics"),
    ("WEB_TELEMETRY_PATH", "/", "path such as /metrics"),
    ("WEB_TELEMETRY_PATH", "/-/ready", "path such as /metrics"),
    ("POLL_INTERVAL", "0", "from 1 to 86400"),
    ("POLL_INTERVAL", "-1", "from 1 to 86400"),
    ("POLL_INTERVAL", "nan", "from 1 to 86400"),
    ("POLL_INTERVAL", "1e3", "from 1 to 86400"),
    ("TIMEOUT", "0", "from 0.1 to 300"),
    ("MAX_CONCURRENCY", "1.5", "from 1 to 1000"),
    ("MAX_CONCURRENCY", "٣", "from 1 to 1000"),
    ("MAX_AGE", "0", "from 1 to 604800"),
    ("PLATFORM_ID", "Alpha", "whole number"),
    ("PLATFORM_ID", "0", "whole number"),
    ("EXPORTER_INSTANCE", "cubic 1", "matches"),
    ("EXPORTER_ADVERTISE_HOST", "http://h", "matches"),
    ("DEBUG_MODE", "maybe", "1, true, yes, on"),
    ("LEGACY_METRICS", "2", "1, true, yes, on"),
    ("LOG_LEVEL", "loud", "debug, info, warning, error"),
    ("LOG_FORMAT", "xml", "text, json"),
]


@pytest.mark.parametrize(("name", "value", "told"), REFUSED)
def test_a_bad_value_names_its_variable_and_what_is_accepted(
    name: str, value: str, told: str
) -> None:
    message = refusal(**{name: value})
    assert message.startswith(f"{name}: ")
    assert told in message


def test_a_token_is_never_repeated_in_a_message() -> None:
    assert "s3cret" not in refusal(REMOSA_API_TOKEN="s3cret word")

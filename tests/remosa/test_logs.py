"""The log of every process: one line an event, no secret in it."""

import io
import json
import logging
import logging.config
from collections.abc import Iterator

import pytest

from remosa.logs import logging_config, mask_secrets


@pytest.fixture(autouse=True)
def give_the_loggers_back() -> Iterator[None]:
    """Undo what dictConfig did to the root logger."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


def written(fmt: str, message: str, *arguments: object, error: Exception | None = None) -> str:
    logging.config.dictConfig(logging_config("INFO", fmt))
    (handler,) = logging.getLogger().handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.stream = io.StringIO()
    logging.getLogger("remosa.test").warning(message, *arguments, exc_info=error)
    text: str = handler.stream.getvalue()
    return text


def test_a_line_of_text_has_time_level_logger_and_message() -> None:
    line = written("text", "Source %s is down", 4)
    time, level, rest = line.split(maxsplit=2)
    assert time.endswith("Z")
    assert (level, rest) == ("warning", "remosa.test: Source 4 is down\n")


def test_a_line_of_json_has_them_as_fields() -> None:
    event = json.loads(written("json", "Имя %s", "Ангар"))
    assert event.pop("timestamp").endswith("Z")
    assert event == {"event": "Имя Ангар", "level": "warning", "logger": "remosa.test"}


@pytest.mark.parametrize("fmt", ["text", "json"])
def test_no_text_from_outside_starts_a_line_of_its_own(fmt: str) -> None:
    line = written(fmt, "Name: %s", "a\nb\r\x1b[2J\u2028c \ud800")
    assert line.count("\n") == 1
    assert "\x1b" not in line
    line.encode("utf-8")


SECRETS = [
    "Authorization: Bearer s3cretvalue",
    "{'Authorization': 'Bearer s3cretvalue'}",
    "GET /?token=s3cretvalue&mac=1",
    "REMOSA_API_TOKEN=s3cretvalue",
    '{"password": "s3cretvalue"}',
    "api_key: s3cretvalue",
    "X-API-Token: s3cretvalue",
    "postgres://remosa:s3cretvalue@db/remosa",
    "Cookie: s3cretvalue",
    "Basic s3cretvalue==",
]


@pytest.mark.parametrize("text", SECRETS)
def test_what_looks_like_a_secret_is_masked(text: str) -> None:
    assert "s3cretvalue" not in mask_secrets(text)
    assert "***" in mask_secrets(text)


def test_a_secret_in_a_traceback_is_masked_too() -> None:
    try:
        raise RuntimeError("token=s3cretvalue was refused")
    except RuntimeError as error:
        line = written("text", "Failed", error=error)
    assert "Traceback" in line
    assert "s3cretvalue" not in line


@pytest.mark.parametrize(
    "text",
    [
        "Device list: 200 devices of 2 exporters",
        "check REMOSA_API_TOKEN (its kind, its platform, its expiry)",
        "Serving at http://127.0.0.1:19101/metrics",
    ],
)
def test_plain_words_stay(text: str) -> None:
    assert mask_secrets(text) == text


@pytest.mark.parametrize(("level", "fmt"), [("loud", "text"), ("INFO", "xml")])
def test_a_wrong_level_or_format_names_the_accepted_ones(level: str, fmt: str) -> None:
    with pytest.raises(ValueError, match="accepted: "):
        logging_config(level, fmt)

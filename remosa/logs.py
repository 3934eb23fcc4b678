"""How every process of Remosa writes its log: one line an event, text or JSON, secrets masked.

The code logs through the standard library; structlog only formats.
"""

import logging
import re
from collections.abc import MutableMapping
from typing import Any

import structlog
from django.conf import settings
from django.utils import translation
from structlog.typing import Processor, WrappedLogger

LEVELS = ("debug", "info", "warning", "error")
FORMATS = ("text", "json")

_MASK = r"\g<1>***"
_SECRETS = (
    re.compile(r"(?i)(\b(?:bearer|basic)\s+)[\w.~+/=-]{6,}"),
    # name=value, "name": "value", name: value; the name ends in a word for something secret
    re.compile(
        r"""(?ix)(\b[\w-]*(?:password|passwd|secret|token|api[_-]?key|authorization|cookie)
        ["']?\s*[=:]\s*["']?)(?!(?:bearer|basic)\s)[^\s"'&,;<>]+"""
    ),
    re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+(?=@)"),  # user:password@host
)
# They write two lines for every tick, and one about a broker that needs no host.
_QUIET = {
    **{name: {"level": "WARNING"} for name in ("celery.worker.strategy", "celery.app.trace")},
    "celery.beat": {"level": "WARNING"},
    "kombu.connection": {"level": "ERROR"},
}
# A vendor's text must not start a line of its own or move a terminal's cursor.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class EnglishFormatter(structlog.stdlib.ProcessorFormatter):
    """Writes in English, in whose language ever the page was that had something to log."""

    def format(self, record: logging.LogRecord) -> str:
        """Put the texts of errors in without translating them."""
        if not settings.configured:  # the web server, before it loads the application
            return super().format(record)
        with translation.override(None):
            return super().format(record)


def logging_config(level: str, fmt: str) -> dict[str, Any]:
    """Return what `logging.config.dictConfig` wants; `level` of LEVELS, `fmt` of FORMATS.

    Raises ValueError, which names what is accepted.
    """
    if level.lower() not in LEVELS:
        raise ValueError(f"{level!r} is no log level; accepted: {', '.join(LEVELS)}")
    if fmt.lower() not in FORMATS:
        raise ValueError(f"{fmt!r} is no log format; accepted: {', '.join(FORMATS)}")
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "remosa": {
                "()": EnglishFormatter,
                "processors": _processors(fmt.lower()),
                "foreign_pre_chain": [
                    structlog.stdlib.add_log_level,
                    structlog.stdlib.add_logger_name,
                    structlog.processors.TimeStamper(fmt="iso", utc=True),
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "remosa"}},
        "loggers": {} if level.lower() == "debug" else _QUIET,
        "root": {"handlers": ["stderr"], "level": level.upper()},
    }


def mask_secrets(text: str) -> str:
    """Return the text with the values of everything that looks like a secret replaced by ***."""
    for pattern in _SECRETS:
        text = pattern.sub(_MASK, text)
    return text


def _processors(fmt: str) -> list[Processor]:
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
        if fmt == "json"
        else _render_text
    )
    return [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        _mask_event,
        renderer,
    ]


def _mask_event(
    _logger: WrappedLogger, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Mask secrets in every text of the event, tracebacks too; keep it on one line."""
    for key, value in event.items():
        if isinstance(value, str):
            text = mask_secrets(value)
            event[key] = text if key == "exception" else _CONTROL.sub(_visible, text)
    return event


def _visible(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


def _render_text(_logger: WrappedLogger, _method: str, event: MutableMapping[str, Any]) -> str:
    """Write `time level logger: event key=value`, a traceback on the lines below."""
    time, level = event.pop("timestamp", ""), event.pop("level", "")
    name, said = event.pop("logger", ""), event.pop("event", "")
    exception = event.pop("exception", "")
    line = f"{time} {level:<7} {name}: {said}"
    line += "".join(f" {key}={value}" for key, value in event.items())
    return f"{line}\n{exception}" if exception else line

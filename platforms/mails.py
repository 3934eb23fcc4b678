"""The one door to the mail server: a text template in the reader's language, or one error.

A mail is ``templates/platforms/mail/<name>.txt``: the first line is its subject.
"""

import logging
from collections.abc import Mapping
from threading import Thread
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import translation

log = logging.getLogger(__name__)


# Where mails go that reach nobody: into the log or into a folder.
_WRITTEN_DOWN = frozenset(
    f"django.core.mail.backends.{name}.EmailBackend" for name in ("console", "filebased", "dummy")
)


class MailNotSent(Exception):
    """The mail server did not take the mail; trying again later may help."""


def are_written_down() -> bool:
    """Tell whether mails go where nobody reads them."""
    return settings.EMAIL_BACKEND in _WRITTEN_DOWN


def link_to(request: HttpRequest, path: str) -> str:
    """Return the whole address of a page: under PUBLIC_URL, or as the request came in."""
    public: str = settings.PUBLIC_URL
    return public.rstrip("/") + path if public else request.build_absolute_uri(path)


def compose(name: str, to: str, language: str, facts: Mapping[str, Any]) -> EmailMessage:
    """Render a mail in a language; a name of several lines writes no lines of its own."""
    with translation.override(language):
        flat = {key: _on_one_line(fact) for key, fact in facts.items()}
        text = render_to_string(f"platforms/mail/{name}.txt", flat)
    subject, _, body = text.partition("\n")
    return EmailMessage(subject.strip(), body.strip() + "\n", to=[to])


def _on_one_line(fact: Any) -> Any:
    return " ".join(fact.split()) if isinstance(fact, str) else fact


def send(mail: EmailMessage) -> None:
    """Hand a mail to the server within EMAIL_TIMEOUT. Errors: MailNotSent."""
    try:
        mail.send()
    except (OSError, ValueError) as error:  # smtplib's own errors are OSErrors
        raise MailNotSent(f"{type(error).__name__}: {error}") from error


def send_later(name: str, to: str, language: str, facts: Mapping[str, Any]) -> None:
    """Render and send after the answer has left, so that its time tells nothing."""
    Thread(target=_send_or_log, args=(name, to, language, facts), name="mail").start()


def _send_or_log(name: str, to: str, language: str, facts: Mapping[str, Any]) -> None:
    try:
        send(compose(name, to, language, facts))
    except MailNotSent as error:
        log.error(
            "The mail server did not take a mail (%s): %s. It must be asked anew.", name, error
        )

"""Putting one message on a channel: by mail, as a signed webhook, or by Apprise in a process.

The only module that sends notices. It reads no database and never raises: it says what became of
the message, in codes that `channel_addresses.words_of` explains.
"""

import json
import logging
import os
import smtplib
import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.core.mail import EmailMessage

from . import mails, webhooks
from .channel_addresses import is_final, split_permits
from .keyring import KeyRingError
from .models import ChannelKind, NotificationChannel
from .outbound import OutboundError

logger = logging.getLogger(__name__)

DEADLINE = 30.0  # seconds, for all of one message
DEADLINE_OF_TEST = 15.0  # a person waits, and with it a worker of the web server
_PROGRAM = Path(__file__).with_name("apprise_process.py")
#: What the process needs of our environment, which has secrets: its certificates, nothing else.
_PASSED_ON = ("PATH", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
_PERMANENT = frozenset({"bad_address", "not_allowed", "not_encrypted", "forbidden_host"})
_GONE = 410  # of a webhook of one's own; anything else may be a deployment under way


class Message(NamedTuple):
    """What is sent; of a webhook the document, and when it is signed, in Unix seconds."""

    title: str
    body: str
    document: bytes = b""
    at: int = 0


class Outcome(StrEnum):
    """What became of it."""

    SENT = "sent"
    FAILED = "failed"  # may work later
    PERMANENT = "permanent"  # will not, until somebody changes the channel


class Told(NamedTuple):
    """An outcome and why, as a code."""

    outcome: Outcome
    error: str = ""


class Post(NamedTuple):
    """All that sending needs, read from the rows beforehand: a thread may take it along."""

    kind: str
    recipients: tuple[str, ...]
    scheme: str
    address: str
    secret: str = ""

    def __repr__(self) -> str:
        return f"<Post: {self.kind} {self.scheme}>"


def post_of(channel: NotificationChannel) -> Post:
    """Return what a channel is reached by; raise KeyRingError."""
    recipients = tuple(line.strip() for line in channel.recipients.splitlines() if line.strip())
    address, secret = channel.address.reveal(), channel.secret.reveal()
    return Post(channel.kind, recipients, channel.scheme, address, secret)


def send(post: Post, message: Message, deadline: float = DEADLINE) -> Told:
    """Send one message within the deadline and say what became of it."""
    if post.kind == ChannelKind.MAIL:
        return _by_mail(post, message)
    if post.kind == ChannelKind.WEBHOOK:
        return _by_webhook(post, message, deadline)
    return _by_apprise(post, message, deadline)


def check(address: str) -> str:
    """Return the error code of an address, "" when Apprise understands it; sends nothing."""
    answer = _run(_order(address, Message("", ""), check=True), DEADLINE_OF_TEST)
    return "" if answer.get("outcome") == "valid" else str(answer.get("outcome"))


def test(channel: NotificationChannel, message: Message) -> Told:
    """Send a message while a person waits."""
    try:
        post = post_of(channel)
    except KeyRingError:
        return Told(Outcome.FAILED, "key_ring")
    return send(post, message, DEADLINE_OF_TEST)


def _by_mail(post: Post, message: Message) -> Told:
    title = " ".join(message.title.split())
    mail = EmailMessage(title, message.body, to=list(post.recipients))
    try:
        mails.send(mail)
    except mails.MailNotSent as error:
        logger.warning("A notice was not taken by the mail server: %s", error)
        refused = error.__cause__
        if isinstance(refused, smtplib.SMTPRecipientsRefused) and all(
            550 <= code < 560 for code, _text in refused.recipients.values()
        ):
            return Told(Outcome.PERMANENT, "recipients")
        return Told(Outcome.FAILED, "mail")
    return Told(Outcome.SENT)


def _by_webhook(post: Post, message: Message, deadline: float) -> Told:
    if not post.secret:
        return Told(Outcome.PERMANENT, "no_secret")
    try:
        status = webhooks.post(post.address, post.secret, message.document, message.at, deadline)
    except OutboundError as error:
        if 200 <= error.status < 300:
            return Told(Outcome.SENT)  # it was taken, however much was said to it
        code = webhooks.code_of(post.address, error)
        final = code in _PERMANENT and not webhooks.may_pass(post.address, code)
        return Told(Outcome.PERMANENT if final else Outcome.FAILED, code)
    if 200 <= status < 300:
        return Told(Outcome.SENT)
    return Told(Outcome.PERMANENT if status == _GONE else Outcome.FAILED, f"status:{status}")


def _by_apprise(post: Post, message: Message, deadline: float) -> Told:
    answer = _run(_order(post.address, message, check=False), deadline)
    outcome = str(answer.get("outcome"))
    if outcome == "sent":
        return Told(Outcome.SENT)
    if outcome in _PERMANENT:
        return Told(Outcome.PERMANENT, outcome)
    if outcome != "failed":
        return Told(Outcome.FAILED, outcome)
    bad = [status for status in answer.get("statuses", []) if not 200 <= status < 300]
    errors = answer.get("errors", [])
    if errors:
        return Told(Outcome.FAILED, str(errors[-1]))
    if not bad:
        return Told(Outcome.FAILED, "refused")
    final = is_final(post.scheme, answer["statuses"])
    return Told(Outcome.PERMANENT if final else Outcome.FAILED, f"status:{bad[-1]}")


def _order(address: str, message: Message, *, check: bool) -> dict[str, Any]:
    networks, hosts = split_permits(settings.CHANNEL_HOSTS)
    return {
        "address": address,
        "title": message.title,
        "body": message.body,
        "check": check,
        "networks": networks,
        "hosts": hosts,
    }


def _run(order: dict[str, Any], deadline: float) -> dict[str, Any]:
    """Run the process and read its answer; whoever hangs is killed."""
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    try:
        done = subprocess.run(  # noqa: S603 (our own program; the order comes by its stdin)
            [sys.executable, "-I", str(_PROGRAM)],
            input=json.dumps(order).encode(),
            capture_output=True,
            timeout=deadline,
            check=False,
            env={**environment, "NETRC": os.devnull, "NO_PROXY": "*"},
        )
        answer = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return {"outcome": "deadline"}
    except (OSError, ValueError) as error:
        # Not its text nor what the process wrote: either may hold the address.
        logger.error("The process that sends a notice failed: %s", type(error).__name__)
        return {"outcome": "process"}
    return answer if isinstance(answer, dict) else {"outcome": "process"}

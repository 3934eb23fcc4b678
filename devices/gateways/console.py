"""A gateway that sends nothing: it writes messages to the log. For trying things out.

What it writes is the whole text, which can hold the password of a socket.
"""

import logging

from django.utils.translation import gettext_lazy

from devices.phones import masked

from .shape import Account, Driver, Outcome, Outgoing, Reason, Sent

logger = logging.getLogger(__name__)


def _send(_account: Account, outgoing: Outgoing) -> Sent:
    # %r: a line break in a text begins no line of the log.
    logger.info("SMS to %s (%s): %r", masked(outgoing.phone), outgoing.key, outgoing.text)
    return Sent(Outcome.ACCEPTED, Reason.ACCEPTED, outgoing.key)


def _check(_account: Account) -> None:
    """Accept every account: nothing is asked with it."""


DRIVER = Driver(
    name="console",
    title=gettext_lazy("Console (writes to the log, sends nothing)"),
    send=_send,
    check=_check,
    needs_address=False,
)

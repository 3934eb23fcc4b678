"""What every gateway driver looks like: what it is told, what it can, how it sends and is asked.

A driver is one file that fills in a `Driver`. Knows no rows and opens no connection.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from devices.phones import PhoneFormat
from exporters.kinds.shape import Setting, SettingsError
from exporters.labelled import Labelled

__all__ = ["Account", "Driver", "Setting", "SettingsError"]

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Outcome(Labelled):
    """What became of a message, as far as the one request that carried it tells."""

    ACCEPTED = "accepted", _("Accepted by the gateway")
    REJECTED = "rejected", _("Provably not sent")
    UNKNOWN = "unknown", _("It may have been sent or not")


class Reason(Labelled):
    """Why the outcome is what it is. Holds nothing that a gateway wrote: that could be a secret."""

    ACCEPTED = "accepted", _("The gateway took the message.")
    REPEATED = "repeated", _("The gateway had taken this message before and did not repeat it.")
    # Before anything went out.
    SETTINGS = "settings", _("The settings of the gateway are not complete.")
    PHONE = "phone", _("This is no number that a message can be sent to.")
    TEXT = "text", _("The text has a character that cannot be sent.")
    TOO_LONG = "too_long", _("The text is too long for the address: let the gateway take a form.")
    ADDRESS = "address", _("The address of the gateway cannot be used.")
    DNS = "dns", _("The name of the gateway is not known.")
    REFUSED = "refused", _("Nobody answers at the address of the gateway.")
    TLS = "tls", _("There is no secure connection to the gateway.")
    NO_CONNECTION = "no_connection", _("There was no connection to the gateway in time.")
    # Answers that refuse.
    CREDENTIALS = "credentials", _("The gateway does not accept the credentials.")
    NOT_FOUND = "not_found", _("The gateway knows no such address.")
    TOO_MANY = "too_many", _("The gateway takes no more messages for now.")
    DECLINED = "declined", _("The gateway declined the message.")
    # Nothing that could be relied on.
    TIMEOUT = "timeout", _("The gateway did not answer in time.")
    BROKEN = "broken", _("The connection broke off before the answer was there.")
    TOO_LARGE = "too_large", _("The answer was too large and was not read.")
    REDIRECT = "redirect", _("The gateway answered with another address.")
    SERVER_ERROR = "server_error", _("The gateway reports an error of its own.")
    ODD_STATUS = "odd_status", _("The gateway answered with a status that proves nothing.")
    ODD_ANSWER = "odd_answer", _("The answer is not one that this gateway gives.")
    SIGNATURE = "signature", _("The signature is not that of the gateway, or too old.")
    FAULT = "fault", _("An unforeseen fault; the log has more.")


#: Why nothing was sent although no gateway refused it: nobody answered, or nobody was asked.
UNREACHED = frozenset({Reason.DNS, Reason.REFUSED, Reason.TLS, Reason.NO_CONNECTION})
NOT_ASKED = frozenset({Reason.SETTINGS, Reason.PHONE, Reason.TEXT, Reason.TOO_LONG, Reason.ADDRESS})


class Fate(Labelled):
    """What a gateway says of a message that it was given, when asked again or by itself."""

    SENT = "sent", _("Sent to the network")
    WAITING = "waiting", _("Taken by the gateway, not sent yet")
    FAILED = "failed", _("Given up by the gateway before it was sent")
    ABSENT = "absent", _("Not known to the gateway")
    UNKNOWN = "unknown", _("The gateway does not say")


class GatewayError(Exception):
    """A question that brought no answer that can be used."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason

    def __str__(self) -> str:
        return str(self.reason)


class Account(NamedTuple):
    """With what a gateway is asked. Holds secrets: its repr hides all but the server's name."""

    address: str  # everything is asked below it; empty where the driver needs none
    secret: str = ""
    settings: Mapping[str, Any] = NOTHING  # by Setting.name, secrets among them in plain text

    def __repr__(self) -> str:
        scheme, _colon, rest = self.address.partition("://")
        server = rest.partition("/")[0].rpartition("@")[2]
        return f"Account({scheme}://{server})" if server else "Account()"


class Outgoing(NamedTuple):
    """One message. Its text can hold the password of a socket: its repr hides all but the key."""

    key: str  # chosen by us, the same whenever the same message goes out again
    phone: str  # +E.164
    text: str
    ttl: int  # seconds after which the gateway shall drop it, where the driver can say so

    def __repr__(self) -> str:
        return f"Outgoing({self.key!r})"


class Sent(NamedTuple):
    """How the one request ended.

    `status` is that of HTTP, 0 without an answer. `permanent`: the gateway will never take it.
    """

    outcome: Outcome
    reason: Reason
    gateway_id: str = ""
    status: int = 0
    permanent: bool = False


class Received(NamedTuple):
    """One message from the gateway's inbox, fit to be stored: see `incoming.cleaned`.

    Its sender proves nothing: caller ids are forged easily.
    """

    sender: str
    text: str
    at: datetime | None = None  # aware, UTC; None where the gateway does not say
    gateway_id: str = ""  # unique in the gateway for ever; empty where there is none


class Report(NamedTuple):
    """What the gateway tells by itself of a message that it was given."""

    key: str
    fate: Fate
    at: datetime | None = None


class Heard(NamedTuple):
    """What one call of a webhook brought."""

    received: tuple[Received, ...] = ()
    reports: tuple[Report, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """One sort of gateway.

    `send` makes at most one request and never raises. `check` raises SettingsError for an account
    that nothing can be sent with. `status`, `inbox` and `webhook` raise GatewayError; a webhook is
    believed only if it is signed. None: this gateway has no such thing.
    """

    name: str
    title: str | Promise
    send: Callable[[Account, Outgoing], Sent]
    check: Callable[[Account], None]
    status: Callable[[Account, str], Fate] | None = None  # by our key
    inbox: Callable[[Account], tuple[Received, ...]] | None = None
    webhook: Callable[[Account, bytes, Mapping[str, str], datetime], Heard] | None = None
    settings: tuple[Setting, ...] = ()
    phone_format: PhoneFormat = PhoneFormat.E164  # unless the setting of that name says another
    needs_address: bool = True
    deduplicates: bool = False  # the same key again is the same message
    has_ttl: bool = False

    @property
    def has_status(self) -> bool:
        """Tell whether it can be asked what became of a message."""
        return self.status is not None

    @property
    def has_inbox(self) -> bool:
        """Tell whether received messages can be asked for."""
        return self.inbox is not None

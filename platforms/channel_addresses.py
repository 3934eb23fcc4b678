"""Addresses of services as Apprise writes them: which are taken, and what a failure means. Pure."""

from collections.abc import Collection
from ipaddress import ip_address, ip_network
from typing import NamedTuple
from urllib.parse import urlsplit

from django.utils.translation import gettext as _, gettext_lazy

GONE = frozenset({404, 410})
KEYLESS = frozenset({401, 403})


class Service(NamedTuple):
    """A service by name; `ends`: HTTP answers by which it says that trying again is of no use."""

    title: str
    ends: frozenset[int] = frozenset({410})


_TELEGRAM = Service("Telegram", GONE | KEYLESS)
_MATTERMOST = Service("Mattermost", GONE | KEYLESS)
_NTFY, _GOTIFY = Service("ntfy", GONE | KEYLESS), Service("Gotify", GONE | KEYLESS)
_MATRIX, _MAIL = Service("Matrix", GONE | KEYLESS), Service("SMTP")
_ROCKET, _SIGNAL = Service("Rocket.Chat", GONE | KEYLESS), Service("Signal API")
# Of a webhook of one's own 401, 403 and 404 may be a deployment under way: only 410 is for good.
_WEBHOOKS = {name: Service(name.upper()) for name in ("json", "xml", "form")}

#: Scheme -> service. What is not here is refused: Apprise also knows files, programs and sockets.
SERVICES: dict[str, Service] = {
    "tgram": _TELEGRAM,
    "slack": Service("Slack", GONE | KEYLESS),
    "discord": Service("Discord", GONE | KEYLESS),
    "workflows": Service("Microsoft Teams", GONE | KEYLESS),
    "pagerduty": Service("PagerDuty", GONE | KEYLESS),
    "opsgenie": Service("Opsgenie", GONE | KEYLESS),
    "gchat": Service("Google Chat", GONE | KEYLESS),
    "wxteams": Service("Webex", GONE | KEYLESS),
    "zulip": Service("Zulip", GONE | KEYLESS),
    "pover": Service("Pushover", GONE | KEYLESS),
    **dict.fromkeys(("mmost", "mmosts"), _MATTERMOST),
    **dict.fromkeys(("ntfy", "ntfys"), _NTFY),
    **dict.fromkeys(("gotify", "gotifys"), _GOTIFY),
    **dict.fromkeys(("matrix", "matrixs"), _MATRIX),
    **dict.fromkeys(("rocket", "rockets"), _ROCKET),
    **dict.fromkeys(("signal", "signals"), _SIGNAL),
    **dict.fromkeys(("mailto", "mailtos"), _MAIL),
    **_WEBHOOKS,
    **{f"{name}s": service for name, service in _WEBHOOKS.items()},
}

_WORDS = {
    "bad_address": gettext_lazy("The address is not one that the service understands."),
    "not_allowed": gettext_lazy("This service is not among the allowed ones."),
    "forbidden_host": gettext_lazy(
        "The address leads into a private network, which this installation does not allow."
    ),
    "not_encrypted": gettext_lazy(
        "Without encryption a webhook leads to permitted networks and hosts alone: write https://."
    ),
    "no_secret": gettext_lazy("The channel has no secret to sign its messages with."),
    "redirect": gettext_lazy("The service sends on to another address, which is not followed."),
    "too_large": gettext_lazy("The service answered with more than anybody reads."),
    "deadline": gettext_lazy("It took too long and was broken off."),
    "timeout": gettext_lazy("The service did not answer in time."),
    "unreachable": gettext_lazy("The service cannot be reached: wrong name, or it is down."),
    "tls": gettext_lazy("No secure connection to the service: its certificate is not trusted."),
    "broken": gettext_lazy("The service broke the connection off."),
    "refused": gettext_lazy("The service did not take the message."),
    "key_ring": gettext_lazy(
        "The stored address cannot be read: its key is not in REMOSA_SECRET_KEYS."
    ),
    "mail": gettext_lazy("The mail server did not take the message."),
    "recipients": gettext_lazy("The mail server knows none of the recipients."),
    "process": gettext_lazy("The sending process failed; the log of the worker says more."),
    "text": gettext_lazy("The message could not be written; the log of the worker says more."),
    "switched_off": gettext_lazy("The channel was switched off."),
}


def words_of(error: str) -> str:
    """Return what a stored error means: a code, or ``status:404``."""
    code, _colon, status = error.partition(":")
    if code == "status":
        return _("The service answered with the error %(status)s.") % {"status": status}
    return str(_WORDS.get(error, error))


def scheme_of(address: str) -> str:
    """Return the scheme of an address, "" where it is none of the allowed ones."""
    try:
        scheme = urlsplit(address.strip()).scheme
    except ValueError:
        return ""
    return scheme if scheme in SERVICES else ""


def title_of(scheme: str) -> str:
    """Return the name of a service."""
    return SERVICES[scheme].title if scheme in SERVICES else scheme


def is_final(scheme: str, statuses: Collection[int]) -> bool:
    """Tell whether every answer says, in this service's way, that trying again is of no use."""
    ends = SERVICES[scheme].ends if scheme in SERVICES else frozenset()
    return bool(statuses) and ends.issuperset(statuses)


def split_permits(entries: Collection[str]) -> tuple[list[str], list[str]]:
    """Return the networks and the host names of a setting; raise ValueError for what is neither."""
    networks, hosts = [], []
    for entry in entries:
        text = entry.strip().lower()
        try:
            networks.append(str(ip_network(text)))
        except ValueError:
            if not text or "/" in text or is_address(text):
                raise ValueError(text) from None
            hosts.append(text)
    return networks, hosts


def is_address(text: str) -> bool:
    """Tell whether a text is an IP address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True

"""What each reason of a failed answer means, and what a person can do about it. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from exporters.kinds.shape import Reason


class Advice(NamedTuple):
    meaning: str
    remedy: str


UNKNOWN = Advice("something that this version has no words for", "The log may say more.")

ADVICE: Mapping[str, Advice] = {
    Reason.ODD_STATUS: Advice(
        "the vendor's status is neither online nor offline",
        "Such devices are Unknown. If it stays, show an answer to the vendor.",
    ),
    Reason.DUPLICATE: Advice(
        "one device stands twice in the vendor's answer",
        "Remove the surplus entry in the vendor's panel.",
    ),
    Reason.MALFORMED: Advice(
        "what came is not what this vendor sends",
        "Often it is the page of a proxy or of another program: check the address.",
    ),
    Reason.TIMEOUT: Advice(
        "no whole answer came within the timeout",
        "Raise the timeout, or lower the number of requests at once.",
    ),
    Reason.CONNECT: Advice(
        "nobody accepts connections at the vendor's address",
        "Check the address, the firewall and the proxy of this machine.",
    ),
    Reason.DNS: Advice(
        "the vendor's name cannot be looked up",
        "Check the name in the address, and DNS on this machine.",
    ),
    Reason.TLS: Advice(
        "the vendor's certificate is not trusted, or TLS failed",
        "Check this machine's clock and authorities (SSL_CERT_FILE).",
    ),
    Reason.DISCONNECTED: Advice(
        "the vendor hung up in the middle",
        "It is asked again by itself; if it stays, ask for less at once.",
    ),
    Reason.TOO_LARGE: Advice(
        "the answer was larger than any that can be meant",
        "Check the address; a vendor with pages may need a smaller limit.",
    ),
    Reason.REDIRECT: Advice(
        "the address redirects, which is not followed: a token could leak",
        "Set the address that it redirects to.",
    ),
    Reason.HTTP_2XX: Advice(
        "the vendor answered, but with nothing (2xx, not 200)",
        "If it stays, show it to the vendor.",
    ),
    Reason.HTTP_4XX: Advice(
        "the vendor refuses the request",
        "401 and 403 are about the token of this exporter, 404 is about the address.",
    ),
    Reason.HTTP_5XX: Advice(
        "the vendor has a fault of its own",
        "Nothing is to be done here: it is asked again by itself.",
    ),
    Reason.RATE_LIMITED: Advice(
        "the vendor wants to be asked less often",
        "Raise the poll interval, or lower the number of requests at once.",
    ),
    Reason.SETTINGS: Advice(
        "a setting of this exporter is missing or of no use",
        "Complete the exporter's settings in Remosa's admin.",
    ),
    Reason.INTERNAL: Advice(
        "a fault of this program",
        "Its log says more; please report it.",
    ),
    Reason.ERROR: Advice(
        "something else went wrong on the way",
        "The last error says what.",
    ),
}


def advice(reason: str) -> Advice:
    """Return what a reason means, one of a later version too."""
    return ADVICE.get(reason, UNKNOWN)

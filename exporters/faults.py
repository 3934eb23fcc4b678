"""What went wrong with a vendor's answers, by the exporter's reasons, in words for a person. Pure.

The exporter process has its own words for its log and its landing page (process/advice.py): in
English alone, for whoever stands before its machine.
"""

from collections.abc import Mapping
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .kinds.shape import Reason


class Fault(NamedTuple):
    """What a reason means, and what to do about it."""

    meaning: Promise
    remedy: Promise


_OTHER = Fault(
    _("Something went wrong for which this version has no words"),
    _("The log of the exporter process may say more."),
)

_FAULTS: Mapping[str, Fault] = {
    Reason.ODD_STATUS: Fault(
        _("The vendor gives devices a status that is neither online nor offline"),
        _("They are Unknown. Try it below shows the status; if the vendor is at fault, show it."),
    ),
    Reason.DUPLICATE: Fault(
        _("One device stands twice in the vendor's answer"),
        _("Remove the surplus entries in the vendor's panel."),
    ),
    Reason.MALFORMED: Fault(
        _("What came is not what this vendor sends"),
        _("Often it is the page of a proxy or a login page: check the address with Try it below."),
    ),
    Reason.TIMEOUT: Fault(
        _("No whole answer came within the timeout"),
        _("Raise the timeout, or lower the concurrency, so that the vendor has less at once."),
    ),
    Reason.CONNECT: Fault(
        _("Nobody accepts connections at the vendor's address"),
        _("Check the address, and the firewall and proxy of the exporter's machine."),
    ),
    Reason.DNS: Fault(
        _("The vendor's name cannot be looked up"),
        _("Check the name in the address, and DNS on the exporter's machine."),
    ),
    Reason.TLS: Fault(
        _("The vendor's certificate is not trusted, or TLS failed"),
        _("Check the clock and the certificate authorities of the exporter's machine."),
    ),
    Reason.DISCONNECTED: Fault(
        _("The vendor hung up in the middle of an answer"),
        _("It is asked again by itself. If this stays, lower the concurrency or the page size."),
    ),
    Reason.TOO_LARGE: Fault(
        _("The answer was larger than any that can be meant"),
        _("Check the address. A vendor with pages may need fewer devices a page."),
    ),
    Reason.REDIRECT: Fault(
        _("The address redirects, which is not followed: the token could leak"),
        _("Have the address set to which it redirects."),
    ),
    Reason.HTTP_2XX: Fault(
        _("The vendor answered with nothing in it"),
        _("If this stays, show it to the vendor."),
    ),
    Reason.HTTP_4XX: Fault(
        _("The vendor refuses the request"),
        _(
            "Most often the token is wrong or was revoked: enter it anew. Try it below shows "
            "the HTTP status: 401 and 403 mean the token, 404 the address."
        ),
    ),
    Reason.HTTP_5XX: Fault(
        _("The vendor has a fault of its own"),
        _("Nothing is to be done here: it is asked again by itself."),
    ),
    Reason.RATE_LIMITED: Fault(
        _("The vendor wants to be asked less often"),
        _("Raise the poll interval, or lower the concurrency."),
    ),
    Reason.SETTINGS: Fault(
        _("A setting is missing or of no use, so nothing is asked"),
        _("Complete the settings below; Try it says which one it is."),
    ),
    Reason.INTERNAL: Fault(
        _("A fault of the exporter itself"),
        _("Its log says more; please report it."),
    ),
    Reason.ERROR: Fault(
        _("Something else went wrong on the way"),
        _("The log of the exporter process says what."),
    ),
}


def fault(reason: str) -> Fault:
    """Return the words of a reason, of one that a later version has too."""
    return _FAULTS.get(reason, _OTHER)

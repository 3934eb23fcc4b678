"""What exporters have to tell, and in which words. `about` is the exporter.

Facts: `since`; `why` by the codes of verdicts; `fault`, the vendor's, by those of faults, or "".
"""

from django.utils.translation import gettext as _, gettext_lazy

from platforms.notice_kinds import REPEAT, NoticeKind, Severity, Told

from .faults import fault
from .verdicts import Why


def _down(told: Told) -> str:
    return _(
        "%(name)s: nothing has been known of the players of this exporter since %(since)s, and no "
        "job acts on them. %(why)s. What to do stands on the page of the exporter."
    ) % {
        "name": told.name,
        "since": told.moment(str(told.facts.get("since", ""))),
        "why": _reason(told),
    }


def _reason(told: Told) -> str:
    """Say why, by what the vendor did wrong where that is known: it is closer to the cause."""
    if code := told.facts.get("fault"):
        return str(fault(str(code)).meaning)
    known = (str(why.label) for why in Why if why.value == told.facts.get("why"))
    return next(known, _("Its source gives no states"))


def _back(told: Told) -> str:
    return _("%(name)s: the exporter tells of its players again.") % {"name": told.name}


# A warning: vendors are away for some minutes now and then, and come back by themselves. Where so
# many players are unknown that jobs stop, that is told as the brake, which is critical.
SOURCE_DOWN = NoticeKind(
    "source_down", gettext_lazy("Exporter down"), Severity.WARNING, _down, repeat=REPEAT
)
SOURCE_BACK = NoticeKind(
    "source_back",
    gettext_lazy("Exporter works again"),
    Severity.INFO,
    _back,
    ends=SOURCE_DOWN.name,
)

ALL = (SOURCE_DOWN, SOURCE_BACK)

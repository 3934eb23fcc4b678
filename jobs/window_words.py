"""When a maintenance window lasts, in words of the reader. Pure."""

from datetime import datetime, tzinfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from platforms.wall_time import reading

from . import windows
from .hours import Period


def times(window: windows.Window, zone: tzinfo) -> str:
    """Say when a window lasts by the clock of its place."""
    if isinstance(window, windows.Once):
        return _span(reading(window.begins, zone), reading(window.ends, zone))
    values = {
        "day": date_format(window.begins, "l"),
        "from": _hour(window.begins),
        "to": _hour(window.ends),
        "end": date_format(window.ends, "l"),
    }
    if window.ends.date() == window.begins.date():
        told = _("every week: %(day)s %(from)s – %(to)s") % values
    else:
        told = _("every week: %(day)s %(from)s – %(end)s %(to)s") % values
    if window.until is None:
        return told
    until = {"times": told, "day": date_format(window.until, "SHORT_DATE_FORMAT")}
    return _("%(times)s, the last time before %(day)s") % until


def period(span: Period, zone: tzinfo) -> str:
    """Say one of the times at which a window lasts."""
    return _span(reading(span.begins, zone), reading(span.ends, zone))


def _span(begins: datetime, ends: datetime) -> str:
    first = f"{date_format(begins, 'SHORT_DATE_FORMAT')} {_hour(begins)}"
    if begins.date() == ends.date():
        return f"{first} – {_hour(ends)}"
    return f"{first} – {date_format(ends, 'SHORT_DATE_FORMAT')} {_hour(ends)}"


def _hour(at: datetime) -> str:
    return f"{at:%H:%M}"

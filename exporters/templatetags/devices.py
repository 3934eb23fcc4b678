"""How states, times and numbers read on a page."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django import template
from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from exporters import remarks as further
from exporters.live import Device, DeviceDetail
from exporters.verdicts import REMEDIES, State, Why

register = template.Library()

JUST_NOW = timedelta(seconds=10)


@register.filter
def remedy(why: Why) -> Promise:
    """Return what to do about a reason."""
    return REMEDIES[why]


@register.filter
def of(texts: Mapping[int, str], number: int) -> str:
    """Return the text of a row by its number, "" where it has none."""
    return texts.get(number, "")


@register.filter
def grouped(number: int) -> str:
    """Write a number with narrow spaces between its thousands."""
    return f"{number:,}".replace(",", "\u202f")


@register.filter
def local(at: datetime | None) -> str:
    """Write a moment in the time zone of the page."""
    return formats.date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT") if at else "–"


@register.filter
def moment(at: datetime | None) -> str:
    """Write a moment to the second, in the time zone of the page."""
    if at is None:
        return "–"
    here = timezone.localtime(at)
    return f"{formats.date_format(here, 'SHORT_DATE_FORMAT')} {here:%H:%M:%S}"


@register.simple_tag
def since(device: Device, at: datetime) -> SafeString | str:
    """Say for how long the state lasts; of an unknown one, when it was known last."""
    if device.since is None:
        return ""
    span = length(max(at - device.since, timedelta()))
    if at - device.since < JUST_NOW:
        text = _("just now")
    elif device.state is State.UNKNOWN:
        text = _("known %(time)s ago") % {"time": span}
    elif device.since_at_least:
        text = _("for more than %(time)s") % {"time": span}
    else:
        text = _("for %(time)s") % {"time": span}
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        device.since.isoformat(),
        local(device.since),
        text,
    )


def length(span: timedelta) -> str:
    """Write a span of time with its two largest units."""
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return _("%(days)s d %(hours)s h") % {"days": days, "hours": hours}
    if hours:
        return _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes}
    if minutes:
        return _("%(minutes)s min") % {"minutes": minutes}
    return _("%(seconds)s s") % {"seconds": seconds}


@register.filter
def remarks(detail: DeviceDetail) -> list[tuple[StrOrPromise, StrOrPromise]]:
    """Return what a vendor tells of a player beside status, name and addresses."""
    said = [*further.of_labels(detail.device.labels), *further.of_samples(detail.samples)]
    return [(title, local(told) if isinstance(told, datetime) else told) for title, told in said]


@register.filter
def plain(value: float) -> str:
    """Write the value of a sample."""
    return f"{value:.12g}"


@register.filter
def milliseconds(seconds: float) -> str:
    """Write a short time."""
    if abs(seconds) >= 10:
        return _("%(seconds)s s") % {"seconds": f"{seconds:.0f}"}
    return _("%(milliseconds)s ms") % {"milliseconds": f"{seconds * 1000:.0f}"}


@register.filter
def metric(labels: Mapping[str, str]) -> str:
    """Return the name of a sample's metric."""
    return labels.get("__name__", "")


@register.filter
def own_labels(labels: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return a sample's labels without the metric's name."""
    return [(name, value) for name, value in labels.items() if name != "__name__"]

"""How a vendor's answer, and the health of an exporter, read on a page."""

from datetime import datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from exporters import remarks
from exporters.kinds.shape import Kind, Reading
from exporters.prometheus import Sample

from .devices import length, local

register = template.Library()


@register.filter
def besides(reading: Reading) -> list[tuple[StrOrPromise, StrOrPromise]]:
    """Return what was read beside status, name and address, by titles for a person."""
    info = reading.info or {}
    samples = [
        Sample({"__name__": f"_{name}"}, value, 0.0) for name, value in reading.values.items()
    ]
    said = [*remarks.of_labels(info), *remarks.of_samples(samples)]
    if info.get("outip"):
        said.insert(0, (_("Outside IP"), info["outip"]))
    return [
        (title, local(told) if isinstance(told, datetime) else told) for title, told in said if told
    ]


@register.filter
def tells_more(kind: Kind) -> bool:
    """Tell whether a kind reads more than status, name and IP."""
    return bool(kind.values or set(kind.info_labels) - {"name", "ip"})


@register.filter
def http(status: int) -> str:
    """Write an HTTP status, in every language alike."""
    return f"HTTP {status}"


@register.filter
def ago(at: datetime) -> str:
    """Say how long ago a moment was; a clock that is ahead makes it now."""
    return _("%(time)s ago") % {"time": length(max(timezone.now() - at, timedelta()))}

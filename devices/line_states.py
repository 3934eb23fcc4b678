"""How the state of a line reads on a page: on, off or not known, and how old that is."""

from datetime import datetime, timedelta

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from exporters.templatetags.devices import length, local

from .models import DeviceLine


def word(is_on: bool | None) -> str:
    """Return what a socket last said of a line."""
    if is_on is None:
        return _("not known")
    return _("on") if is_on else _("off")


def badge(line: DeviceLine) -> SafeString:
    """Return the state as a coloured label."""
    colour = {None: "unknown", True: "online", False: "offline"}[line.is_on]
    return format_html('<span class="rm-badge rm-{}">{}</span>', colour, word(line.is_on))


def age(at: datetime | None, now: datetime) -> SafeString | str:
    """Say how long ago something was told, the moment itself on hover."""
    if at is None:
        return ""
    text = _("%(time)s ago") % {"time": length(max(now - at, timedelta()))}
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), local(at), text)

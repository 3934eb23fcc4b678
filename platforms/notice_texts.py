"""Notices as people read them: in a language, with times in the zone of their platform."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import formats, translation
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from .channel_wire import Message
from .models import Notice, NotificationChannel
from .notice_kinds import KINDS, Severity, Told, title_of

MOST_LINES = 20


class Line(NamedTuple):
    """One notice of a message."""

    severity: str
    platform: str
    text: str
    at: str
    over: str  # since when the condition is over, "" while it lasts or where there is none
    again: bool


def zone_of(notice: Notice) -> str:
    """Return the time zone in which a notice speaks."""
    platform = notice.platform
    return settings.TIME_ZONE if platform is None else platform.time_zone


def moment(at: datetime, zone: str) -> str:
    """Return a moment as the language of the moment writes it, with the zone named."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{formats.date_format(local, 'SHORT_DATETIME_FORMAT')} ({zone})"


def sentence(notice: Notice) -> str:
    """Return what happened, in the language of the moment."""
    kind = KINDS.get(notice.kind)
    if kind is None:
        return f"{notice.kind}: {notice.about_name}"

    def of_stored(text: str) -> str:
        at = parse_datetime(text)
        return text if at is None else moment(at, zone_of(notice))

    return kind.sentence(Told(notice.about_name, notice.facts, of_stored))


def line(notice: Notice, *, again: bool) -> Line:
    """Return a notice as a line of a message."""
    kind, zone = KINDS.get(notice.kind), zone_of(notice)
    good = kind is not None and bool(kind.ends)
    lasted = notice.ended_at is not None and notice.ended_at != notice.at
    return Line(
        severity=_("over") if good else str(Severity(notice.severity).label),
        platform="" if notice.platform is None else notice.platform.name,
        text=sentence(notice),
        at=moment(notice.at, zone),
        over=moment(notice.ended_at, zone) if lasted and notice.ended_at else "",
        again=again,
    )


def compose(channel: NotificationChannel, told: Iterable[tuple[Notice, bool]]) -> Message:
    """Return the message of some notices, each with whether it was told before."""
    with translation.override(channel.language):
        notices = [(notice, again) for notice, again in told]
        lines = [line(notice, again=again) for notice, again in notices[:MOST_LINES]]
        titles = dict.fromkeys(title_of(notice.kind) for notice, _again in notices)
        facts = {
            "titles": ", ".join(titles),
            "number": len(notices),
            "one": lines[0] if len(lines) == 1 else None,
            "lines": lines,
            "more": len(notices) - len(lines),
            "where": _where(channel, notices),
            "page": _page(),
        }
        return _split(render_to_string("platforms/notices/message.txt", facts))


def trial(channel: NotificationChannel, person: str) -> Message:
    """Return the message by which a person tries a channel."""
    with translation.override(channel.language):
        facts = {"channel": channel.name, "person": person, "where": _where(channel, [])}
        return _split(render_to_string("platforms/notices/test.txt", facts))


def _where(channel: NotificationChannel, notices: list[tuple[Notice, bool]]) -> str:
    if channel.platform is not None:
        return channel.platform.name
    names = dict.fromkeys(notice.platform.name for notice, _again in notices if notice.platform)
    return ", ".join(names) if names else _("the installation")


def _page() -> str:
    public: str = settings.PUBLIC_URL
    return f"{public.rstrip('/')}/admin/platforms/notice/" if public else ""


def _split(text: str) -> Message:
    """Take the first line for the title; names of several lines write no title of their own."""
    title, _newline, body = text.strip().partition("\n")
    return Message(" ".join(title.split())[:200], body.strip() + "\n")

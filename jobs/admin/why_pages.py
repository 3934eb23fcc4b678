"""The page Why of one player: the case now in a sentence, and all that happened in a span."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.http import urlencode
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from exporters.models import Player
from jobs import timeline_words, why
from jobs.timeline import Place
from jobs.why import Span
from platforms.roles import Deed
from platforms.scoped_admin import ScopedModelAdmin
from platforms.scoped_fields import person_of

from . import why_chart

HOURS: Final = (6, 24, 72, 168, 744)
LARGEST: Final = 2**63 - 1
SCOPES: Final = {
    "pause_everything": (gettext_lazy("Everything is paused"), "pause_circle"),
    "pause_platform": (gettext_lazy("The platform is paused"), "pause_circle"),
    "pause_device": (gettext_lazy("The socket is paused"), "pause_circle"),
    "pause_job": (gettext_lazy("A job is paused"), "pause_circle"),
    "window": (gettext_lazy("Maintenance"), "construction"),
    "brake_platform": (gettext_lazy("The brake of the platform is engaged"), "front_hand"),
    "brake_exporter": (gettext_lazy("The brake of the exporter is engaged"), "front_hand"),
}


class WhyPages(ScopedModelAdmin):
    """The page beside those of episodes."""

    def get_urls(self) -> list[URLPattern]:
        """Add it before the page of one episode, which takes any word."""
        view = self.admin_site.admin_view(self.why)
        return [path("why/<int:player_id>/", view, name="jobs_episode_why"), *super().get_urls()]

    def why(self, request: HttpRequest, player_id: int) -> HttpResponse:
        """Show what is the case of a player, and a page of what happened to it."""
        person = person_of(request)
        # A retired one too: people ask about what was.
        rows = Player.objects.for_user(person, Deed.SEE).filter(pk=min(player_id, LARGEST))
        player = rows.select_related("platform", "exporter", "site", "mac").first()
        if player is None:
            raise Http404
        now = timezone.now()
        span, hours, pinned = _span(request.GET, now)
        story = why.story(player, span, person, Place.read(request.GET.get("before", "")), now)
        reads = person.may(Deed.PHONES, player.platform_id)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Why: %(player)s") % {"player": player},
            "player": player,
            "story": story,
            "lines": timeline_words.lines(story.timeline, reads_phones=reads),
            "status_rows": why_chart.status_rows(story.status.bands, span),
            "course_rows": why_chart.course_rows(story.courses, span, now),
            "listed": why_chart.listed(story.status.bands),
            "ticks": why_chart.ticks(span),
            "hindrances": [(*SCOPES[each.scope], each) for each in story.hindrances],
            "hours": hours,
            "spans": [(each, _length(each)) for each in HOURS],
            **_links(span, hours, pinned, story.timeline.older),
            "newest": "before" not in request.GET,
        }
        return TemplateResponse(request, "admin/jobs/why.html", context)


def _span(query: QueryDict, now: datetime) -> tuple[Span, int, bool]:
    """Return the span that an address asks for, its hours, and whether its end was chosen."""
    text = query.get("hours", "")
    hours = int(text) if text.isascii() and text.isdecimal() and len(text) < 5 else HOURS[1]
    hours = min(max(hours, 1), HOURS[-1])
    until = _moment(query.get("until", ""))
    pinned = until is not None and until < now
    return Span.of(timedelta(hours=hours), until or now, now), hours, pinned


def _moment(text: str) -> datetime | None:
    """Read a moment as a field of a form or a link of this page writes it."""
    try:
        found = parse_datetime(text[:40])
        if found is None:
            return None
        aware = found if timezone.is_aware(found) else timezone.make_aware(found)
        # What is left of it has to be a moment that a database can compare with.
        return aware if 1990 < aware.year < 2200 else None
    except (ValueError, OverflowError):
        return None


def _links(span: Span, hours: int, pinned: bool, older: Place | None) -> dict[str, Any]:
    length = span.until - span.since
    # A page further down stays with the span in which it was begun.
    kept: dict[str, int | str] = {"hours": hours, "until": span.until.isoformat()}
    return {
        "earlier": urlencode({**kept, "until": span.since.isoformat()}),
        "later": urlencode({**kept, "until": (span.until + length).isoformat()}) if pinned else "",
        "older": urlencode({**kept, "before": str(older)}) if older is not None else "",
        "first": urlencode(kept) if pinned else f"hours={hours}",
        "until_typed": timezone.localtime(span.until).strftime("%Y-%m-%dT%H:%M") if pinned else "",
    }


def _length(hours: int) -> str:
    if hours % 24:
        return ngettext("%(hours)d hour", "%(hours)d hours", hours) % {"hours": hours}
    days = hours // 24
    return ngettext("%(days)d day", "%(days)d days", days) % {"days": days}

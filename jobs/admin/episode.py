"""Episodes: which players are bad under which job, what is done about it, what keeps it back."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _, gettext_lazy
from unfold.decorators import display

from jobs import gate_words
from jobs.models import Episode
from platforms.admin.filters import PlatformFilter, SpanFilter, several_platforms

from .episode_filters import EndingFilter, JobFilter, PlayerFilter, StateFilter, TakenOverFilter
from .episode_pages import EpisodePages
from .episode_run import RunPages
from .long_cells import sentence
from .why_pages import WhyPages

STATES = {
    "exhausted": "danger",
    "held": "warning",
    "bad": "danger",
    "recovering": "success",
    "taken_over": "info",
    "over": "info",
}


@admin.register(Episode)
class EpisodeAdmin(EpisodePages, RunPages, WhyPages):
    """Members see the episodes of their platforms, those that are open first."""

    list_filter = (
        StateFilter,
        JobFilter,
        PlayerFilter,
        EndingFilter,
        TakenOverFilter,
        PlatformFilter,
        ("opened_at", SpanFilter),
    )
    list_filter_submit = True
    list_select_related = ("platform", "player", "job")
    list_display_links = ("whose",)
    search_fields = ("player__name", "player__identity")
    ordering = ("closed", "-pk")
    actions = None

    def get_list_display(self, request: HttpRequest) -> Any:
        """Name the platform only where there are several."""
        own = ["whose", "state", "held_by", "of_job", "since", "attempts", "taken_over_by"]
        return [*own, "platform"] if several_platforms(request) else own

    @admin.display(description=gettext_lazy("player"))
    def whose(self, episode: Episode) -> str:
        """Return the player."""
        return str(episode.player)

    @admin.display(description=gettext_lazy("job"))
    def of_job(self, episode: Episode) -> SafeString:
        """Return the job in the reader's language."""
        return sentence(episode.job)

    @display(description=gettext_lazy("state"), label=STATES)
    def state(self, episode: Episode) -> tuple[str, str]:
        """Return where it stands as a coloured label."""
        if episode.closed:
            return "over", str(episode.get_ending_display())
        if episode.acknowledged_at is not None:
            return "taken_over", _("taken over")
        if episode.exhausted_at is not None:
            return "exhausted", _("exhausted")
        if episode.recovering_since is not None:
            return "recovering", _("good again")
        return ("held", _("held back")) if episode.suppressed else ("bad", _("open"))

    @admin.display(description=gettext_lazy("held back by"))
    def held_by(self, episode: Episode) -> str:
        """Return what keeps the job from it, while it is open."""
        if episode.closed or not episode.suppressed:
            return "–"
        return gate_words.title(episode.suppressed)

    @admin.display(description=gettext_lazy("since"), ordering="opened_at")
    def since(self, episode: Episode) -> str:
        """Return when it was opened."""
        return date_format(localtime(episode.opened_at), "SHORT_DATETIME_FORMAT")

    @admin.display(description=gettext_lazy("taken over by"))
    def taken_over_by(self, episode: Episode) -> str:
        """Return who took it over."""
        return episode.acknowledged_name or "–"

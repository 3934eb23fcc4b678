"""Executions: what jobs did or would have done, on what grounds, and what came of it."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from devices import phones, story as words_of_commands
from devices.admin.reach import sender_of
from devices.offers import title_of
from exporters.templatetags.devices import length
from jobs import approvals, criterion_words, episode_story, gate_words
from jobs.models import JobExecution, Standing
from platforms.admin.filters import PlatformFilter, SpanFilter, several_platforms
from platforms.roles import Deed
from platforms.scoped_fields import person_of

from .approvals import ApprovalPages
from .episode_filters import JobFilter, ModeFilter, OutcomeFilter, PlayerFilter, StandingFilter
from .long_cells import sentence

COLOURS = {"good": "success", "bad": "danger", "doubt": "warning", "calm": "info"}


@admin.register(JobExecution)
class ExecutionAdmin(ApprovalPages):
    """Members see what the jobs of their platforms did; nobody changes it."""

    list_filter = (
        StandingFilter,
        OutcomeFilter,
        JobFilter,
        PlayerFilter,
        ModeFilter,
        PlatformFilter,
        ("created_at", SpanFilter),
    )
    list_filter_submit = True
    list_select_related = ("platform", "player", "job")
    list_display_links = ("whose",)
    search_fields = ("player__name", "player__identity")
    ordering = ("-pk",)
    actions = None

    def get_list_display(self, request: HttpRequest) -> Any:
        """Name the platform only where there are several."""
        own = ["whose", "came_to", "of_job", "attempt", "message", "segments", "when", "took"]
        return [*own, "platform"] if several_platforms(request) else own

    @admin.display(description=gettext_lazy("player"))
    def whose(self, execution: JobExecution) -> str:
        """Return the player."""
        return str(execution.player)

    @display(description=gettext_lazy("outcome"), label=COLOURS)
    def came_to(self, execution: JobExecution) -> tuple[str, str]:
        """Return its outcome, or where it stands, as a coloured label."""
        if execution.outcome:
            tone = episode_story.tone_of(execution.outcome)
            return tone, str(execution.get_outcome_display())
        tone = "doubt" if execution.standing == Standing.PROPOSED else "calm"
        return tone, str(execution.get_standing_display())

    @admin.display(description=gettext_lazy("job"))
    def of_job(self, execution: JobExecution) -> SafeString:
        """Return the job in the reader's language."""
        return sentence(execution.job)

    @admin.display(description=gettext_lazy("text"))
    def message(self, execution: JobExecution) -> SafeString:
        """Return what was sent, less what could be a phone number: a list is read by everybody."""
        return sentence(phones.masked_within(execution.sent) or "–")

    @admin.display(description=gettext_lazy("begun"), ordering="pk")
    def when(self, execution: JobExecution) -> str:
        """Return the moment to the second."""
        at = localtime(execution.created_at)
        return f"{date_format(at, 'SHORT_DATE_FORMAT')} {at:%H:%M:%S}"

    @admin.display(description=gettext_lazy("duration"))
    def took(self, execution: JobExecution) -> str:
        """Return how long it took, once it is over."""
        return duration_of(execution, None) or "–"

    # -- one of them ----------------------------------------------------------------------------

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show what it was decided on, gate by gate, what was sent and what came of it."""
        execution = self.row_or_404(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": str(execution.player),
            "title": str(execution.player),
            **_page_of(request, execution),
        }
        return TemplateResponse(request, "admin/jobs/jobexecution/page.html", context)


def _page_of(request: HttpRequest, execution: JobExecution) -> dict[str, Any]:
    reads = person_of(request).may(Deed.PHONES, execution.platform_id)
    sender, now = sender_of(request), timezone.now()
    waits = execution.standing == Standing.PROPOSED
    device = execution.device
    return {
        "execution": execution,
        "story": episode_story.of_attempt(execution),
        "condition": criterion_words.condition(execution.condition),
        "value": criterion_words.value(execution.condition, execution.value),
        "sent": execution.sent if reads else phones.masked_within(execution.sent),
        "error": words_of_commands.words_of(execution.error),
        "answer": execution.output if reads else phones.masked_within(execution.output),
        "command": title_of(execution.command) if execution.command is not None else "",
        "gates": [
            (
                gate_words.title(each.get("gate", "")),
                gate_words.told(each.get("gate", ""), each.get("detail", {})),
                bool(each.get("open")),
            )
            for each in execution.gates
        ],
        "duration": duration_of(execution, now),
        "has_say": waits and approvals.may(sender, execution.platform_id, device),
    }


def duration_of(execution: JobExecution, now: datetime | None) -> str:
    """Return how long it took from its command on, or its proposal; so far, where it is not over.

    "" without `now` for one that is not over.
    """
    ends = execution.finished_at or now
    return length(ends - (execution.commanded_at or execution.created_at)) if ends else ""

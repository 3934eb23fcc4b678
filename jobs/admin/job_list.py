"""The list of jobs: its filters, and what stands in its cells beside the job's own columns."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, gettext_lazy, pgettext_lazy
from unfold.contrib.filters.admin import DropdownFilter
from unfold.views import ChangeList

from devices.line_states import age
from jobs import state_words
from jobs.models import Job, JobExecution, Mode

MODES: dict[str, tuple[Promise, str]] = {
    Mode.SHADOW: (pgettext_lazy("mode", "shadow"), "unknown"),
    Mode.APPROVE: (pgettext_lazy("mode", "asks first"), "partly"),
    Mode.LIVE: (pgettext_lazy("mode", "live"), "online"),
}
ASKED_FOR = ("firing", "pending", "flapping", "unknown")


class JobChangeList(ChangeList):
    """The list, ordered by names in the reader's language: no column has those."""

    def _get_default_ordering(self) -> list[str]:
        return ["shown_name", "pk"]


class NowFilter(DropdownFilter):
    """Narrows the list to jobs under which players are in a state."""

    title = gettext_lazy("now there are players")
    parameter_name = "now"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer the states that somebody should look at."""
        return [(state, state_words.WORDS[state]) for state in ASKED_FOR]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        """Keep the jobs that had such players when they were evaluated last."""
        state = self.value()
        if state not in ASKED_FOR:
            return queryset
        return queryset.filter(**{f"figures__{state}__gt": 0})


def furnish(rows: Iterable[Job]) -> list[Any]:
    """Return the jobs of a page, each with its last action: one query for all of them."""
    jobs: list[Any] = list(rows)
    # unscoped: of jobs that were reached by for_user
    mine = JobExecution.objects.filter(job=models.OuterRef("pk")).order_by("-pk").values("pk")
    last = Job.objects.filter(pk__in=[job.pk for job in jobs]).annotate(last=mine[:1])
    executions = JobExecution.objects.filter(pk__in=last.values("last")).select_related("player")
    by_job = {execution.job_id: execution for execution in executions}
    for job in jobs:
        job.last_action = by_job.get(job.pk)
    return jobs


def mode_badge(job: Job) -> SafeString:
    """Return how far the job may go, as a coloured label."""
    word, colour = MODES[job.mode]
    if not job.enabled:
        word, colour = gettext_lazy("disabled"), "unknown"
    text = '<div class="rm"><div><span class="rm-badge rm-{}">{}</span></div></div>'
    return format_html(text, colour, word)


def states(job: Job) -> SafeString | str:
    """Return how many players are in which state under the job."""
    told = list(state_words.told(job.figures)) if job.enabled else []
    if not told:
        return "–"
    text = '<span><i class="rm-dot rm-{}" aria-hidden="true"></i>{} {}</span>'
    cells = format_html_join("", text, ((each.colour, each.number, each.word) for each in told))
    return format_html('<div class="rm rm-cell"><div class="rm-counts">{}</div></div>', cells)


def last_action(job: Any, now: datetime) -> SafeString | str:
    """Return what the job did last, to whom and what came of it."""
    execution: JobExecution | None = job.last_action
    if execution is None:
        return _("nothing yet")
    became = execution.get_outcome_display() or execution.get_standing_display()
    text = '<div class="rm rm-cell"><div><a href="{}">{}</a> <span class="rm-small rm-muted">{}'
    text += '</span></div><bdi class="rm-small">{}</bdi></div>'
    page = reverse("admin:jobs_jobexecution_change", args=[execution.pk])
    return format_html(text, page, became, age(execution.created_at, now), execution.player)

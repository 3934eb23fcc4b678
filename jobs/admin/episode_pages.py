"""The page of one episode, which refreshes itself, and taking it over from its job."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.admin.reach import sender_of
from jobs import approvals, criterion_words, episode_story, gate_words
from jobs.approvals import NotDecided
from jobs.forms_of_decisions import CommentForm
from jobs.models import Episode, GateVerdict, JobExecution, Rung
from platforms.admin.confirmed_deeds import ConfirmedDeedsAdmin
from platforms.scoped_admin import ReadOnlyAdmin

PAGES = "admin/jobs/episode/"
MOST_ATTEMPTS = 50
MOST_VERDICTS = 50


class EpisodePages(ConfirmedDeedsAdmin, ReadOnlyAdmin):
    """The pages of one episode."""

    def get_urls(self) -> list[URLPattern]:
        """Add them before the page of one episode, which takes any word."""
        wrap = self.admin_site.admin_view
        return [
            path("<path:object_id>/live/", wrap(self.live), name="jobs_episode_live"),
            path(
                "<path:object_id>/acknowledge/",
                wrap(self.acknowledge),
                name="jobs_episode_acknowledge",
            ),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show where it stands, what was tried, and what held it back."""
        episode = self.row_or_404(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": str(episode.player),
            "title": str(episode.player),
            **life_of(request, episode),
        }
        return TemplateResponse(request, f"{PAGES}page.html", context)

    def live(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Return the part of its page that changes, as the page fetches it anew."""
        context = life_of(request, self.row_or_404(request, object_id))
        answer = render(request, f"{PAGES}life.html", context)
        answer.headers["X-Remosa-Live"] = "1"
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def acknowledge(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take it over from its job, with a comment: nothing more is sent for it."""
        episode = self.row_or_404(request, object_id)
        sender = sender_of(request)
        if not approvals.may(sender, episode.platform_id, approvals.socket_of(episode)):
            raise PermissionDenied
        form = CommentForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                said = form.cleaned_data["comment"]
                approvals.acknowledge(episode, sender, timezone.now(), said)
                messages.success(request, _("You took it over: the job leaves it alone."))
            except NotDecided as refused:
                messages.warning(request, str(refused))
            return self.back_to(episode)
        return self.ask(
            request,
            episode,
            title=_("Take this over?"),
            text=_(
                "The job sends nothing more for this player until it is well again, and what it "
                "proposed is declined. A command that was given already is not taken back."
            ),
            button=_("Take it over"),
            form=form,
        )


def life_of(request: HttpRequest, episode: Episode) -> dict[str, Any]:
    """Return what the template needs; a fixed number of queries."""
    now = timezone.now()
    # unscoped: of an episode that was reached by for_user
    rows = JobExecution.objects.filter(episode=episode).select_related("command")
    attempts = list(rows.order_by("-attempt")[:MOST_ATTEMPTS])[::-1]
    verdicts = list(GateVerdict.objects.filter(episode=episode).order_by("-pk")[:MOST_VERDICTS])
    acts = Rung.objects.filter(job=episode.job_id).exists()
    definition = episode.job.criterion.definition if episode.job.criterion is not None else {}
    sender = sender_of(request)
    has_say = not episode.closed and approvals.may(
        sender, episode.platform_id, approvals.socket_of(episode)
    )
    return {
        "episode": episode,
        "story": episode_story.of_episode(episode, attempts, acts=acts, now=now),
        "attempts": [(each, episode_story.of_attempt(each)) for each in attempts],
        "verdicts": [
            (each, gate_words.told(each.gate, each.detail) if each.gate else None)
            for each in verdicts
        ],
        "condition": criterion_words.condition(definition),
        "value": criterion_words.value(definition, episode.value),
        "proposal": next((e for e in attempts if e.standing == "proposed"), None),
        "has_say": has_say,
        "may_take_over": has_say and episode.acknowledged_at is None,
    }

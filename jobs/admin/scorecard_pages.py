"""The page of a job in the shadow that tells what it would have done; and letting it act."""

from datetime import timedelta
from typing import Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy, ngettext
from unfold.decorators import action

from jobs import gate_words, saving, scorecard
from jobs.models import Job, Mode
from jobs.outdated import Outdated
from jobs.saving import DefinitionRefused
from platforms.admin.confirmed_deeds import ConfirmedDeedsAdmin
from platforms.audit import Actor

from .agreed import SEEN, SeenForm, tell_refused

DAYS: Final = (1, 7, 31)


class ScorecardPages(ConfirmedDeedsAdmin):
    """The scorecard beside the page of a job."""

    def get_urls(self) -> list[URLPattern]:
        """Add what the scorecard leads to before the page of one job, which takes any word."""
        view = self.admin_site.admin_view(self.go_live)
        live = path("<path:object_id>/go-live/", view, name="jobs_job_go_live")
        return [live, *super().get_urls()]

    @action(
        description=gettext_lazy("Scorecard"),
        url_path="scorecard",
        icon="scoreboard",
        permissions=["view"],
    )
    def scorecard(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what the job would have done in the last days."""
        job: Job = self.row_or_404(request, object_id)
        days = next((each for each in DAYS if request.GET.get("days") == str(each)), 7)
        now = timezone.now()
        found = scorecard.score(job, now - timedelta(days=days), now)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": job,
            "title": _("Scorecard: %(job)s") % {"job": job},
            "job": job,
            "score": found,
            "gates": [(gate_words.title(each.gate), each) for each in found.gates],
            "days": days,
            "spans": [(each, _length(each)) for each in DAYS],
            "may_let_act": job.mode == Mode.SHADOW and self.has_change_permission(request, job),
            "is_shadow": job.mode == Mode.SHADOW,
            "most": scorecard.MOST_PLAYERS,
        }
        return TemplateResponse(request, "admin/jobs/job/scorecard.html", context)

    def go_live(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask first; then the job acts by itself."""
        job: Job = self.row_or_404(request, object_id)
        if not self.has_change_permission(request, job):
            raise PermissionDenied
        agreed = SeenForm(request.POST) if request.method == "POST" else None
        if agreed is None or not agreed.is_valid():
            text = _("From then on this job sends commands by itself, without asking anybody.")
            return self.ask(
                request,
                job,
                title=_("Let this job act?"),
                text=text,
                button=_("Let it act"),
                danger=True,
                form=SeenForm(initial={SEEN: job.revision}),
                back=reverse("admin:jobs_job_scorecard", args=[job.pk]),
            )
        try:
            seen = {job.pk: agreed.cleaned_data[SEEN]}
            saving.change([job], Actor.of_request(request), seen, mode=Mode.LIVE)
        except (DefinitionRefused, Outdated) as refused:
            tell_refused(request, job, refused)
        else:
            messages.success(request, _("%(job)s acts by itself now.") % {"job": job})
        return redirect("admin:jobs_job_change", job.pk)


def _length(days: int) -> str:
    return ngettext("%(days)d day", "%(days)d days", days) % {"days": days}

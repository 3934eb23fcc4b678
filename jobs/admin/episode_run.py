"""A job on one player now: which job, what every gate says, what would go out; and for real."""

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _

from devices import phones
from devices.admin import reach
from devices.admin.reach import sender_of
from exporters.models import Player
from jobs import condition_words, gate_words, manual, watchers
from jobs.manual import NotRun, Report
from jobs.models import Job
from jobs.verdicts import Verdict
from platforms.roles import Deed
from platforms.scoped_admin import ReadOnlyAdmin
from platforms.scoped_fields import person_of

PAGES = "admin/jobs/episode/"


class RunPages(ReadOnlyAdmin):
    """The page beside the list of episodes on which one is begun."""

    def get_urls(self) -> list[URLPattern]:
        """Add it before the page of one episode, which takes any word."""
        view = self.admin_site.admin_view(self.run)
        return [path("run/<int:player_id>/", view, name="jobs_episode_run"), *super().get_urls()]

    def run(self, request: HttpRequest, player_id: int) -> HttpResponse:
        """Show what the job would do to the player now; on POST begin it."""
        player = _player_or_404(request, player_id)
        jobs = reach.numbers([request.GET.get("job", "")])
        if not jobs:
            return self._choose(request, player)
        job = _job_or_404(request, jobs[0], player)
        sender, now = sender_of(request), timezone.now()
        report = manual.run_now(job, player, sender, now)
        if not manual.may(sender, report) and request.method == "POST":
            raise PermissionDenied
        if request.method != "POST":
            return self._show(request, job, player, report)
        insists = manual.may_insist(sender, report) and "insist" in request.POST
        confirmed = _key(request.POST.get("key", "")) if insists else None
        if insists and confirmed is None:
            raise Http404
        try:
            done = manual.run_now(job, player, sender, now, dry=False, confirmed=confirmed)
        except NotRun as refused:
            messages.warning(request, str(refused))
            return self._show(request, job, player, report)
        if done.command is not None:
            messages.success(request, _("The command was given in your name."))
            return redirect("admin:devices_command_change", done.command.pk)
        assert done.episode is not None  # noqa: S101 (run_now began it, or raised)
        messages.success(request, _("It was begun: the job acts at its next turn."))
        return redirect("admin:jobs_episode_change", done.episode.pk)

    def _choose(self, request: HttpRequest, player: Player) -> HttpResponse:
        """Offer the jobs that watch the player."""
        found = watchers.jobs_of(person_of(request), player)
        context = {"player": player, "title": _("Run a job now"), "jobs": found}
        return self._page(request, "run_choose.html", context)

    def _show(self, request: HttpRequest, job: Job, player: Player, report: Report) -> HttpResponse:
        sender = sender_of(request)
        reads = person_of(request).may(Deed.PHONES, job.platform_id)
        order = report.order
        definition = job.criterion.definition if job.criterion is not None else {}
        context = {
            "title": _("Run a job now"),
            "job": job,
            "player": player,
            "report": report,
            "gates": [
                (gate_words.title(each.gate.value), _told(each), each.is_open)
                for each in report.verdicts
            ],
            "against": _told(report.against) if report.against is not None else None,
            "proof": _proof(report),
            "asked": definition,
            "device": order.wish.device if order is not None else None,
            "segments": order.wish.segments if order is not None else 0,
            "texts": [
                (
                    each.shown if reads else phones.masked_within(each.shown),
                    condition_words.span(each.after) if each.after else "",
                )
                for each in report.messages
            ],
            "may": manual.may(sender, report),
            "ready": _is_ready(report),
            "may_insist": manual.may_insist(sender, report) and order is not None,
            "key": uuid4(),
        }
        return self._page(request, "run.html", context)

    def _page(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        base = {**self.admin_site.each_context(request), "opts": self.opts}
        return TemplateResponse(request, f"{PAGES}{name}", {**base, **context})


def _told(verdict: Any) -> gate_words.Told:
    return gate_words.told(verdict.gate.value, verdict.detail)


def _is_ready(report: Report) -> bool:
    """Tell whether the job itself would act, so that nobody has to insist."""
    proven = report.proof is None or report.proof.verdict is Verdict.TRUE
    return report.against is None and proven and report.subject.job.mode != "shadow"


def _proof(report: Report) -> str:
    """Say what Prometheus says at this moment; "" where it is not asked."""
    proof = report.proof
    if proof is None:
        return ""
    if proof.verdict is Verdict.TRUE:
        return _("Prometheus says at this moment that the player is bad.")
    if proof.verdict is Verdict.FALSE:
        return _("Prometheus says at this moment that the player is well.")
    return _("Prometheus does not prove anything at this moment: %(why)s.") % {"why": proof.why}


def _player_or_404(request: HttpRequest, number: int) -> Player:
    rows = Player.objects.for_user(person_of(request), Deed.SEE)
    found: Player | None = rows.filter(pk=min(number, reach.LARGEST)).first()
    if found is None:
        raise Http404
    return found


def _job_or_404(request: HttpRequest, number: int, player: Player) -> Job:
    """Return a job of the player's platform that is in use."""
    rows = Job.objects.for_user(person_of(request), Deed.SEE).in_use()
    rows = rows.filter(platform=player.platform_id).select_related("platform", "criterion")
    found: Job | None = rows.filter(pk=number).first()
    if found is None:
        raise Http404
    return found


def _key(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None

"""The pages of one job: its form, what it would be about now, and what can be named in it.

Nothing is stored but by `saving.save`; what it refuses is said on the fields.
"""

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from jobs import definition, definition_checks, saving
from jobs.definition import Definition
from jobs.form_parts import Ground
from jobs.forms_of_jobs import ROWS, JobForm
from jobs.forms_of_rungs import RungsPart
from jobs.forms_of_targets import TargetsPart, search
from jobs.models import Job, Mode
from jobs.outdated import Outdated
from jobs.saving import DefinitionRefused
from platforms.audit import Actor
from platforms.models import Platform
from platforms.roles import Deed
from platforms.scoped_admin import LONGEST_SEARCH
from platforms.scoped_fields import person_of

from . import job_look
from .job_deeds import JobDeeds
from .job_deeds_on_many import LIST

PAGES = "admin/jobs/job/"
PAGE_OF_TARGETS = 20
MOST_PLATFORMS = 1000
#: Buttons that store; any other shows the page again with what was typed.
SAVES = frozenset({"_save", "_continue", "_live"})


class JobPages(JobDeeds):
    """The form of a job, which asks Prometheus and the ladder's commands while it is filled in."""

    def get_urls(self) -> list[URLPattern]:
        """Add them before the page of one job, which takes any word."""
        wrap = self.admin_site.admin_view
        return [
            path("look/", wrap(require_POST(self.look)), name="jobs_job_look"),
            path("targets/", wrap(self.targets), name="jobs_job_targets"),
            *super().get_urls(),
        ]

    # -- the form -------------------------------------------------------------------------------

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show the form, or the job to who may only look; store what was typed."""
        job: Job | None = self.row_or_404(request, object_id) if object_id else None
        may = self.has_change_permission(request, job) if job else self.has_add_permission(request)
        if not may and (job is None or request.method == "POST"):
            raise PermissionDenied
        platform = job.platform if job is not None else self._platform(request)
        if platform is None:
            return self._ask_for_platform(request)
        posted = request.POST if request.method == "POST" else None
        ground = self._ground(request, platform, job)
        form = JobForm(ground if may else replace(ground, deed=self.see_deed), posted)
        context: dict[str, Any] = {**(extra_context or {}), "may": may}
        if not may:
            form.disable()
        elif posted is not None and not SAVES.isdisjoint(posted):
            answer = self._save(request, form, job, context)
            if answer is not None:
                return answer
            context["tells"] = True
        elif posted is not None and "_look" in posted:
            form.is_valid()
            context["panel"] = self._panel(form.draft())
        return self._page(request, form, job, context)

    def _save(
        self, request: HttpRequest, form: JobForm, job: Job | None, context: dict[str, Any]
    ) -> HttpResponse | None:
        """Store the job and go on; None: something is wrong, or is to be confirmed."""
        valid, draft = form.is_valid(), form.draft()
        if not valid:
            form.tell(definition_checks.check(draft, form.ground.before))
            return None
        if "_live" not in request.POST and _begins_to_act(form.ground.before, draft):
            context |= {"confirm": True, "panel": self._panel(draft)}
            _ask_again_for_secrets(form)
            return None
        try:
            row = saving.save(draft, Actor.of_request(request), job, _seen(request))
        except DefinitionRefused as refused:
            form.tell(refused.errors)
            return None
        except Outdated as outdated:
            form.told += [
                str(outdated),
                _("Nothing was stored. Look at the job anew, or save again to overwrite it."),
            ]
            _ask_again_for_secrets(form)
            context["revision"] = job.revision if job is not None else None
            return None
        except Job.DoesNotExist:
            messages.error(request, _("The job was removed in the meantime."))
            return redirect(LIST)
        text = _("%(job)s was changed.") if job is not None else _("%(job)s was added.")
        messages.success(request, text % {"job": row})
        return self.back_to(row) if "_continue" in request.POST else redirect(LIST)

    def _page(
        self, request: HttpRequest, form: JobForm, job: Job | None, context: dict[str, Any]
    ) -> HttpResponse:
        targets = form["targets"]
        assert isinstance(targets, TargetsPart)  # noqa: S101 (the part of that name)
        buttons: Any = []
        if job is not None:
            allowed = self.get_actions_detail(request, str(job.pk))
            buttons = self._get_actions_navigation(self.actions_detail, allowed, str(job.pk))
        base = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": str(job) if job is not None else _("Add a job"),
            "original": job,
            "object_id": job.pk if job is not None else None,
            "form": form,
            "media": self.media + targets.media + form["schedule"].media,
            "platform": form.ground.platform,
            "look_at": reverse("admin:jobs_job_look"),
            "back": reverse(LIST),
            "actions_detail": buttons,
            "show_history": True,
            # What was typed is about the job as it was then: also where it is to be confirmed.
            "revision": _seen(request) or (job.revision if job is not None else None),
        }
        return TemplateResponse(request, f"{PAGES}form.html", {**base, **context})

    # -- its platform ---------------------------------------------------------------------------

    def _platform(self, request: HttpRequest) -> Platform | None:
        """Return the platform of a new job: the person's only one, or the one that was chosen."""
        rows = Platform.objects.for_user(person_of(request), self.write_deed)
        asked = request.POST.get("platform") or request.GET.get("platform")
        if not asked:
            own = list(rows[:2])
            return own[0] if len(own) == 1 else None
        chosen: Platform | None = rows.filter(pk=_number(asked)).first()
        if chosen is None:
            raise Http404
        return chosen

    def _ask_for_platform(self, request: HttpRequest) -> HttpResponse:
        rows = Platform.objects.for_user(person_of(request), self.write_deed).order_by("name")
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Add a job: on which platform?"),
            "platforms": rows[:MOST_PLATFORMS],
        }
        return TemplateResponse(request, f"{PAGES}platform.html", context)

    def _ground(self, request: HttpRequest, platform: Platform, job: Job | None) -> Ground:
        before = definition.of(job) if job is not None else None
        found_at = reverse("admin:jobs_job_targets")
        return Ground(person_of(request), platform, before, found_at)

    # -- beside the form ------------------------------------------------------------------------

    def look(self, request: HttpRequest) -> HttpResponse:
        """Answer a form that is being filled in: the panel beside it, or one of its parts anew."""
        asked = request.POST.get("job", "")
        job: Job | None = self.row_or_404(request, str(_number(asked))) if asked else None
        if job is not None and not self.has_change_permission(request, job):
            raise PermissionDenied
        if job is None and not self.has_add_permission(request):
            raise PermissionDenied
        platform = job.platform if job is not None else self._platform(request)
        if platform is None:
            raise Http404
        form = JobForm(self._ground(request, platform, job), request.POST)
        part = request.POST.get("part", "")
        if part in ROWS:
            context: dict[str, Any] = {"form": form, "may": True}
            answer = TemplateResponse(request, f"{PAGES}{part}.html", context)
        else:
            form.is_valid()
            answer = TemplateResponse(request, f"{PAGES}panel.html", self._panel(form.draft()))
        answer["X-Remosa-Look"] = "1"
        answer["Cache-Control"] = "no-store"
        return answer

    def _panel(self, draft: Definition) -> dict[str, Any]:
        panel = job_look.told(draft, timezone.now())
        look = panel["look"]
        return {**panel, "rows": list(job_look.rows(look, draft)) if look is not None else []}

    def targets(self, request: HttpRequest) -> JsonResponse:
        """Answer the boxes that look for what a job watches: rows of one platform alone."""
        if not person_of(request).may(Deed.FLEET):
            raise PermissionDenied
        platform = self._platform(request)
        sort = request.GET.get("of", "players")
        if platform is None or sort not in TargetsPart.sorts:
            raise Http404
        term = request.GET.get("term", "").strip()[:LONGEST_SEARCH]
        rows = search(self._ground(request, platform, None), sort, term)
        first = max(_number(request.GET.get("page", "")) - 1, 0) * PAGE_OF_TARGETS
        shown = list(rows[first : first + PAGE_OF_TARGETS + 1])
        results = [{"id": str(row.pk), "text": str(row)} for row in shown[:PAGE_OF_TARGETS]]
        more = len(shown) > PAGE_OF_TARGETS
        return JsonResponse({"results": results, "pagination": {"more": more}})


def _begins_to_act(before: Definition | None, draft: Definition) -> bool:
    """Tell whether the job acts by itself from now on, and did not until now."""
    acted = before is not None and before.enabled and before.mode is Mode.LIVE
    return draft.enabled and draft.mode is Mode.LIVE and not acted


def _ask_again_for_secrets(form: JobForm) -> None:
    """Say that a secret that was typed is not on the page that follows: the old one would stay."""
    rungs = form["rungs"]
    assert isinstance(rungs, RungsPart)  # noqa: S101 (the part of that name)
    if rungs.has_typed_secrets:
        form.told.append(_("Type the secret values of its commands again: no page keeps them."))


def _seen(request: HttpRequest) -> int | None:
    """Return the revision of the job that the person looked at."""
    return _number(request.POST.get("revision", "")) or None


def _number(text: str) -> int:
    """Return the positive number that a text is, as far as a database knows such; else 0."""
    known = text.isascii() and text.isdecimal() and len(text) < 19
    return int(text) if known else 0

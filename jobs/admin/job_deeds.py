"""Deeds on one job: copy, enable or disable, remove. Each asks before it is done."""

from typing import Any, ClassVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _, gettext_lazy
from unfold.decorators import action
from unfold.enums import ActionVariant

from jobs import saving
from jobs.models import Job
from jobs.outdated import Outdated
from jobs.saving import DefinitionRefused
from platforms.audit import Actor

from .agreed import SwitchForm, tell_refused
from .job_deeds_on_many import LIST, DeedsOnMany
from .scorecard_pages import ScorecardPages


class JobDeeds(DeedsOnMany, ScorecardPages):
    """What is done to a job beside changing what it is."""

    may_delete = False  # it is removed: its history stays
    actions_detail: ClassVar[Any] = ("scorecard", "copy_one", "switch_one", "remove_one")

    def has_write_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Ask the right to change the very job."""
        return self.has_change_permission(request, self.row_or_404(request, object_id))

    @action(
        description=gettext_lazy("Copy"),
        url_path="copy",
        icon="content_copy",
        permissions=["write"],
    )
    def copy_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask first; then go to the copy."""
        job = self.row_or_404(request, object_id)
        if request.method != "POST":
            text = _("The copy begins in shadow: it records what it would do, and sends nothing.")
            return self.ask(
                request, job, title=_("Copy this job?"), text=text, button=_("Make a copy")
            )
        try:
            made = saving.copy(job, Actor.of_request(request))
        except DefinitionRefused as refused:
            return self._refused(request, job, refused)
        messages.success(request, _("This is the copy. It is in shadow."))
        return self.back_to(made)

    @action(
        description=gettext_lazy("Enable or disable"),
        url_path="switch",
        icon="power_settings_new",
        permissions=["write"],
    )
    def switch_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask first; then turn it."""
        job = self.row_or_404(request, object_id)
        agreed = SwitchForm(request.POST) if request.method == "POST" else None
        if agreed is None or not agreed.is_valid():
            return self._ask_to_switch(request, job)
        enabled, seen = agreed.cleaned_data["enabled"], agreed.cleaned_data["seen"]
        try:
            # What was agreed to, whatever a second click or somebody else has done meanwhile.
            revisions = {job.pk: seen} if enabled else None
            saving.change([job], Actor.of_request(request), revisions, enabled=enabled)
        except (DefinitionRefused, Outdated) as refused:
            return self._refused(request, job, refused)
        done = _("The job is enabled.") if enabled else _("The job is disabled.")
        messages.success(request, done)
        return self.back_to(job)

    def _ask_to_switch(self, request: HttpRequest, job: Job) -> HttpResponse:
        if job.enabled:
            title, button = _("Disable this job?"), _("Disable")
            text = _("It then watches nothing, and its open episodes are closed.")
        else:
            title, button = _("Enable this job?"), _("Enable")
            text = _("It then watches again: %(mode)s.") % {"mode": job.get_mode_display()}
        form = SwitchForm(initial={"enabled": not job.enabled, "seen": job.revision})
        return self.ask(request, job, title=title, text=text, button=button, form=form)

    @action(
        description=gettext_lazy("Remove"),
        url_path="remove",
        icon="delete_sweep",
        permissions=["write"],
        variant=ActionVariant.DANGER,
    )
    def remove_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask first; then it is out of use."""
        job = self.row_or_404(request, object_id)
        if request.method != "POST":
            text = _("It watches and does nothing any more; what it did stays to be read.")
            return self.ask(
                request,
                job,
                title=_("Remove this job?"),
                text=text,
                button=_("Remove"),
                danger=True,
            )
        saving.remove(job, Actor.of_request(request))
        messages.success(request, _("%(job)s was removed.") % {"job": job})
        return redirect(LIST)

    def _refused(
        self, request: HttpRequest, job: Job, refused: DefinitionRefused | Outdated
    ) -> HttpResponse:
        tell_refused(request, job, refused)
        return self.back_to(job)

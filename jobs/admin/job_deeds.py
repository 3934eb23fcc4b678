"""Deeds on jobs: copy, enable and disable, how far they may go, remove. Of one and of many."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.admin import helpers
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _, gettext_lazy, ngettext
from unfold.decorators import action
from unfold.enums import ActionVariant

from jobs import saving
from jobs.models import Job, Mode
from jobs.saving import DefinitionRefused
from platforms.audit import Actor

from .scorecard_pages import ScorecardPages

MOST = 200  # at once: each is a transaction of its own
LIST = "admin:jobs_job_changelist"
Deed = Callable[[Job, Actor], object]


class ChosenForm(forms.Form):
    """What was chosen in the list, carried over the page that asks once more."""

    action = forms.CharField(widget=forms.HiddenInput)
    _selected_action = forms.MultipleChoiceField(widget=forms.MultipleHiddenInput)
    confirmed = forms.CharField(widget=forms.HiddenInput, initial="1")


class JobDeeds(ScorecardPages):
    """What is done to jobs beside changing what they are."""

    may_delete = False  # it is removed: its history stays
    actions: ClassVar[Any] = ("enable", "disable", "shadow", "approve", "live", "copy", "remove")
    actions_detail: ClassVar[Any] = ("scorecard", "copy_one", "switch_one", "remove_one")

    # -- of many --------------------------------------------------------------------------------

    @action(description=gettext_lazy("Enable"), permissions=["change"])
    def enable(self, request: HttpRequest, rows: models.QuerySet[Any]) -> HttpResponse | None:
        """Have them watch again; ask once more where some act by themselves then."""
        acting = self.writable(request, rows).filter(mode=Mode.LIVE, enabled=False)
        if "confirmed" not in request.POST and (live := list(acting[: MOST + 1])):
            text = _("From then on these of them send commands by themselves, without asking:")
            title, button = _("Enable these jobs?"), _("Enable")
            return self._ask_of_many(request, rows, title, text, button, live)
        self._change(request, rows, enabled=True)
        return None

    @action(description=gettext_lazy("Disable"), permissions=["change"])
    def disable(self, request: HttpRequest, rows: models.QuerySet[Any]) -> None:
        """Have them watch and do nothing."""
        self._change(request, rows, enabled=False)

    @action(description=gettext_lazy("Mode: shadow"), permissions=["change"])
    def shadow(self, request: HttpRequest, rows: models.QuerySet[Any]) -> None:
        """Have them record alone what they would do."""
        self._change(request, rows, mode=Mode.SHADOW)

    @action(description=gettext_lazy("Mode: a person approves"), permissions=["change"])
    def approve(self, request: HttpRequest, rows: models.QuerySet[Any]) -> None:
        """Have them ask a person before each action."""
        self._change(request, rows, mode=Mode.APPROVE)

    @action(description=gettext_lazy("Mode: live…"), permissions=["change"])
    def live(self, request: HttpRequest, rows: models.QuerySet[Any]) -> HttpResponse | None:
        """Ask once more; then they act by themselves."""
        if "confirmed" in request.POST:
            self._change(request, rows, mode=Mode.LIVE)
            return None
        text = _("From then on these jobs send commands by themselves, without asking anybody:")
        return self._ask_of_many(request, rows, _("Let these jobs act?"), text, _("Let them act"))

    @action(description=gettext_lazy("Copy"), permissions=["add"])
    def copy(self, request: HttpRequest, rows: models.QuerySet[Any]) -> None:
        """Make copies; they begin in shadow."""
        number = self._each(request, rows, saving.copy)
        text = ngettext(
            "%(number)d job was copied. The copy is in shadow.",
            "%(number)d jobs were copied. The copies are in shadow.",
            number,
        )
        messages.success(request, text % {"number": number})

    @action(description=gettext_lazy("Remove…"), permissions=["change"])
    def remove(self, request: HttpRequest, rows: models.QuerySet[Any]) -> HttpResponse | None:
        """Ask first; then they are out of use."""
        if "confirmed" not in request.POST:
            text = _("They watch and do nothing any more; what they did stays to be read:")
            return self._ask_of_many(request, rows, _("Remove these jobs?"), text, _("Remove"))
        number = self._each(request, rows, saving.remove)
        text = ngettext("%(number)d job was removed.", "%(number)d jobs were removed.", number)
        messages.success(request, text % {"number": number})
        return None

    def _change(self, request: HttpRequest, rows: models.QuerySet[Any], **values: Any) -> None:
        changed = 0

        def change(job: Job, actor: Actor) -> None:
            nonlocal changed
            changed += saving.change([job], actor, **values)

        self._each(request, rows, change)
        text = ngettext("%(number)d job was changed.", "%(number)d jobs were changed.", changed)
        messages.success(request, text % {"number": changed})

    def _each(self, request: HttpRequest, rows: models.QuerySet[Any], deed: Deed) -> int:
        """Do it to each that the person may change; say of which it was refused, and why."""
        chosen: list[Job] = list(
            self.writable(request, rows).select_related("platform")[: MOST + 1]
        )
        if len(chosen) > MOST:
            text = _("Choose at most %(most)d jobs at once.") % {"most": MOST}
            messages.error(request, text)
            return 0
        actor, done = Actor.of_request(request), 0
        for job in chosen:
            try:
                deed(job, actor)
            except DefinitionRefused as refused:
                why = " ".join(each for told in refused.errors.values() for each in told)
                text = _("%(job)s was left as it is: %(why)s")
                messages.error(request, text % {"job": job, "why": why})
            else:
                done += 1
        return done

    def _ask_of_many(
        self,
        request: HttpRequest,
        rows: models.QuerySet[Any],
        title: str,
        text: str,
        button: str,
        named: Sequence[Job] = (),
    ) -> HttpResponse:
        """Ask about what was chosen, and name all of it, or the jobs that matter most."""
        chosen = list(self.writable(request, rows)[: MOST + 1])
        form = ChosenForm(initial={"action": request.POST["action"]})
        form.initial[helpers.ACTION_CHECKBOX_NAME] = [job.pk for job in chosen]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "text": f"{text} {', '.join(map(str, named or chosen))}",
            "button": button,
            "danger": True,
            "form": form,
            "back": reverse(LIST),
        }
        return TemplateResponse(request, "platforms/confirm.html", context)

    # -- of one ---------------------------------------------------------------------------------

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
        if request.method != "POST":
            if job.enabled:
                title, button = _("Disable this job?"), _("Disable")
                text = _("It then watches nothing, and its open episodes are closed.")
            else:
                title, button = _("Enable this job?"), _("Enable")
                text = _("It then watches again: %(mode)s.") % {"mode": job.get_mode_display()}
            return self.ask(request, job, title=title, text=text, button=button)
        try:
            saving.change([job], Actor.of_request(request), enabled=not job.enabled)
        except DefinitionRefused as refused:
            return self._refused(request, job, refused)
        done = _("The job is disabled.") if job.enabled else _("The job is enabled.")
        messages.success(request, done)
        return self.back_to(job)

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

    def _refused(self, request: HttpRequest, job: Job, refused: DefinitionRefused) -> HttpResponse:
        why = " ".join(each for told in refused.errors.values() for each in told)
        text = _("%(job)s was left as it is: %(why)s")
        messages.error(request, text % {"job": job, "why": why})
        return self.back_to(job)

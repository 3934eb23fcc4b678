"""Deeds on the jobs that were chosen in the list: each by itself, and what was refused is told."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.admin import helpers
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy, ngettext
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextInputWidget

from devices.admin.reach import sender_of
from devices.pauses import PauseRefused
from jobs import job_pauses, saving
from jobs.models import Job, JobPause, Mode
from jobs.outdated import Outdated
from jobs.saving import DefinitionRefused
from platforms.audit import Actor
from platforms.scoped_admin import ScopedModelAdmin

from .agreed import SEEN, revisions, stamps, tell_refused

MOST = 200  # at once: each is a transaction of its own
LIST = "admin:jobs_job_changelist"
Deed = Callable[[Job, Actor], object]


class AnyOfThem(forms.MultipleChoiceField):
    """Ids of rows; which of them the person may change, the list itself asks."""

    def valid_value(self, value: Any) -> bool:
        """Take any."""
        return True


class ChosenForm(forms.Form):
    """What was chosen in the list, carried over the page that asks once more."""

    action = forms.CharField(widget=forms.HiddenInput)
    _selected_action = AnyOfThem(widget=forms.MultipleHiddenInput)
    confirmed = forms.CharField(widget=forms.HiddenInput, initial="1")
    seen = AnyOfThem(required=False, widget=forms.MultipleHiddenInput)


class PauseForm(ChosenForm):
    """Why the chosen jobs are to act on nothing, and until when."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=JobPause._meta.get_field("reason").max_length,
        widget=UnfoldAdminTextInputWidget({"placeholder": gettext_lazy("New panels are put up")}),
    )
    expires_at = forms.DateTimeField(
        label=gettext_lazy("Until"),
        required=False,
        help_text=gettext_lazy("Empty: until somebody lifts it."),
        widget=UnfoldAdminTextInputWidget({"type": "datetime-local"}),
    )


class DeedsOnMany(ScopedModelAdmin):
    """The actions of the list."""

    actions: ClassVar[Any] = (
        "enable", "disable", "pause", "shadow", "approve", "live", "copy", "remove",
    )  # fmt: skip

    @action(description=gettext_lazy("Enable"), permissions=["change"])
    def enable(self, request: HttpRequest, rows: models.QuerySet[Any]) -> HttpResponse | None:
        """Have them watch again; ask once more where some act by themselves then."""
        acting = self.writable(request, rows).filter(mode=Mode.LIVE, enabled=False)
        if "confirmed" not in request.POST and (live := list(acting[: MOST + 1])):
            text = _("From then on these of them send commands by themselves, without asking:")
            title, button = _("Enable these jobs?"), _("Enable")
            return self._ask_of_many(request, rows, title, text, button, live)
        # Those that were not asked about are no live ones; whoever made one live is told of it.
        self._change(request, rows, as_agreed=True, enabled=True)
        return None

    @action(description=gettext_lazy("Disable"), permissions=["change"])
    def disable(self, request: HttpRequest, rows: models.QuerySet[Any]) -> None:
        """Have them watch and do nothing."""
        self._change(request, rows, enabled=False)

    @action(description=gettext_lazy("Pause…"), permissions=["change"])
    def pause(self, request: HttpRequest, rows: models.QuerySet[Any]) -> HttpResponse | None:
        """Ask why and until when; then they go on watching, and act on nothing."""
        form = PauseForm(request.POST) if "confirmed" in request.POST else None
        if form is not None and form.is_valid() and self._pause(request, rows, form):
            return None
        text = _("They go on watching and act on nothing until then:")
        title, button = _("Pause these jobs?"), _("Pause")
        return self._ask_of_many(request, rows, title, text, button, form=form or PauseForm())

    def _pause(self, request: HttpRequest, rows: models.QuerySet[Any], form: PauseForm) -> bool:
        """Begin the pauses, all or none; put why not on the form."""
        chosen = list(self.writable(request, rows)[: MOST + 1])
        if self._are_too_many(request, chosen):
            return True
        told = form.cleaned_data
        try:
            begun = job_pauses.begin(
                sender_of(request), chosen, told["reason"], told["expires_at"], timezone.now()
            )
        except PauseRefused as refused:
            form.add_error(None, str(refused))
            return False
        text = ngettext("%(number)d job is paused.", "%(number)d jobs are paused.", len(begun))
        messages.success(request, text % {"number": len(begun)})
        return True

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
            self._change(request, rows, as_agreed=True, mode=Mode.LIVE)
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

    def _change(
        self,
        request: HttpRequest,
        rows: models.QuerySet[Any],
        *,
        as_agreed: bool = False,
        **values: Any,
    ) -> None:
        """Give them values; where they were asked about, only as they were then."""
        seen = revisions(request) if as_agreed and "confirmed" in request.POST else None
        changed = 0

        def change(job: Job, actor: Actor) -> None:
            nonlocal changed
            changed += saving.change([job], actor, seen, **values)

        self._each(request, rows, change)
        text = ngettext("%(number)d job was changed.", "%(number)d jobs were changed.", changed)
        messages.success(request, text % {"number": changed})

    def _each(self, request: HttpRequest, rows: models.QuerySet[Any], deed: Deed) -> int:
        """Do it to each that the person may change; say of which it was refused, and why."""
        chosen: list[Job] = list(
            self.writable(request, rows).select_related("platform")[: MOST + 1]
        )
        if self._are_too_many(request, chosen):
            return 0
        actor, done = Actor.of_request(request), 0
        for job in chosen:
            try:
                deed(job, actor)
            except (DefinitionRefused, Outdated) as refused:
                tell_refused(request, job, refused)
            else:
                done += 1
        return done

    def _are_too_many(self, request: HttpRequest, chosen: Sequence[Job]) -> bool:
        if len(chosen) > MOST:
            messages.error(request, _("Choose at most %(most)d jobs at once.") % {"most": MOST})
        return len(chosen) > MOST

    def _ask_of_many(
        self,
        request: HttpRequest,
        rows: models.QuerySet[Any],
        title: str,
        text: str,
        button: str,
        named: Sequence[Job] = (),
        form: ChosenForm | None = None,
    ) -> HttpResponse:
        """Ask about what was chosen, and name all of it, or the jobs that matter most."""
        chosen = list(self.writable(request, rows)[: MOST + 1])
        form = form or ChosenForm()
        form.initial["action"] = request.POST["action"]
        form.initial[helpers.ACTION_CHECKBOX_NAME] = [job.pk for job in chosen]
        form.initial[SEEN] = stamps(chosen)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "text": f"{text} {', '.join(map(str, named or chosen))}",
            "button": button,
            "danger": not isinstance(form, PauseForm),
            "form": form,
            "back": reverse(LIST),
        }
        return TemplateResponse(request, "platforms/confirm.html", context)

"""Pauses of jobs: which last, who began them and why; beginning one from its job, lifting it."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, gettext_lazy

from devices.admin import reach
from devices.admin.reach import sender_of
from devices.admin.stops import LastingFilter, StopsAdmin
from jobs import job_pauses
from jobs.forms_of_pauses import JobPauseForm
from jobs.models import Job, JobPause
from platforms.admin.filters import PlatformFilter, several_platforms
from platforms.roles import Deed
from platforms.scoped_fields import person_of

from .episode_filters import JobFilter
from .long_cells import sentence


@admin.register(JobPause)
class JobPauseAdmin(StopsAdmin):
    """Everybody sees which jobs stand still and why; who commands every socket pauses them."""

    write_deed: ClassVar[Deed] = Deed.SEND
    form = JobPauseForm
    list_filter = (LastingFilter, JobFilter, PlatformFilter)
    list_select_related = ("platform", "job")
    list_display_links = ("why",)
    search_fields = ("reason", "author_name", "job__name")
    ordering = ("-pk",)
    asked = ("job", "reason", "expires_at")
    what = "of_job"

    def get_list_display(self, request: HttpRequest) -> Any:
        """Name the platform only where there are several."""
        own = ["why", "of_job", "state", "author_name", "created_at", "expires_at"]
        return [*own, "platform"] if several_platforms(request) else own

    def get_form(
        self,
        request: HttpRequest,
        obj: models.Model | None = None,
        change: bool = False,
        **kwargs: Any,
    ) -> type[forms.ModelForm[Any]]:
        """Give the form its person; offer the jobs that are in use."""
        form = super().get_form(request, obj, change=change, **kwargs)
        form.sender = sender_of(request)  # type: ignore[attr-defined]
        job: Any = form.base_fields.get("job")
        if job is not None:
            for link in ("add", "change", "delete", "view"):
                setattr(job.widget, f"can_{link}_related", False)
            job.queryset = job.queryset.in_use().order_by("name", "pk")
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Take the job from the address, where it is one of the person's."""
        asked = reach.numbers([request.GET.get("job", "")])
        rows = Job.objects.for_user(person_of(request), self.write_deed).in_use()
        found = rows.filter(pk__in=asked).first()
        return {"job": found.pk} if found else {}

    def save_model(
        self, request: HttpRequest, obj: Any, form: forms.ModelForm[Any], change: bool
    ) -> None:
        """Let the stage begin it."""
        values = form.cleaned_data
        (begun,) = job_pauses.begin(
            sender_of(request),
            [values["job"]],
            values["reason"],
            values["expires_at"],
            timezone.now(),
        )
        obj.pk, obj.created_at, obj.platform = begun.pk, begun.created_at, begun.platform
        obj._state.adding = False

    # -- words ----------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("job"))
    def of_job(self, pause: JobPause) -> SafeString:
        """Return the job in the reader's language."""
        return sentence(pause.job)

    @admin.display(description=gettext_lazy("reason"), ordering="reason")
    def why(self, pause: JobPause) -> SafeString:
        """Return the reason, however long."""
        return sentence(pause.reason)

    # -- lifting --------------------------------------------------------------------------------

    def may_lift(self, request: HttpRequest, stop: JobPause) -> bool:
        """Who could begin it may lift it."""
        return job_pauses.may(sender_of(request), stop.job)

    def end(self, request: HttpRequest, stop: JobPause) -> None:
        """Let the stage lift it."""
        job_pauses.lift(stop, sender_of(request), timezone.now())

    def question(self, stop: JobPause) -> str:
        """The job acts again from then."""
        details = {"job": stop.job, "reason": stop.reason}
        return _("%(job)s: %(reason)s. The job acts again from then.") % details

"""Jobs: the list. The page of one of them stands in job_pages.py."""

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter

from exporters.templatetags.devices import local
from jobs.models import Job
from platforms.admin.filters import PlatformFilter, several_platforms

from . import job_list
from .job_pages import JobPages


@admin.register(Job)
class JobAdmin(JobPages):
    """Members see their platforms' jobs; administrators and managers make and change them."""

    search_fields = ("shown_name", "description")
    search_help_text = _("A part of the name or of the description")
    list_filter = (
        PlatformFilter,
        ("mode", ChoicesDropdownFilter),
        ("trigger", ChoicesDropdownFilter),
        job_list.NowFilter,
        ("severity", ChoicesDropdownFilter),
        ("enabled", BooleanRadioFilter),
    )
    list_display_links = ("title",)
    list_select_related = ("platform",)

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {
            "all": ("remosa/devices.css", "remosa/jobs.css")
        }

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Leave out what was removed, and name the others in the reader's language."""
        rows: Any = super().get_queryset(request)
        found: models.QuerySet[Any] = rows.in_use().with_shown_name()
        return found

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Order by what the reader calls them."""
        return job_list.JobChangeList

    def get_list_display(self, request: HttpRequest) -> Any:
        """Name the platform only where there are several."""
        shown = ["title", "how_far", "states", "last_action", "next_run"]
        return [*shown, "platform"] if several_platforms(request) else shown

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Fetch what a page needs besides its rows, for all of them at once."""
        changelist = super().get_changelist_instance(request)
        changelist.result_list = job_list.furnish(changelist.result_list)
        return changelist

    @admin.display(description=_("name"), ordering="shown_name")
    def title(self, job: Any) -> str:
        """Return the name in the reader's language."""
        name: str = job.shown_name
        return name

    @admin.display(description=_("mode"), ordering="mode")
    def how_far(self, job: Job) -> SafeString:
        """Return how far it may go, or that it is disabled."""
        return job_list.mode_badge(job)

    @admin.display(description=_("players"))
    def states(self, job: Job) -> SafeString | str:
        """Return how many players are in which state."""
        return job_list.states(job)

    @admin.display(description=_("last action"))
    def last_action(self, job: Job) -> SafeString | str:
        """Return what it did last."""
        return job_list.last_action(job, timezone.now())

    @admin.display(description=_("next run"), ordering="due_at")
    def next_run(self, job: Job) -> str:
        """Return when a schedule runs next."""
        return local(job.due_at)

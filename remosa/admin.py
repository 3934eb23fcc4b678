"""The pages of the clock's plan: how often each tick comes. Superadmins alone; no task is added."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils import translation
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)

from platforms.roles import Deed
from platforms.scoped_admin import ScopedModelAdmin
from platforms.scoped_fields import person_of

_translated = lazy(translation.gettext, str)  # of a title that stands in a row

# Their own pages are not scoped, know no audit, and let any task be run with any values.
for model in (ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule):
    admin.site.unregister(model)


class _OfTheInstallation(ScopedModelAdmin):
    """Rows of a package that knows no platforms: superadmins reach all, others none."""

    see_deed: ClassVar[Deed] = Deed.OWN
    write_deed: ClassVar[Deed] = Deed.OWN
    may_delete = False
    actions = None

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return everything to a superadmin."""
        rows: models.QuerySet[Any] = self.model._default_manager.all()
        return rows if person_of(request).reaches_every_platform(Deed.OWN) else rows.none()


@admin.register(PeriodicTask)
class PlanAdmin(_OfTheInstallation):
    """What stands in remosa/timetable.py; a person says how often, or switches it off."""

    may_add = False
    list_display = ("title", "enabled", "interval", "last_run_at")
    list_select_related = ("interval",)
    ordering = ("pk",)
    fields = ("title", "task", "enabled", "interval", "expire_seconds", "last_run_at")
    readonly_fields = ("title", "task", "expire_seconds", "last_run_at")

    @admin.display(description=gettext_lazy("what"), ordering="description")
    def title(self, row: PeriodicTask) -> str:
        """Return what it is for, in the reader's language."""
        return str(_translated(row.description)) if row.description else str(row.name)

    def get_form(self, *args: Any, **options: Any) -> Any:
        """Demand an interval: without one the clock would know no time for it."""
        form = super().get_form(*args, **options)
        if "interval" in form.base_fields:
            form.base_fields["interval"].required = True
        return form


@admin.register(IntervalSchedule)
class IntervalAdmin(_OfTheInstallation):
    """Spans to choose from. One that is there stays as it is: several ticks may have it."""

    may_change = False
    list_display = ("__str__",)
    fields = ("every", "period")

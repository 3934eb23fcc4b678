"""Maintenance windows: when jobs keep still over what; planned after a look at what it covers."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, gettext_lazy
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from jobs import window_words, windows, zones
from jobs.models import MaintenanceWindow
from platforms.admin.filters import PlatformFilter, several_platforms
from platforms.roles import Deed

from .long_cells import sentence
from .window_pages import WindowPages


class WindowStateFilter(DropdownFilter):
    """Narrows the list to windows that last or may still come, or to those that were taken back."""

    title = gettext_lazy("state")
    parameter_name = "of_state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer what matters first."""
        return [("to_come", _("Lasts or is to come")), ("cancelled", _("Cancelled"))]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        """Keep those of the chosen state."""
        rows: Any = queryset
        if self.value() == "to_come":
            kept: models.QuerySet[Any] = rows.to_come(timezone.now())
            return kept
        if self.value() == "cancelled":
            return queryset.filter(cancelled_at__isnull=False)
        return queryset


@admin.register(MaintenanceWindow)
class WindowAdmin(WindowPages):
    """Everybody sees the windows of the own platforms; who commands every socket plans them."""

    write_deed: ClassVar[Deed] = Deed.SEND
    list_filter = (WindowStateFilter, PlatformFilter)
    list_select_related = (
        "platform", "exporter", "site", "player__site", "job",
    )  # fmt: skip
    list_display_links = ("called",)
    search_fields = ("name", "author_name")
    ordering = ("-starts_at", "-pk")
    actions = None

    def get_list_display(self, request: HttpRequest) -> Any:
        """Name the platform only where there are several."""
        own = ["called", "state", "times", "over_what", "author_name"]
        return [*own, "platform"] if several_platforms(request) else own

    @admin.display(description=gettext_lazy("name"), ordering="name")
    def called(self, row: MaintenanceWindow) -> SafeString:
        """Return its name, however long."""
        return sentence(row.name)

    @display(
        description=gettext_lazy("state"),
        label={"lasts": "warning", "to_come": "info", "over": "", "cancelled": ""},
    )
    def state(self, row: MaintenanceWindow) -> tuple[str, str]:
        """Return whether it holds anything back now."""
        if row.cancelled_at is not None:
            return "cancelled", _("cancelled")
        now, zone = timezone.now(), zones.of_window(row)
        if windows.lasting(row.times, zone, now) is not None:
            return "lasts", _("lasts")
        if windows.coming(row.times, zone, now) is None:
            return "over", _("over")
        return "to_come", _("to come")

    @admin.display(description=gettext_lazy("when"), ordering="starts_at")
    def times(self, row: MaintenanceWindow) -> SafeString:
        """Return when it lasts by the clock of its place, with the zone."""
        zone = zones.of_window(row)
        return sentence(f"{window_words.times(row.times, zone)} ({zone.key})")

    @admin.display(description=gettext_lazy("what it is over"))
    def over_what(self, row: MaintenanceWindow) -> SafeString:
        """Return what it holds back."""
        parts = [str(each) for each in (row.exporter, row.site, row.player, row.job) if each]
        return sentence(" · ".join(parts) or _("the whole platform"))

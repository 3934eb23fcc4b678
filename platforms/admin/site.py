"""Places with players."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from platforms.models import Site
from platforms.scoped_admin import ScopedModelAdmin

from .filters import PlatformFilter, several_platforms


@admin.register(Site)
class SiteAdmin(ScopedModelAdmin):
    """Everybody sees the sites; administrators and managers change them."""

    fields = ("platform", "name", "address", "time_zone")
    search_fields = ("name", "address")
    list_filter = (PlatformFilter,)
    list_select_related = ("platform",)

    def get_list_display(self, request: HttpRequest) -> Any:
        """Name the platform only where there are several."""
        own = ["name", "address", "time_zone"]
        return [*own, "platform"] if several_platforms(request) else own

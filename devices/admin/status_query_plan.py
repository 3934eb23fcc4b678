"""How often the sockets of platforms are asked for their state, and what that may cost."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from devices.models import StatusQueryPlan
from platforms.admin.filters import several_platforms
from platforms.scoped_admin import ScopedModelAdmin


@admin.register(StatusQueryPlan)
class StatusQueryPlanAdmin(ScopedModelAdmin):
    """One row a platform, made when its sockets are first asked; who manages it changes the row."""

    may_add = False
    may_delete = False
    list_select_related = ("platform",)
    fields = ("platform", "days", "share", "day_used", "month_used")
    search_fields = ("platform__name",)

    def get_list_display(self, request: HttpRequest) -> Any:
        """Name the platform only where there are several."""
        own = ["days", "share", "day_used", "month_used"]
        return ["platform", *own] if several_platforms(request) else own

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Count what was asked; nobody types it."""
        return [*super().get_readonly_fields(request, obj), "day_used", "month_used"]

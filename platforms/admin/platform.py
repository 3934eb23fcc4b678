"""The tenants: superadmins set the limits, members read them."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import BooleanRadioFilter

from platforms.models import Platform
from platforms.registry import usage_of_limits
from platforms.roles import Deed
from platforms.scoped_admin import ScopedModelAdmin
from platforms.scoped_fields import person_of

LIMITS = ("players_limit", "sockets_limit", "sms_limit_day", "sms_limit_month")


def used_of(platform: Platform, limit: str) -> str:
    """Return `used of limit` for a page; only the limit where nothing counts the use yet."""
    allowed = getattr(platform, limit)
    used = getattr(platform, f"used_{limit}", None)
    most = _("unlimited") if allowed is None else allowed
    if used is None:
        return str(most)
    full = allowed is not None and used >= allowed
    return format_html(
        '<span class="{}">{} / {}</span>',
        "font-semibold text-red-700 dark:text-red-400" if full else "",
        used,
        most,
    )


@admin.register(Platform)
class PlatformAdmin(ScopedModelAdmin):
    """Each member sees the own platform, read-only, with its limits and what is used of them."""

    write_deed: ClassVar[Deed] = Deed.OWN
    search_fields = ("name", "description")
    list_filter = (("active", BooleanRadioFilter),)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Count what each platform uses of its limits, in the same query."""
        counters = {f"used_{limit}": make() for limit, make in usage_of_limits.items()}
        counted: models.QuerySet[Any] = super().get_queryset(request).annotate(**counters)
        return counted

    def get_list_display(self, request: HttpRequest) -> Any:
        """Leave the switch to superadmins: members see active platforms alone."""
        own = ["name", "time_zone", "players"]
        return [*own, "active"] if person_of(request).may(Deed.OWN) else own

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Members see active platforms alone."""
        return self.list_filter if person_of(request).may(Deed.OWN) else ()

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Show the use beside the limits of a platform that exists."""
        about = ("name", "description", "time_zone", "active")
        limits = [
            name
            for limit in LIMITS
            for name in (limit, f"used_{limit}")
            if name == limit or (limit in usage_of_limits and obj is not None)
        ]
        return ((None, {"fields": about}), (_("Limits"), {"fields": limits}))

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """The use is counted, never typed."""
        counted = [f"used_{limit}" for limit in usage_of_limits]
        return [*super().get_readonly_fields(request, obj), *counted]

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Let whoever may delete a platform delete its tokens and invitations with it."""
        to_delete, counts, _lacking, protected = super().get_deleted_objects(objs, request)
        return to_delete, counts, set(), protected

    @admin.display(description=_("players"))
    def players(self, platform: Platform) -> str:
        """Return how many players of how many."""
        return used_of(platform, "players_limit")

    @admin.display(description=_("players used"))
    def used_players_limit(self, platform: Platform) -> str:
        """Return how many players of how many."""
        return used_of(platform, "players_limit")

    @admin.display(description=_("sockets used"))
    def used_sockets_limit(self, platform: Platform) -> str:
        """Return how many sockets of how many."""
        return used_of(platform, "sockets_limit")

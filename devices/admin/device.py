"""Sockets: the list, and the form of one of them."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from devices.models import Device
from platforms.admin.filters import PlatformFilter, several_platforms
from platforms.scoped_admin import ScopedModelAdmin


@admin.register(Device)
class DeviceAdmin(ScopedModelAdmin):
    """Members see their platforms' sockets; administrators and managers change them."""

    may_delete = False  # a socket is taken out of use; its history stays
    search_fields = ("name", "site__name")
    list_filter = (PlatformFilter,)
    list_select_related = ("platform", "model", "site")
    fields = ("platform", "model", "name", "site", "enabled", "reset_only", "notes")

    def get_list_display(self, request: HttpRequest) -> Any:
        """Name the platform only where there are several."""
        own = ["name", "model", "site", "enabled"]
        return [*own, "platform"] if several_platforms(request) else own

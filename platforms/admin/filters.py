"""List filters whose choices are the person's own platforms."""

from typing import Any

from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from platforms.models import Platform
from platforms.scoped_admin import person_of


class PlatformFilter(DropdownFilter):
    """Narrows a list to one platform; hidden from whoever has a single one."""

    title = _("platform")
    parameter_name = "of_platform"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the platforms that the person may see."""
        rows = Platform.objects.for_user(person_of(request)).order_by("name")
        choices = [(str(pk), name) for pk, name in rows.values_list("pk", "name")]
        return choices if len(choices) > 1 else []

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        """Keep the rows of the chosen platform; a foreign one leaves nothing."""
        value = self.value()
        if not value:
            return queryset
        return queryset.filter(platform_id=int(value)) if value.isdecimal() else queryset.none()


def several_platforms(request: HttpRequest) -> bool:
    """Tell whether the person has to be told to which platform a row belongs."""
    return Platform.objects.for_user(person_of(request))[:2].count() > 1

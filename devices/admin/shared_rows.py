"""Admin of rows that belong to a platform or to all of them: who may change which.

A row of no platform is a superadmin's; everybody else makes rows of an own platform.
"""

from typing import Any

from django import forms
from django.db import models
from django.http import HttpRequest

from platforms.models import Platform
from platforms.scoped_admin import ScopedModelAdmin
from platforms.scoped_fields import person_of


class SharedRowsAdmin(ScopedModelAdmin):
    """Puts the platform of a shared row right, and keeps those of all platforms for superadmins."""

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Ask for every platform where the row belongs to all of them."""
        return super().has_change_permission(request, obj) and self._reaches(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Ask for every platform where the row belongs to all of them."""
        return super().has_delete_permission(request, obj) and self._reaches(request, obj)

    def _reaches(self, request: HttpRequest, obj: models.Model | None) -> bool:
        if obj is None or getattr(obj, "platform_id", None) is not None:
            return True
        return person_of(request).reaches_every_platform(self.write_deed)

    def own_platforms(self, request: HttpRequest) -> list[Platform]:
        """Return the first platforms on which the person may make such a row."""
        return list(Platform.objects.for_user(person_of(request), self.write_deed)[:2])

    def get_form(
        self,
        request: HttpRequest,
        obj: models.Model | None = None,
        change: bool = False,
        **kwargs: Any,
    ) -> type[forms.ModelForm[Any]]:
        """Let nobody but superadmins leave the platform empty."""
        form = super().get_form(request, obj, change=change, **kwargs)
        field = form.base_fields.get("platform")
        if field is not None and not person_of(request).reaches_every_platform(self.write_deed):
            field.required = True
            field.help_text = ""
            own = self.own_platforms(request)
            if len(own) == 1:
                field.initial = own[0].pk
        for link in ("add", "change", "delete", "view"):
            if field is not None:
                setattr(field.widget, f"can_{link}_related", False)
        return form

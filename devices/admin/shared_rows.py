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

    def only_platform(self, request: HttpRequest) -> Platform | None:
        """Return the platform of a new row where the person has no choice."""
        person = person_of(request)
        if person.reaches_every_platform(self.write_deed):
            return None
        own = list(Platform.objects.for_user(person, self.write_deed)[:2])
        return own[0] if len(own) == 1 else None

    def without_given_platform(
        self, request: HttpRequest, obj: models.Model | None, blocks: Any
    ) -> Any:
        """Return the blocks of fields less the platform, where the person has no choice."""
        if obj is not None or self.only_platform(request) is None:
            return blocks
        return [
            (title, {**block, "fields": [name for name in block["fields"] if name != "platform"]})
            for title, block in blocks
        ]

    def get_form(
        self,
        request: HttpRequest,
        obj: models.Model | None = None,
        change: bool = False,
        **kwargs: Any,
    ) -> type[forms.ModelForm[Any]]:
        """Let nobody but superadmins leave the platform empty."""
        form = super().get_form(request, obj, change=change, **kwargs)
        form.only = self.only_platform(request) if obj is None else None  # type: ignore[attr-defined]
        field = form.base_fields.get("platform")
        if field is not None and not person_of(request).reaches_every_platform(self.write_deed):
            field.required = True
            field.help_text = ""
        for link in ("add", "change", "delete", "view"):
            if field is not None:
                setattr(field.widget, f"can_{link}_related", False)
        return form

"""The only base of admin inlines: rows, choices and rights within the person's platforms."""

from typing import Any, ClassVar

from django.contrib.admin.options import InlineModelAdmin
from django.db import models
from django.http import HttpRequest
from unfold.admin import TabularInline

from .roles import Deed
from .scoped_fields import ScopedFields, person_of, platform_id_of


class ScopedInline(ScopedFields, InlineModelAdmin):  # type: ignore[type-arg]
    """What the inlines share: rows and choices within the person's platforms."""

    see_deed: ClassVar[Deed] = Deed.SEE

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return the rows of the platforms where the person may see this model."""
        rows: Any = super().get_queryset(request)
        scoped: models.QuerySet[Any] = rows.for_user(person_of(request), self.see_deed)
        return scoped

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Ask the see deed on the parent's platform."""
        return person_of(request).may(self.see_deed, platform_id_of(obj))

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Ask the write deed on the parent's platform."""
        return person_of(request).may(self.write_deed, platform_id_of(obj))

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Ask the write deed on the parent's platform."""
        return person_of(request).may(self.write_deed, platform_id_of(obj))

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Ask the write deed on the parent's platform."""
        return person_of(request).may(self.write_deed, platform_id_of(obj))


class ScopedTabularInline(ScopedInline, TabularInline):
    """A scoped inline in rows."""

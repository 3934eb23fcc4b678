"""What admin classes and inlines share: who asks, and relations that offer reachable rows alone."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest

from .models import Platform, User
from .roles import Deed


def person_of(request: HttpRequest) -> User:
    """Return the person behind an admin request; the admin lets nobody else in."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def platform_id_of(obj: models.Model | None) -> int | None:
    """Return the platform that a row belongs to; a platform belongs to itself."""
    if isinstance(obj, Platform):
        return obj.pk
    return getattr(obj, "platform_id", None)


class ScopedFields:
    """Narrows the choices of relations to rows that the person may use for this deed."""

    write_deed: ClassVar[Deed] = Deed.FLEET

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField[Any] | None:
        """Offer only reachable rows; a posted id of another platform is no valid choice."""
        kwargs["queryset"] = self._choices(db_field, request, kwargs.get("queryset"))
        field: forms.ModelChoiceField[Any] | None = super().formfield_for_foreignkey(  # type: ignore[misc]
            db_field, request, **kwargs
        )
        return field

    def formfield_for_manytomany(
        self, db_field: models.ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.ModelMultipleChoiceField[Any] | None:
        """Offer only reachable rows."""
        kwargs["queryset"] = self._choices(db_field, request, kwargs.get("queryset"))
        field: forms.ModelMultipleChoiceField[Any] | None = super().formfield_for_manytomany(  # type: ignore[misc]
            db_field, request, **kwargs
        )
        return field

    def _choices(
        self, db_field: Any, request: HttpRequest, queryset: models.QuerySet[Any] | None
    ) -> Any:
        rows: Any = queryset if queryset is not None else db_field.related_model._default_manager
        if not hasattr(rows.all(), "for_user"):
            return rows.all() if person_of(request).is_superuser else rows.none()
        return rows.all().for_user(person_of(request), self.write_deed)
